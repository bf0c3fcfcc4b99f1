import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { graticule } from '../models/graticule';
import type { Place } from '../models/regions';
import {
  cameraAround,
  degreesPerPixel,
  edgeOf,
  nearer,
  projectionOf,
  seenCircle,
  turned,
  turnedBy,
  type ProjectionName,
  type SkyCamera
} from '../models/skyGeometry';
import type { Seen, TableSky } from '../models/tableSky';
import {
  drawBackground,
  drawCells,
  drawCircle,
  drawGraticule,
  drawLabels,
  drawPoints,
  drawRegions,
  type SkyDrawing
} from './skyDrawing';
import { SkyHands } from './skyHands';

const NEAR = 8;
/** A cell of HEALPix of order 0, in degrees. */
const WIDEST_CELL = 58.6;
/** How many pixels a cell of a map takes. */
const CELL_PIXELS = 5;

/** The rows of a table on the sky, which one can turn, zoom and read. */
export class SkyPlot extends Widget {
  /** What is said of a row. */
  describe: (row: number) => string = row => String(row + 1);
  camera: SkyCamera = { projection: 'stereographic', center: [0, 0], radius: 90 };
  sexagesimal = true;
  readonly size = { width: 0, height: 0 };
  private readonly _canvas = document.createElement('canvas');
  private readonly _hands: SkyHands;
  private readonly _observer: ResizeObserver;
  private readonly _seen = new Signal<this, Seen>(this);
  private readonly _picked = new Signal<this, number>(this);
  private readonly _pointed = new Signal<this, Place | null>(this);
  private _sky: TableSky | null = null;
  private _fitted = -1;
  private _marked: ReadonlySet<number> = new Set();
  private _row: number | null = null;
  private _pixels: Float32Array = new Float32Array();
  private _paths: Path2D[] = [];
  private _frame = 0;

  constructor(options: { label: string; trans: TranslationBundle }) {
    super();
    this.addClass('esap-SkyPlot');
    this.addClass('esap-Chart');
    this.node.append(this._canvas);
    this._hands = new SkyHands(this, options.label, options.trans);
    this._observer = new ResizeObserver(() => {
      this.size.width = this.node.clientWidth;
      this.size.height = this.node.clientHeight;
      this._drawSoon();
    });
    this._observer.observe(this.node);
  }

  override dispose(): void {
    this._observer.disconnect();
    cancelAnimationFrame(this._frame);
    Signal.clearData(this);
    super.dispose();
  }

  /** Emitted when another part of the sky is looked at. */
  get seen(): ISignal<this, Seen> {
    return this._seen;
  }

  /** Emitted with the row that was clicked, or at which Enter was pressed. */
  get picked(): ISignal<this, number> {
    return this._picked;
  }

  /** Emitted with the place under the pointer. */
  get pointed(): ISignal<this, Place | null> {
    return this._pointed;
  }

  /** Show rows; they are all seen when they are others than before. */
  draw(sky: TableSky, summary: string): void {
    const isOther = this._sky !== sky || this._fitted !== sky.version;
    this._sky = sky;
    this._hands.summarise(summary);
    if (isOther && (sky.points ?? sky.density)) {
      this._fitted = sky.version;
      this.showAll();
    }
    this._drawSoon();
  }

  mark(rows: ReadonlySet<number>): void {
    this._marked = rows;
    this._drawSoon();
  }

  /** The row that is read. */
  get row(): number | null {
    return this._row;
  }

  set row(row: number | null) {
    if (row !== this._row) {
      this._row = row;
      this._drawSoon();
    }
  }

  applyTheme(): void {
    this._drawSoon();
  }

  /** See all rows, footprints and the search's circle. */
  showAll(): void {
    const { _sky: sky } = this;
    if (sky) {
      const { searched } = sky;
      const edges = [...sky.regions.map(each => each.region), ...(searched ? [searched] : [])].flatMap(edgeOf);
      const places = [...sky.places, ...edges];
      if (places.length > 0) {
        this.look(cameraAround(places, this.camera.projection));
      }
    }
  }

  project(projection: ProjectionName): void {
    this.camera = { ...this.camera, projection };
    this._row = null;
    this.showAll();
  }

  zoom(factor = 1.5): void {
    this.look(nearer(this.camera, factor));
  }

  turn(left: number, up: number): void {
    this.look(turnedBy(this.camera, left, up));
  }

  look(camera: SkyCamera): void {
    this.camera = camera;
    this._drawSoon();
    const { width, height } = this.size;
    if (width > 0 && height > 0) {
      const wanted = WIDEST_CELL / (CELL_PIXELS * degreesPerPixel(camera, this.size));
      const order = Math.min(Math.max(Math.ceil(Math.log2(wanted)), 3), 13);
      this._seen.emit({ within: seenCircle(camera, this.size), order });
    }
  }

  /** Which place is at a pixel; null beside the sky. */
  placeAt(x: number, y: number): Place | null {
    const projection = projectionOf(this.camera, this.size);
    const found = projection.invert?.([x, y]);
    if (!found?.every(Number.isFinite)) {
      return null;
    }
    // Beside the sky the inverse gives a place all the same, which lies elsewhere.
    const back = projection(found);
    return back && Math.hypot(back[0] - x, back[1] - y) < 1 ? [turned(found[0]), found[1]] : null;
  }

  /** The row at a pixel: the nearest source, else the topmost footprint. */
  rowAt(x: number, y: number): number | null {
    let nearest: number | null = null;
    let least = NEAR;
    for (let index = 0; 2 * index < this._pixels.length; index++) {
      const away = Math.hypot((this._pixels[2 * index] ?? NaN) - x, (this._pixels[2 * index + 1] ?? NaN) - y);
      if (away < least) {
        least = away;
        nearest = this._sky?.points?.rows[index] ?? null;
      }
    }
    if (nearest !== null) {
      return nearest;
    }
    const context = this._canvas.getContext('2d');
    const ratio = window.devicePixelRatio;
    const found = this._paths.findLastIndex(path => context?.isPointInPath(path, x * ratio, y * ratio));
    return this._sky?.regions[found]?.row ?? null;
  }

  /** The next row of those that are seen. */
  step(forwards: boolean): number | null {
    const seen = [...(this._sky?.points?.rows ?? [])].filter((_, index) => this._isInside(index));
    const at = this._row === null ? -1 : seen.indexOf(this._row);
    const next = at < 0 ? (forwards ? 0 : seen.length - 1) : at + (forwards ? 1 : -1);
    this.row = seen[Math.min(Math.max(next, 0), seen.length - 1)] ?? null;
    return this.row;
  }

  pick(row: number): void {
    this._picked.emit(row);
  }

  point(place: Place | null): void {
    this._pointed.emit(place);
  }

  /** Where a row is drawn. */
  pixelOfRow(row: number): { x: number; y: number } | null {
    const index = this._sky?.points?.rows.indexOf(row) ?? -1;
    const x = this._pixels[2 * index];
    return index < 0 || x === undefined || Number.isNaN(x) ? null : { x, y: this._pixels[2 * index + 1] ?? NaN };
  }

  toPng(): Promise<Blob> {
    this._paint();
    return new Promise((resolve, reject) => {
      this._canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('The plot is empty.'))), 'image/png');
    });
  }

  private _isInside(index: number): boolean {
    const [x = NaN, y = NaN] = this._pixels.slice(2 * index, 2 * index + 2);
    return x >= 0 && y >= 0 && x <= this.size.width && y <= this.size.height;
  }

  private _drawSoon(): void {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => this._paint());
  }

  private _paint(): void {
    const context = this._canvas.getContext('2d');
    const { width, height } = this.size;
    if (!context || width < 60 || height < 60) {
      return;
    }
    const ratio = window.devicePixelRatio;
    this._canvas.width = Math.round(width * ratio);
    this._canvas.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    const { camera, size, _sky: sky } = this;
    const drawing: SkyDrawing = { context, size, camera, projection: projectionOf(camera, size) };
    const lines = graticule(camera, size, this.sexagesimal);
    drawBackground(drawing);
    if (sky?.density) {
      drawCells(drawing, sky.density);
    }
    drawGraticule(drawing, lines);
    this._paths = drawRegions(drawing, sky?.regions ?? [], this._marked);
    if (sky?.searched) {
      drawCircle(drawing, sky.searched);
    }
    this._pixels = sky?.points ? drawPoints(drawing, sky.points, this._marked) : new Float32Array();
    drawLabels(drawing, lines);
    this._hands.place(this._row);
  }
}
