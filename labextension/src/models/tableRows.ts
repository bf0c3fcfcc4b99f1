import { Signal, type ISignal } from '@lumino/signaling';
import type { EsapClient, Page, Selection } from '../api/client';
import { asEsapError, rowsMoved, type EsapError } from '../api/errors';
import type { Column, Condition, FileTable, Order, TableDetails } from '../api/types';
import { Changing } from './changing';
import { pauseAfter } from './retrying';
import { moveOf, totalOf, type PickedRows, type RowMove, type ServiceCounts } from './serviceRows';

const PAGE_ROWS = 500;
const PAGES_KEPT = 80;
const REQUESTS_AT_ONCE = 2;
const MOST_WAITING = 6;
const GROWING_MS = 400;
/** What the server gives in one page at most. */
const MOST_ROWS = 10_000;

/** Where rows come from: the Jupyter server, which also reads files, or a kernel. */
export type RowsSource = Pick<EsapClient, 'table' | 'page'> & Partial<Pick<EsapClient, 'openFile' | 'fileTables'>>;

/** The rows of a table, wherever they come from. */
export type AnyRows = TableRows<RowsSource>;

/** Rows that are here now, of those that were asked for. */
export interface RowsArrived {
  first: number;
  count: number;
}

/** What a table is opened by: its id, or a file's path as the file browser has it. */
export type TableOrigin = { id: string } | { path: string };

/** A table as one looks at it: sorted, filtered, read a page at a time as rows come into sight. */
export class TableRows<Source extends RowsSource = EsapClient> extends Changing {
  /** Empty while the file has not been opened. */
  id: string;
  /** The tables of the file, if there is a choice. */
  parts: readonly FileTable[] = [];
  details: TableDetails | null = null;
  /** Of the rows that meet the conditions. */
  rowCount = 0;
  order: Order | null = null;
  conditions: readonly Condition[] = [];
  error: EsapError | null = null;
  /** Whether what failed is tried again without being told to. */
  retries = false;
  private readonly _arrived = new Signal<this, RowsArrived>(this);
  private readonly _rearranged = new Signal<this, RowMove | null>(this);
  /** Of the table as it is shown. */
  private _counts: ServiceCounts = [];
  /** By number; the least recently used comes first. */
  private readonly _pages = new Map<number, Page>();
  /** Pages wanted, the latest last, which is read first. */
  private _wanted: number[] = [];
  private readonly _underWay = new Set<number>();
  /** Pages that could not be read; they are asked for again after a while, or when the table is opened anew. */
  private readonly _failed = new Set<number>();
  private _failures = 0;
  private _again: ReturnType<typeof setTimeout> | undefined;
  /** Counts the changes of order and conditions; answers to earlier ones are dropped. */
  private _generation = 0;
  private _isDisposed = false;
  private _hdu: number | null = null;
  /** Counts the times that one began to look; who began earlier stops. */
  private _openings = 0;

  constructor(
    readonly client: Source,
    private readonly _origin: TableOrigin
  ) {
    super();
    this.id = 'id' in _origin ? _origin.id : '';
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._again);
    this._pages.clear();
    this._wanted = [];
    Signal.clearData(this);
  }

  /** Which table of the file is shown. */
  get part(): number | null {
    return this._hdu;
  }

  get columns(): readonly Column[] {
    return this.details?.columns ?? [];
  }

  /** Whether more rows may come by themselves. */
  get grows(): boolean {
    return this.details !== null && !this.details.complete && !this.details.interrupted;
  }

  /** Emitted when a page has come. */
  get arrived(): ISignal<this, RowsArrived> {
    return this._arrived;
  }

  /** Emitted when rows stand elsewhere than before: where, or null if they are to be looked for anew. */
  get rearranged(): ISignal<this, RowMove | null> {
    return this._rearranged;
  }

  /** Show another table of the file. */
  choosePart(hdu: number | null): Promise<void> {
    this._hdu = hdu;
    this.details = null;
    this.order = null;
    this.conditions = [];
    this._forgetTable();
    return this.open();
  }

  /** Read what the table is and its first rows, and go on looking while it grows. */
  async open(): Promise<void> {
    const opening = ++this._openings;
    let failures = 0;
    this._failed.clear();
    let opened = 'path' in this._origin ? await this._openFile(opening, this._origin.path) : null;
    do {
      if (opening !== this._openings) {
        return;
      }
      if (this.id === '') {
        break;
      }
      try {
        // The first rows are asked for together with what the table is.
        const early = this.details === null ? this._askFirst() : null;
        early?.catch(() => undefined);
        const details = opened ?? (await this.client.table(this.id));
        opened = null;
        if (opening !== this._openings) {
          return;
        }
        if (details.rows !== this.details?.rows || details.columns.length !== this.columns.length) {
          await this._become(details, early);
        }
        this.details = details;
        this.error = null;
        failures = 0;
      } catch (thrown) {
        if (opening !== this._openings) {
          return;
        }
        this.error = asEsapError(thrown);
        failures += 1;
      }
      const goesOn = this.details === null || this.grows;
      this.retries = goesOn && this.error?.retryable === true;
      this.emitChanged();
      if (!goesOn || (this.error && !this.retries)) {
        return;
      }
      const pause = this.error ? pauseAfter(failures) : GROWING_MS;
      await new Promise(resolve => setTimeout(resolve, pause));
    } while (!this._isDisposed);
  }

  /** A file's table is looked for each time, since the file may have changed and the table be gone. */
  private async _openFile(opening: number, path: string): Promise<TableDetails | null> {
    if (!this.client.openFile || !this.client.fileTables) {
      return null;
    }
    try {
      const opened = await this.client.openFile(path, this._hdu);
      const parts = /\.(fits?|fts)(\.gz)?$/i.test(path) ? await this.client.fileTables(path) : [];
      if (opening === this._openings) {
        if (this.id !== opened.id) {
          this.details = null;
          this._forgetTable();
        }
        this.id = opened.id;
        this.parts = parts;
        this._hdu ??= parts[0]?.hdu ?? null;
      }
      return opened;
    } catch (thrown) {
      if (opening === this._openings) {
        this.id = '';
        this.error = asEsapError(thrown);
        this.emitChanged();
      }
      return null;
    }
  }

  /** The value of a cell; undefined while its page is on its way, which it then is. */
  value(row: number, column: number): unknown {
    const page = this._page(row);
    const name = this.columns[column]?.name;
    return page && name !== undefined ? page.value(row % PAGE_ROWS, name) : undefined;
  }

  /** The value of a row in a column by its name; undefined while its page is on its way. */
  shown(row: number, column: string): unknown {
    return this.value(row, this.columns.findIndex(each => each.name === column));
  }

  /** Show other rows, or in another order. */
  async select(conditions: readonly Condition[], order: Order | null): Promise<void> {
    this.conditions = conditions;
    this.order = order;
    await this._startAnew();
  }

  /** Ascending, then descending, then as it came. */
  async toggleOrder(column: string): Promise<void> {
    if (this.order?.column !== column) {
      this.order = { column, descending: false };
    } else {
      this.order = this.order.descending ? null : { column, descending: true };
    }
    await this._startAnew();
  }

  async addCondition(condition: Condition): Promise<void> {
    this.conditions = [...this.conditions, condition];
    await this._startAnew();
    if (this.error) {
      // A condition that the server refuses would only be in the way.
      const { error } = this;
      this.conditions = this.conditions.filter(each => each !== condition);
      await this._startAnew();
      this.error = error;
      this.emitChanged();
    }
  }

  async removeCondition(condition: Condition): Promise<void> {
    this.conditions = this.conditions.filter(each => each !== condition);
    await this._startAnew();
  }

  /** Which rows of the table rows are, as they are shown. */
  async pick(rows: readonly number[]): Promise<PickedRows> {
    const counts = this._counts;
    if (!this.order && this.conditions.length === 0) {
      return { numbers: rows, counts };
    }
    const numbers: number[] = [];
    let page: Page | null = null;
    let first = 0;
    for (const row of [...rows].sort((one, other) => one - other)) {
      if (page === null || row - first >= page.count) {
        first = row;
        page = await this.client.page(this.id, first, MOST_ROWS, this.selection, this.columns.slice(0, 1));
        if (totalOf(page.counts) !== totalOf(counts)) {
          throw rowsMoved();
        }
      }
      numbers.push(page.numberOf(row - first));
    }
    return { numbers, counts };
  }

  /** The DataLink document that a row refers to, and the service whose it is; null if it refers to none. */
  linkOf(row: number): { service: string; url: string } | null {
    const page = this._page(row);
    const url = this.columns.find(column => /(^|;)meta\.ref\.url/.test(column.ucd) || column.name === 'access_url');
    const format = this.columns.find(column => column.name === 'access_format');
    if (!page || !url || !format) {
      return null;
    }
    const [at, written] = [url, format].map(column => page.value(row % PAGE_ROWS, column.name));
    const services = this.details?.reports.map(report => report.service) ?? [];
    const service = services.length === 1 ? services[0] : page.value(row % PAGE_ROWS, 'service');
    return typeof at === 'string' && String(written).includes('datalink') && typeof service === 'string'
      ? { service, url: at }
      : null;
  }

  /** Which rows are shown, and in which order. */
  get selection(): Selection {
    return { conditions: this.conditions, order: this.order ? [this.order] : [] };
  }

  /** The page a row is on, if it is here; else it is asked for. */
  private _page(row: number): Page | null {
    const number = Math.floor(row / PAGE_ROWS);
    const page = this._pages.get(number);
    if (page && row % PAGE_ROWS < page.count) {
      return page;
    }
    // Not read yet, or read before the table grew.
    this._want(number);
    return null;
  }

  /** Read the first rows of a table that is new or has grown. */
  private async _become(details: TableDetails, early: Promise<Page> | null): Promise<void> {
    const generation = this._generation;
    let page = details.rows > 0 ? await (early ?? this._askFirst()) : null;
    if (page && early && !(page.total === details.rows && details.columns.every(({ name }) => page?.has(name)))) {
      // More came between the two questions.
      page = await this._askFirst();
    }
    if (generation !== this._generation || this._isDisposed) {
      return;
    }
    const known = this.details;
    this.details = details;
    if (details.columns.length !== known?.columns.length) {
      this._forget();
    }
    if (page) {
      this._keep(0, page);
    }
  }

  private async _startAnew(): Promise<void> {
    this._forget();
    this._rearranged.emit(null);
    this.error = null;
    try {
      await this._readFirst();
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.emitChanged();
  }

  private _forgetTable(): void {
    this._forget();
    this._counts = [];
    this._rearranged.emit(null);
  }

  private _forget(): void {
    this._generation += 1;
    this._pages.clear();
    this._wanted = [];
    this._underWay.clear();
    this._failed.clear();
  }

  /** The first page also tells how many rows there are. */
  private async _readFirst(): Promise<void> {
    const generation = this._generation;
    const page = await this._askFirst();
    if (generation === this._generation && !this._isDisposed) {
      this._keep(0, page);
    }
  }

  private _askFirst(): Promise<Page> {
    return this.client.page(this.id, 0, PAGE_ROWS, this.selection);
  }

  private _want(page: number): void {
    if (this._underWay.has(page) || this._failed.has(page) || this._wanted.at(-1) === page || this._isDisposed) {
      return;
    }
    // What was scrolled past long ago is of no interest any more.
    this._wanted = [...this._wanted.filter(each => each !== page), page].slice(-MOST_WAITING);
    void Promise.resolve().then(() => this._readNext());
  }

  private _readNext(): void {
    while (this._underWay.size < REQUESTS_AT_ONCE) {
      const page = this._wanted.pop();
      if (page === undefined) {
        return;
      }
      void this._read(page, this._generation);
    }
  }

  private async _read(number: number, generation: number): Promise<void> {
    this._underWay.add(number);
    const first = number * PAGE_ROWS;
    let error: EsapError | null = null;
    let page: Page | null = null;
    try {
      page = await this.client.page(this.id, first, PAGE_ROWS, this.selection);
    } catch (thrown) {
      error = asEsapError(thrown);
    }
    if (generation !== this._generation || this._isDisposed) {
      return;
    }
    this._underWay.delete(number);
    if (page) {
      this._recover();
      this._keep(number, page);
      this._arrived.emit({ first, count: page.count });
    } else if (error) {
      this._failPage(number, error);
    }
    this._readNext();
  }

  private _failPage(number: number, error: EsapError): void {
    // Pages that failed together are one failure.
    this._failures += this._failed.size === 0 ? 1 : 0;
    this._failed.add(number);
    this.error = error;
    this.retries = error.retryable;
    if (error.retryable) {
      clearTimeout(this._again);
      this._again = setTimeout(() => this._tryAgain(), pauseAfter(this._failures));
    }
    this.emitChanged();
  }

  /** Who shows rows asks for those in sight again. */
  private _tryAgain(): void {
    this._failed.clear();
    this.emitChanged();
    if (this._wanted.length === 0 && this._underWay.size === 0) {
      this._recover();
    }
  }

  private _recover(): void {
    if (this._failures > 0) {
      this._failures = 0;
      this.error = null;
      this.retries = false;
      this.emitChanged();
    }
  }

  private _keep(number: number, page: Page): void {
    const more = totalOf(page.counts) - totalOf(this._counts);
    if (more < 0) {
      // Read before the table grew.
      return;
    }
    // Rows of a service come before those of the next one, and sorted rows anywhere.
    const move = more > 0 ? moveOf(this._counts, page.counts) : null;
    const isRearranged = more > 0 && totalOf(this._counts) > 0 && (move !== null || this.order !== null);
    if (isRearranged) {
      this._pages.clear();
    }
    this._counts = page.counts;
    this.rowCount = page.total;
    this._pages.delete(number);
    this._pages.set(number, page);
    const [oldest] = this._pages.keys();
    if (this._pages.size > PAGES_KEPT && oldest !== undefined) {
      this._pages.delete(oldest);
    }
    if (isRearranged) {
      // The grid knows first that there are more rows, then where the selected ones are.
      this.emitChanged();
      this._rearranged.emit(this.order || this.conditions.length > 0 ? null : move);
    }
  }
}
