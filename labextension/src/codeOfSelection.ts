import type { Selection } from './api/client';
import type { Column, Condition } from './api/types';
import { codeOfTable, pythonString, type TableSource } from './code';

/** A table, and what its columns hold. */
export type TableWithColumns = TableSource & { columns: readonly Column[] };

/** The cell that opens a table and takes the rows that the panel shows, in its order. */
export function codeOfShown(table: TableWithColumns, selection: Selection): string {
  const taken = rowsShown(table.columns, selection);
  return taken.length === 0 ? codeOfTable(table) : [openingOf(table), ...taken, 'rows'].join('\n');
}

/** The lines that open a table, without showing it. */
export function openingOf(table: TableSource): string {
  return codeOfTable(table).replace(/\ntable$/, '');
}

/** The lines that take the rows that the panel shows; none if it shows all as they stand. */
export function rowsShown(columns: readonly Column[], { conditions, order }: Selection): string[] {
  const calls = conditions.map(condition => `where(${argumentsOf(columns, condition)})`);
  if (order.length > 0) {
    calls.push(`sort(${sortedBy(order)})`);
  }
  return calls.map((call, index) => `rows = ${index === 0 ? 'table' : 'rows'}.${call}`);
}

function argumentsOf(columns: readonly Column[], { column, operator, value }: Condition): string {
  const compared = `${pythonString(column)}, ${pythonString(operator)}`;
  if (value === null || value === undefined) {
    return compared;
  }
  if (typeof value === 'boolean') {
    return `${compared}, ${value ? 'True' : 'False'}`;
  }
  // Numbers are text on the way so that long integers survive, but "15" may be a name.
  const isNumber = columns.find(({ name }) => name === column)?.kind === 'number' && NUMBER.test(String(value));
  return `${compared}, ${isNumber ? String(value) : pythonString(String(value))}`;
}

/** What is a number to Python, too, for which no integer begins with 0. */
const NUMBER = /^[+-]?(0|[1-9]\d*|\d+\.\d*|\.\d+)(e[+-]?\d+)?$/i;

function sortedBy(order: Selection['order']): string {
  const names = order.map(({ column }) => pythonString(column));
  const descending = order.map(each => (each.descending ? 'True' : 'False'));
  if (!descending.includes('True')) {
    return names.join(', ');
  }
  return `${names.join(', ')}, descending=${descending.length === 1 ? 'True' : `[${descending.join(', ')}]`}`;
}
