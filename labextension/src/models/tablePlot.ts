import { type PlotAxis } from '../api/client';
import type { Column, Density } from '../api/types';
import { DrawnRows, MOST_DRAWN } from './drawnRows';
import { defaultColumns } from './plotColumns';
import type { TableRows } from './tableRows';

const CELLS = { columns: 240, rows: 180 };
const SETTLED_MS = 150;

/** From the least to the greatest value. */
export type Range = readonly [number, number];

export interface Part {
  x: Range;
  y: Range;
}

/** Two columns of a table, as it is filtered and sorted, one against the other. */
export class TablePlot extends DrawnRows<Density> {
  x = '';
  y = '';
  xLog = false;
  yLog = false;
  /** Whether what was read last is a part of what was there before. */
  isPart = false;
  private _asked = '';

  constructor(rows: TableRows) {
    super(rows);
    this.onRows();
  }

  column(axis: 'x' | 'y'): Column | undefined {
    return this.rows.columns.find(column => column.name === this[axis]);
  }

  /** Choose columns, or whether an axis is logarithmic. */
  choose(wanted: Partial<Pick<TablePlot, 'x' | 'y' | 'xLog' | 'yLog'>>): void {
    Object.assign(this, wanted);
    this.onRows();
  }

  swap(): void {
    this.choose({ x: this.y, y: this.x, xLog: this.yLog, yLog: this.xLog });
  }

  /** Look at a part of the plane, or all; a map of many rows is then drawn anew, finer. */
  lookAt(part: Part | null): void {
    if (!this.points || this.isPart) {
      this.readSoon(() => this._read(part), SETTLED_MS);
    }
  }

  /** Rows in a part of the plane, as the table shows them; at most so many. */
  async rowsIn({ x, y }: Part, most: number): Promise<number[]> {
    const { points } = this;
    if (points && !this.isPart) {
      const inside = (value: number | undefined, [low, high]: Range): boolean =>
        value !== undefined && value >= low && value <= high;
      return [...points.rows].filter(
        (_, index) => inside(points.first[index], x) && inside(points.second[index], y)
      ).slice(0, most);
    }
    const found = await this.rows.client.points(this.rows.id, ...this._axes({ x, y }), this.rows.selection, most);
    return [...found.rows];
  }

  protected override onRows(): void {
    if (!this.x || !this.column('x') || !this.column('y')) {
      const chosen = defaultColumns(this.rows.columns);
      if (!chosen) {
        this.emitChanged();
        return;
      }
      Object.assign(this, chosen);
    }
    const { order, conditions, rowCount } = this.rows;
    const asked = JSON.stringify([this.x, this.y, this.xLog, this.yLog, order, conditions, rowCount]);
    if (asked !== this._asked && rowCount > 0) {
      this._asked = asked;
      void this._read(null);
    }
    this.emitChanged();
  }

  private _read(part: Part | null): Promise<void> {
    const { client, id, selection } = this.rows;
    const axes = this._axes(part);
    return this.read(
      () => client.density(id, ...axes, selection.conditions, CELLS),
      () => client.points(id, ...axes, selection, MOST_DRAWN),
      (points, density) => {
        this.isPart = part !== null || (points !== null && density !== null);
        this.version += 1;
      }
    );
  }

  private _axes(part: Part | null): [x: PlotAxis, y: PlotAxis] {
    const axis = (name: 'x' | 'y'): PlotAxis => ({
      column: this[name],
      log: name === 'x' ? this.xLog : this.yLog,
      ...(part ? { low: part[name][0], high: part[name][1] } : {})
    });
    return [axis('x'), axis('y')];
  }
}
