import { tableFromIPC } from 'apache-arrow';

/** Rows that have a place on a plot or on the sky. */
export interface Points {
  first: Float64Array;
  second: Float64Array;
  /** Which row of the table, as it is shown, each is; ascending. */
  rows: Float64Array;
  /** Of all rows that have a place there. */
  total: number;
}

/** Read an Arrow IPC stream of two coordinates and the number of the row. */
export function readPoints(bytes: Uint8Array): Points {
  const table = tableFromIPC(bytes);
  const numbers = (index: number): Float64Array =>
    Float64Array.from(table.getChildAt(index)?.toArray() as Iterable<number | bigint>, Number);
  return {
    first: numbers(0),
    second: numbers(1),
    rows: numbers(2),
    total: Number(table.schema.metadata.get('esap.total') ?? table.numRows)
  };
}

/** The index of a row among the points; -1 if it is not there. */
export function indexOfRow({ rows }: Points, row: number): number {
  let [low, high] = [0, rows.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = rows[middle] ?? Infinity;
    if (found === row) {
      return middle;
    }
    if (found < row) {
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return -1;
}
