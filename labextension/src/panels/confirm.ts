import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Ask before much is lost; resolves to whether the person means it. */
export async function isMeant(title: string, deed: string, trans: TranslationBundle): Promise<boolean> {
  const { button } = await showDialog({
    title,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label: deed })]
  });
  return button.accept;
}
