import type { EsapClient, PlaneOfFile } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { FileContent, HeaderCard, ImageDescription } from '../api/types';
import { Changing } from './changing';
import type { PaletteName } from './palettes';
import { SkyGrid } from './skyGrid';
import type { Range, StretchName } from './stretch';
import { covers, type ImageRegion, type Viewport } from './viewport';

const OVERVIEW_PIXELS = 1024;
/** Of an image this large the first picture is made of single pixels, since means take a while. */
const LARGE = 1 << 24;
const SETTLE_MS = 80;
/** How much more than is seen is read, so that one can pan a little. */
const MARGIN = 0.15;

/** Pixels of a region of an image, binned, the lowest row first. */
export interface Tile {
  region: ImageRegion;
  binning: number;
  columns: number;
  rows: number;
  values: Float32Array;
}

/** A FITS image as one looks at it: which plane of which HDU, how it is coloured, and what of it is here. */
export class FitsImage extends Changing {
  description: ImageDescription | null = null;
  error: EsapError | null = null;
  stretch: StretchName = 'asinh';
  palette: PaletteName = 'gray';
  inverted = false;
  /** Which of the limits that the server proposes; empty when they are typed. */
  limitsName = '99.5';
  range: Range = { low: 0, high: 1 };
  /** All of the image, coarse. */
  overview: Tile | null = null;
  /** What is seen now, fine. */
  detail: Tile | null = null;
  private _plane: number[] = [];
  private _hdu: number;
  private _grids: SkyGrid[] = [];
  // The overview goes on while details are read, which one gives up for others.
  private _overviewLoading: AbortController | null = null;
  private _detailLoading: AbortController | null = null;
  private _settling: ReturnType<typeof setTimeout> | undefined;
  /** Counts changes of HDU and plane; answers to earlier ones are dropped. */
  private _generation = 0;
  private _isDisposed = false;

  constructor(
    private readonly _client: EsapClient,
    readonly path: string,
    readonly content: FileContent,
    hdu: number
  ) {
    super();
    this._hdu = hdu;
  }

  get hdu(): number {
    return this._hdu;
  }

  get plane(): readonly number[] {
    return this._plane;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get isLoading(): boolean {
    return this._overviewLoading !== null || this._detailLoading !== null;
  }

  dispose(): void {
    this._isDisposed = true;
    this._generation += 1;
    this._overviewLoading?.abort();
    this._detailLoading?.abort();
    clearTimeout(this._settling);
    this._grids = [];
  }

  /** Read what the image is, and a first picture of all of it. */
  async open(): Promise<void> {
    this._generation += 1;
    const generation = this._generation;
    this._overviewLoading?.abort();
    this._detailLoading?.abort();
    this._detailLoading = null;
    const abort = new AbortController();
    this._overviewLoading = abort;
    this.detail = null;
    this._grids = [];
    this.error = null;
    this.emitChanged();
    try {
      const description = await this._client.image(this._of);
      if (generation !== this._generation) {
        return;
      }
      this.description = description;
      this._applyLimits();
      await this._readOverview(description, generation, abort.signal);
    } catch (thrown) {
      this._fail(thrown, generation);
    }
    if (this._overviewLoading === abort) {
      this._overviewLoading = null;
      this.emitChanged();
    }
  }

  /** Show an image of another HDU. */
  async setHdu(hdu: number): Promise<void> {
    this._hdu = hdu;
    this._plane = [];
    this.description = null;
    this.overview = null;
    await this.open();
  }

  /** Show another plane of a cube; the limits are those of that plane unless they were typed. */
  async setPlane(axis: number, plane: number): Promise<void> {
    this._plane = (this.description?.axes ?? []).map((_, index) =>
      index === axis ? plane : (this._plane[index] ?? 0)
    );
    await this.open();
  }

  setColours(given: { stretch?: StretchName; palette?: PaletteName; inverted?: boolean }): void {
    Object.assign(this, given);
    this.emitChanged();
  }

  /** Take limits that the server proposes. */
  setLimits(name: string): void {
    this.limitsName = name;
    this._applyLimits();
    this.emitChanged();
  }

  /** Take limits that were typed. */
  setRange(range: Range): void {
    if (Number.isFinite(range.low) && Number.isFinite(range.high)) {
      this.limitsName = '';
      this.range = range;
      this.emitChanged();
    }
  }

  /** Read finely what is seen, as soon as that stands still. */
  look(view: Viewport, devicePixelRatio: number): void {
    clearTimeout(this._settling);
    if (!this._wants(view, devicePixelRatio)) {
      return;
    }
    this._settling = setTimeout(() => void this._readDetail(view, devicePixelRatio), SETTLE_MS);
  }

  /** The finest grid that knows where a place of the image is on the sky. */
  gridAt(x: number, y: number): SkyGrid | null {
    return this._grids.findLast(grid => grid.at(x, y) !== null) ?? null;
  }

  /** The value of the pixel at a place, and of how many in a row it is the mean; null if that is not here. */
  valueAt(x: number, y: number): { value: number; binning: number } | null {
    for (const tile of [this.detail, this.overview]) {
      const column = tile ? Math.floor((x - 0.5 - tile.region.x) / tile.binning) : -1;
      const row = tile ? Math.floor((y - 0.5 - tile.region.y) / tile.binning) : -1;
      if (tile && column >= 0 && row >= 0 && column < tile.columns && row < tile.rows) {
        return { value: tile.values[row * tile.columns + column] ?? NaN, binning: tile.binning };
      }
    }
    return null;
  }

  /** What the server has at a place, exactly. */
  pixelAt(x: number, y: number): ReturnType<EsapClient['pixelAt']> {
    return this._client.pixelAt(this._of, x, y);
  }

  header(): Promise<HeaderCard[]> {
    return this._client.header(this.path, this._hdu);
  }

  private get _of(): PlaneOfFile {
    return { path: this.path, hdu: this._hdu, plane: this._plane };
  }

  private _applyLimits(): void {
    const limits = this.description?.limits ?? [];
    const found = limits.find(each => each.name === this.limitsName) ?? (this.limitsName ? limits[0] : undefined);
    if (found) {
      this.range = { low: found.low, high: found.high };
    }
  }

  private async _readOverview(
    { width, height, frame }: ImageDescription,
    generation: number,
    signal: AbortSignal
  ): Promise<void> {
    const region = { x: 0, y: 0, width, height };
    const binning = Math.max(1, Math.ceil(Math.max(width, height) / OVERVIEW_PIXELS));
    const kinds = binning > 1 && width * height > LARGE ? (['nearest', 'mean'] as const) : (['mean'] as const);
    const sky = frame ? this._readSky(region, generation) : Promise.resolve();
    for (const how of kinds) {
      const tile = await this._readTile(region, binning, how, signal);
      if (generation !== this._generation) {
        return;
      }
      this.overview = tile;
      this.emitChanged();
    }
    await sky;
  }

  private async _readSky(region: ImageRegion, generation: number): Promise<void> {
    const vectors = await this._client.sky(this._of, region);
    if (generation === this._generation) {
      // That of all of the image stays; of the others, only the last is wanted.
      this._grids = [...this._grids.slice(0, 1), new SkyGrid(region, vectors)];
      this.emitChanged();
    }
  }

  private _wants(view: Viewport, devicePixelRatio: number): boolean {
    const seen = view.region(0);
    if (!this.overview || !seen) {
      return false;
    }
    const binning = view.binning(devicePixelRatio);
    const isEnough = (tile: Tile | null): boolean =>
      tile !== null && tile.binning <= binning && covers(tile.region, seen);
    return !isEnough(this.overview) && !isEnough(this.detail);
  }

  private async _readDetail(view: Viewport, devicePixelRatio: number): Promise<void> {
    const region = view.region(MARGIN);
    if (!region || !this._wants(view, devicePixelRatio)) {
      return;
    }
    const generation = this._generation;
    const abort = new AbortController();
    this._detailLoading?.abort();
    this._detailLoading = abort;
    this.emitChanged();
    try {
      const [tile] = await Promise.all([
        this._readTile(region, view.binning(devicePixelRatio), 'mean', abort.signal),
        this.description?.frame ? this._readSky(region, generation) : undefined
      ]);
      if (generation === this._generation && !abort.signal.aborted) {
        this.detail = tile;
      }
    } catch (thrown) {
      if (!abort.signal.aborted) {
        this._fail(thrown, generation);
      }
    }
    if (this._detailLoading === abort) {
      this._detailLoading = null;
      this.emitChanged();
    }
  }

  private async _readTile(
    region: ImageRegion,
    binning: number,
    how: 'mean' | 'nearest',
    signal: AbortSignal
  ): Promise<Tile> {
    const values = await this._client.pixels(this._of, { ...region, binning, how }, signal);
    const columns = Math.ceil(region.width / binning);
    return { region, binning, columns, rows: Math.ceil(region.height / binning), values };
  }

  private _fail(thrown: unknown, generation: number): void {
    if (generation === this._generation) {
      this.error = asEsapError(thrown);
    }
  }
}
