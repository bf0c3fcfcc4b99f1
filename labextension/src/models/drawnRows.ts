import type { Points } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Column } from '../api/types';
import { Changing } from './changing';
import { isPlottable } from './plotColumns';
import type { TableRows } from './tableRows';

/** More rows than these are drawn as a map of how many lie where. */
export const MOST_DRAWN = 50_000;

/** How many rows lie where. */
interface Counted {
  counts: readonly number[];
}

/** The rows of a table, as it is filtered and sorted, where they are drawn; only what was asked last counts. */
export abstract class DrawnRows<Density extends Counted> extends Changing {
  /** Rows one by one; null where there are too many. */
  points: Points | null = null;
  density: Density | null = null;
  /** Counts what has been read, so that who draws knows whether it is something new. */
  version = 0;
  isReading = false;
  error: EsapError | null = null;
  protected isDisposed = false;
  private _generation = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly rows: TableRows) {
    super();
    rows.changed.connect(this.onRows, this);
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this._timer);
    this.rows.changed.disconnect(this.onRows, this);
  }

  get plottable(): readonly Column[] {
    return this.rows.columns.filter(isPlottable);
  }

  /** See whether other rows or columns are to be read. */
  protected abstract onRows(): void;

  /** Read when the person has stopped moving. */
  protected readSoon(read: () => Promise<void>, milliseconds: number): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void read(), milliseconds);
  }

  /** Read the rows one by one, or count them if they are too many; `take` is given both if they were few after all. */
  protected async read(
    count: () => Promise<Density>,
    list: () => Promise<Points>,
    take: (points: Points | null, density: Density | null) => void
  ): Promise<void> {
    const generation = (this._generation += 1);
    const isCurrent = (): boolean => generation === this._generation && !this.isDisposed;
    clearTimeout(this._timer);
    this.isReading = true;
    this.emitChanged();
    try {
      const { rowCount } = this.rows;
      const density = rowCount > MOST_DRAWN ? await count() : null;
      const rows = density ? density.counts.reduce((sum, each) => sum + each, 0) : rowCount;
      const points = rows <= MOST_DRAWN && isCurrent() ? await list() : null;
      if (!isCurrent()) {
        return;
      }
      this.points = points;
      this.density = points ? null : density;
      this.error = null;
      take(points, density);
    } catch (thrown) {
      if (!isCurrent()) {
        return;
      }
      this.error = asEsapError(thrown);
    }
    this.isReading = false;
    this.emitChanged();
  }
}
