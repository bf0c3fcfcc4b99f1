import type { Selection } from './api/client';
import type { Condition } from './api/types';
import { codeOfTable, pythonString, type TableSource } from './code';

/** The cell that opens a table and takes the rows that the panel shows, in its order. */
export function codeOfShown(table: TableSource, selection: Selection): string {
  const taken = rowsShown(selection);
  return taken.length === 0 ? codeOfTable(table) : [openingOf(table), ...taken, 'rows'].join('\n');
}

/** The lines that open a table, without showing it. */
export function openingOf(table: TableSource): string {
  return codeOfTable(table).replace(/\ntable$/, '');
}

/** The lines that take the rows that the panel shows, by pandas; none if it shows all as they stand. */
export function rowsShown({ conditions, order }: Selection): string[] {
  const filtered = conditions.map(condition => `rows = rows[${pandasMask(condition)}]`);
  const sorted = order.map(({ column, descending }) => {
    const direction = descending ? ', ascending=False' : '';
    return `rows = rows.sort_values(${pythonString(column)}${direction}, kind="stable")`;
  });
  const taken = [...filtered, ...sorted];
  return taken.length === 0 ? [] : ['rows = table.to_pandas()', ...taken];
}

function pandasMask({ column, operator, value }: Condition): string {
  const named = `rows[${pythonString(column)}]`;
  const text = pythonString(String(value));
  switch (operator) {
    case 'is-empty':
      return `${named}.isna()`;
    case 'is-not-empty':
      return `${named}.notna()`;
    case 'contains':
      return `${named}.str.contains(${text}, case=False, regex=False, na=False)`;
    case 'starts-with':
      return `${named}.str.lower().str.startswith(${text}.lower(), na=False)`;
    default: {
      // Numbers are kept as they were typed; they are text on the way so that long integers survive.
      const literal = typeof value === 'boolean' ? (value ? 'True' : 'False') : isNumber(value) ? String(value) : text;
      const compared = `${named} ${operator === '=' ? '==' : operator} ${literal}`;
      return operator === '!=' ? `(${compared}) & ${named}.notna()` : compared;
    }
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value));
}
