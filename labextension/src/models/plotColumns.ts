import type { Column } from '../api/types';

/** Whether a column can be plotted. */
export function isPlottable(column: Column): boolean {
  return column.kind === 'number';
}

/** Magnitudes, which grow downwards; a colour index, a difference of two, does not. */
export function isMagnitude(column: Column): boolean {
  return /(^|;)phot\.mag(;|$)/.test(column.ucd) || (column.unit === 'mag' && !isColour(column) && !isError(column));
}

function isColour(column: Column): boolean {
  return /(^|;)phot\.color(;|$)/.test(column.ucd);
}

function isError(column: Column): boolean {
  return /(^|;)stat\.(error|stdev|var)/.test(column.ucd);
}

/** What one mostly wants to see against what: by UCD (UCD1+), the first that a table has of both. */
const PAIRS: readonly (readonly [x: RegExp, y: RegExp])[] = [
  [/(^|;)phot\.color(;|$)/, /(^|;)phot\.mag(;|$)/],
  [/^time\.(epoch|start|)|^time(;|$)/, /(^|;)phot\.(flux|mag)|(^|;)phot\.count/],
  [/^em\.(wl|freq|energy|wavenumber)/, /(^|;)phot\.(flux|mag)/],
  [/(^|;)phot\.mag(;|$)/, /(^|;)phot\.mag(;|$)/],
  [/(^|;)phys\.(dispMeasure|temperature|mass|luminosity)/, /(^|;)phys\./],
  [/^pos[._]eq[._]ra/i, /^pos[._]eq[._]dec/i]
];

/** Two columns to begin with; null if there are not two. */
export function defaultColumns(columns: readonly Column[]): { x: string; y: string } | null {
  const plottable = columns.filter(isPlottable);
  const values = plottable.filter(column => !isError(column));
  for (const [onX, onY] of PAIRS) {
    const x = values.find(column => onX.test(column.ucd));
    const y = values.find(column => column !== x && onY.test(column.ucd));
    if (x && y) {
      return { x: x.name, y: y.name };
    }
  }
  // What only names or numbers the rows says nothing.
  const telling = values.filter(column => !column.ucd.startsWith('meta') && !/(^|_)id$/i.test(column.name));
  const [first, second] = telling.length > 1 ? telling : plottable;
  return first && second ? { x: first.name, y: second.name } : null;
}

/** The columns of right ascension and declination, by UCD, else by name; null if there are none. */
export function positionColumns(columns: readonly Column[]): { ra: string; dec: string } | null {
  const plottable = columns.filter(isPlottable);
  const find = (axis: 'ra' | 'dec', names: readonly string[]): Column | undefined =>
    plottable.find(column => new RegExp(`^pos[._]eq[._]${axis}(;meta\\.main|_main)$`, 'i').test(column.ucd)) ??
    plottable.find(column => new RegExp(`^pos[._]eq[._]${axis}$`, 'i').test(column.ucd)) ??
    names.map(name => plottable.find(column => column.name.toLowerCase() === name)).find(column => column);
  const ra = find('ra', ['ra', 's_ra', 'raj2000', 'ra_deg', 'ra_icrs']);
  const dec = find('dec', ['dec', 's_dec', 'dej2000', 'decj2000', 'dec_deg', 'de_icrs']);
  return ra && dec && ra !== dec ? { ra: ra.name, dec: dec.name } : null;
}
