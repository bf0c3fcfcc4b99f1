import type { TranslationBundle } from '@jupyterlab/translation';

/** What texts are translated with. */
export type Words = Pick<TranslationBundle, '__' | '_n'>;

/** Texts as they are written, until the page says which language it speaks, or where no page does. */
export const asWritten: Words = {
  __: (text, ...given) => filled(text, given),
  _n: (one, several, count, ...given: unknown[]) => filled(count === 1 ? one : several, [count, ...given])
};

function filled(text: string, given: readonly unknown[]): string {
  return text.replace(/%(\d+)/g, (_, place: string) => String(given[Number(place) - 1]));
}
