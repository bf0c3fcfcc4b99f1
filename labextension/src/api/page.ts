import { tableFromIPC, type Table } from 'apache-arrow';
import type { ServiceCounts } from '../models/serviceRows';

const ROW_NUMBER = 'esap.row-number';
const TOTAL = 'esap.total';
const SERVICES = 'esap.services';

/** Some rows of a table, as they are shown. */
export class Page {
  /** Of all rows that are shown. */
  readonly total: number;
  /** Of the whole table when this was read; empty if that was not told. */
  readonly counts: ServiceCounts;
  private readonly _numbers: string;

  constructor(private readonly _rows: Table) {
    this.total = Number(_rows.schema.metadata.get(TOTAL) ?? _rows.numRows);
    this.counts = JSON.parse(_rows.schema.metadata.get(SERVICES) ?? '[]') as ServiceCounts;
    this._numbers = _rows.schema.fields.find(field => field.metadata.has(ROW_NUMBER))?.name ?? '';
  }

  /** How many rows are here. */
  get count(): number {
    return this._rows.numRows;
  }

  /** Whether it has a column. */
  has(column: string): boolean {
    return this._rows.schema.fields.some(({ name }) => name === column);
  }

  /** The value of a column, null if it is empty. */
  value(index: number, column: string): unknown {
    return this._rows.getChild(column)?.get(index) ?? null;
  }

  /** Which row of the table a row of the page is. */
  numberOf(index: number): number {
    return Number(this._rows.getChild(this._numbers)?.get(index));
  }
}

/** Read an Arrow IPC stream. */
export function readPage(bytes: Uint8Array): Page {
  return new Page(tableFromIPC(bytes));
}
