/** How values of cells are written. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Column } from '../api/types';
import type { AnyRows } from '../models/tableRows';
import type { Words } from '../words';

const LONGEST_LIST = 8;
const LONGEST_TEXT = 40;
const MOST_DESCRIBED = 8;

/** What is shown in a cell. */
export interface ShownCell {
  name: string;
  text: string;
  unit: string;
}

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

/** Degrees as hours (of right ascension, less than 24) or degrees, with minutes and seconds; empty for no number. */
export function formatSexagesimal(degrees: number, kind: 'ra' | 'dec'): string {
  if (!Number.isFinite(degrees)) {
    return '';
  }
  const digits = kind === 'ra' ? 2 : 1;
  const perSecond = 10 ** digits;
  const seconds = kind === 'ra' ? (degrees - 360 * Math.floor(degrees / 360)) * 240 : Math.abs(degrees) * 3600;
  // Counted in the smallest part that is shown, so that 59.999 s is carried over.
  const parts = Math.round(seconds * perSecond);
  const whole = Math.floor(parts / (3600 * perSecond));
  const minutes = Math.floor(parts / (60 * perSecond)) % 60;
  const rest = ((parts % (60 * perSecond)) / perSecond).toFixed(digits);
  const written = [kind === 'ra' ? whole % 24 : whole, minutes].map(part => String(part).padStart(2, '0'));
  const sign = kind === 'ra' ? '' : degrees < 0 && parts > 0 ? '−' : '+';
  return `${sign}${written.join(' ')} ${rest.padStart(digits + 3, '0')}`;
}

/** The values of a row with their names and units, some columns before the others; what is not here yet is asked for. */
export function describeRow(
  rows: AnyRows,
  row: number,
  first: readonly string[],
  trans: TranslationBundle
): string {
  const { columns } = rows;
  const chosen = first.flatMap(name => columns.filter(column => column.name === name));
  const others = columns.filter(column => !first.includes(column.name) && column.kind !== 'other');
  const isEmpty = (column: Column): boolean => ['', null].includes(rows.shown(row, column.name) as string | null);
  const shown = [...chosen, ...others.filter(column => !isEmpty(column))].slice(0, MOST_DESCRIBED);
  const lines = shown.map(column => {
    const value = rows.shown(row, column.name);
    const text = value === undefined ? '…' : shortened(formatValue(value));
    return `${column.name}: ${text} ${value === null ? '' : column.unit}`.trim();
  });
  return [trans.__('Row %1', (row + 1).toLocaleString()), ...lines].join('\n');
}

/** The cell at the cursor in words; `selected` counts the rows, 0 if the cell's row is not among them. */
export function describeCell({ name, text, unit }: ShownCell, row: number, selected: number, trans: Words): string {
  const value = text === '' ? trans.__('empty') : `${text} ${unit}`.trim();
  const said = [trans.__('%1: %2', name, value), trans.__('row %1', (row + 1).toLocaleString())];
  if (selected > 0) {
    said.push(selected === 1 ? trans.__('selected') : trans.__('%1 rows selected', selected.toLocaleString()));
  }
  return said.join(', ');
}

function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
