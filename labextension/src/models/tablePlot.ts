import { type PlotAxis, type Points } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Column, Density } from '../api/types';
import { Changing } from './changing';
import { defaultColumns, isPlottable } from './plotColumns';
import type { TableRows } from './tableRows';

/** More rows than these are drawn as a map of how many lie where. */
export const MOST_DRAWN = 50_000;
const CELLS = { columns: 240, rows: 180 };
const SETTLED_MS = 150;

/** From the least to the greatest value. */
export type Range = readonly [number, number];

export interface Part {
  x: Range;
  y: Range;
}

/** Two columns of a table, as it is filtered and sorted, one against the other. */
export class TablePlot extends Changing {
  x = '';
  y = '';
  xLog = false;
  yLog = false;
  /** Rows one by one; null where there are too many. */
  points: Points | null = null;
  density: Density | null = null;
  /** Counts what has been read, so that who draws knows whether it is something new. */
  version = 0;
  /** Whether what was read last is a part of what was there before. */
  isPart = false;
  isReading = false;
  error: EsapError | null = null;
  private _asked = '';
  private _generation = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;

  constructor(readonly rows: TableRows) {
    super();
    rows.changed.connect(this._onRows, this);
    this._onRows();
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    this.rows.changed.disconnect(this._onRows, this);
  }

  get plottable(): readonly Column[] {
    return this.rows.columns.filter(isPlottable);
  }

  column(axis: 'x' | 'y'): Column | undefined {
    return this.rows.columns.find(column => column.name === this[axis]);
  }

  /** Choose columns, or whether an axis is logarithmic. */
  choose(wanted: Partial<Pick<TablePlot, 'x' | 'y' | 'xLog' | 'yLog'>>): void {
    Object.assign(this, wanted);
    this._onRows();
  }

  swap(): void {
    this.choose({ x: this.y, y: this.x, xLog: this.yLog, yLog: this.xLog });
  }

  /** Look at a part of the plane, or all; a map of many rows is then drawn anew, finer. */
  lookAt(part: Part | null): void {
    if (!this.points || this.isPart) {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => void this._read(part), SETTLED_MS);
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

  private _onRows(): void {
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

  private async _read(part: Part | null): Promise<void> {
    const { client, id, selection, rowCount } = this.rows;
    const generation = (this._generation += 1);
    const isCurrent = (): boolean => generation === this._generation && !this._isDisposed;
    clearTimeout(this._timer);
    this.isReading = true;
    this.emitChanged();
    try {
      const axes = this._axes(part);
      let density: Density | null = null;
      if (rowCount > MOST_DRAWN) {
        density = await client.density(id, ...axes, selection.conditions, CELLS);
        if (!isCurrent()) {
          return;
        }
      }
      const count = density ? density.counts.reduce((sum, each) => sum + each, 0) : rowCount;
      const points = count <= MOST_DRAWN ? await client.points(id, ...axes, selection, MOST_DRAWN) : null;
      if (!isCurrent()) {
        return;
      }
      this.points = points;
      this.density = points ? null : density;
      this.isPart = part !== null || (points !== null && density !== null);
      this.version += 1;
      this.error = null;
    } catch (thrown) {
      if (!isCurrent()) {
        return;
      }
      this.error = asEsapError(thrown);
    }
    this.isReading = false;
    this.emitChanged();
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
