/** How values of cells are written. */

const LONGEST_LIST = 8;

/** Write a value of an Arrow column for people. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'number') {
    return formatNumber(value);
  }
  if (typeof value === 'string') {
    return value;
  }
  if (typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value);
  }
  if (value instanceof Date) {
    return value.toISOString().replace('.000Z', 'Z');
  }
  if (value instanceof Uint8Array) {
    return `${value.length} B`;
  }
  if (isIterable(value)) {
    const all = [...value];
    const shown = all.slice(0, LONGEST_LIST).map(formatValue);
    return `[${shown.join(', ')}${all.length > LONGEST_LIST ? ', …' : ''}]`;
  }
  return JSON.stringify(value);
}

/** As many digits as tell it from its neighbours, but no noise of single precision. */
function formatNumber(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) {
    return String(value);
  }
  const single = Number(value.toPrecision(7));
  return String(Math.fround(single) === value ? single : Number(value.toPrecision(15)));
}

/** Degrees as hours (of right ascension) or degrees, with minutes and seconds. */
export function formatSexagesimal(degrees: number, kind: 'ra' | 'dec'): string {
  const digits = kind === 'ra' ? 2 : 1;
  const perSecond = 10 ** digits;
  const seconds = Math.abs(degrees) * (kind === 'ra' ? 240 : 3600);
  // Counted in the smallest part that is shown, so that 59.999 s is carried over.
  const parts = Math.round(seconds * perSecond);
  const whole = Math.floor(parts / (3600 * perSecond));
  const minutes = Math.floor(parts / (60 * perSecond)) % 60;
  const rest = ((parts % (60 * perSecond)) / perSecond).toFixed(digits);
  const written = [kind === 'ra' ? whole % 24 : whole, minutes].map(part => String(part).padStart(2, '0'));
  const sign = kind === 'ra' ? '' : degrees < 0 ? '−' : '+';
  return `${sign}${written.join(' ')} ${rest.padStart(digits + 3, '0')}`;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
