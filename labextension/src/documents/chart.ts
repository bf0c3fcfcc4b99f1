import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { formatValue } from './cells';
import {
  isShown,
  isWide,
  moved,
  rangeOf,
  scaleOf,
  zoomed,
  type ChartAxes,
  type ChartView,
  type Range
} from './chartAxes';
import {
  clipped,
  drawAxes,
  drawDensity,
  drawMarks,
  drawSeries,
  pointRadius,
  seriesColor,
  widestTick,
  type ChartDensity,
  type ChartPlace,
  type ChartSeries,
  type Drawing
} from './chartDrawing';
import { ChartHands } from './chartHands';
import { themeColor } from './themeColors';

export type { ChartAxes, ChartAxis, ChartView } from './chartAxes';
export type { ChartDensity, ChartPlace, ChartSeries } from './chartDrawing';

/** A point of a series. */
export interface ChartPoint {
  series: number;
  index: number;
}

const BOTTOM = 44;
const TOP = 10;
const RIGHT = 16;
const LEFT = 34;
/** How near the pointer must come to a point, in pixels. */
const NEAR = 8;
const ZOOM = 1.5;

/** A plot of one thing against another, which one can zoom, read and mark by mouse and keyboard. */
export class Chart extends Widget {
  /** What is said of a point; its values, if nothing else is wanted. */
  describe: (point: ChartPoint) => string = point => this._values(point);
  /** Whether dragging marks points rather than zooms. */
  brushing = false;
  /** What is seen; null until something was drawn. */
  view: ChartView | null = null;
  private readonly _label: string;
  private readonly _trans: TranslationBundle;
  private readonly _canvas = document.createElement('canvas');
  private readonly _hands: ChartHands;
  private readonly _observer: ResizeObserver;
  private readonly _viewed = new Signal<this, ChartView>(this);
  private readonly _picked = new Signal<this, ChartPoint>(this);
  private readonly _brushed = new Signal<this, ChartView>(this);
  private _axes: ChartAxes = { x: { label: '', unit: '' }, y: { label: '', unit: '' } };
  private _series: readonly ChartSeries[] = [];
  private _density: ChartDensity | null = null;
  private _marks: readonly ChartPlace[] = [];
  private _point: ChartPoint | null = null;
  private _whole: ChartView = { x: [0, 1], y: [0, 1] };
  private _drawing: Drawing | null = null;
  private _frame = 0;

  constructor(options: { label: string; trans?: TranslationBundle }) {
    super();
    this.addClass('esap-Chart');
    this._label = options.label;
    this._trans = options.trans ?? nullTranslator.load('esap_jupyter');
    this.node.append(this._canvas);
    this._hands = new ChartHands(this, this._label, this._trans);
    this._observer = new ResizeObserver(() => this._drawSoon());
    this._observer.observe(this.node);
  }

  override dispose(): void {
    this._observer.disconnect();
    cancelAnimationFrame(this._frame);
    Signal.clearData(this);
    super.dispose();
  }

  /** Emitted when one has zoomed or moved. */
  get viewed(): ISignal<this, ChartView> {
    return this._viewed;
  }

  /** Emitted when a point was clicked, or Enter pressed at it. */
  get picked(): ISignal<this, ChartPoint> {
    return this._picked;
  }

  /** Emitted when a rectangle was dragged to mark what is in it. */
  get brushed(): ISignal<this, ChartView> {
    return this._brushed;
  }

  /** Show series; all of them are seen, unless the view is to stay as it is. */
  draw(series: readonly ChartSeries[], axes: ChartAxes, keepView = false): void {
    const x = rangeOf(series.map(each => each.x), axes.x);
    const y = rangeOf(series.flatMap(each => [each.y, ...withErrors(each)]), axes.y);
    this._show(series, null, axes, { x, y }, keepView);
  }

  /** Show how many rows lie where, of a whole that may be more than the map shows. */
  drawDensity(density: ChartDensity, axes: ChartAxes, whole: ChartView, keepView = false): void {
    this._show([], density, axes, whole, keepView);
  }

  /** Mark some places. */
  mark(places: readonly ChartPlace[]): void {
    this._marks = places;
    this._drawSoon();
  }

  /** Where the reading mark is. */
  get point(): ChartPoint | null {
    return this._point;
  }

  set point(point: ChartPoint | null) {
    if (point?.series !== this._point?.series || point?.index !== this._point?.index) {
      this._point = point;
      this._drawSoon();
    }
  }

  /** Take the colours of the theme that is on. */
  applyTheme(): void {
    this._drawSoon();
  }

  /** See everything. */
  reset(): void {
    this.look(this._whole);
  }

  /** Zoom in (more than 1) or out about a place of the frame, from 0 to 1 along the pixels; its middle if none is given. */
  zoom(factor = ZOOM, place: { x: number; y: number } = { x: 0.5, y: 0.5 }): void {
    if (this.view) {
      const { x, y } = this._axes;
      this.look({
        x: zoomed(this.view.x, x, 1 / factor, x.reversed ? 1 - place.x : place.x),
        y: zoomed(this.view.y, y, 1 / factor, y.reversed ? place.y : 1 - place.y)
      });
    }
  }

  /** Move what is seen, by parts of the frame to the right and up. */
  move(right: number, up: number): void {
    if (this.view) {
      const { x, y } = this._axes;
      this.look({
        x: moved(this.view.x, x, x.reversed ? -right : right),
        y: moved(this.view.y, y, y.reversed ? -up : up)
      });
    }
  }

  /** See a part of the plane. */
  look(view: ChartView): void {
    if (isWide(view.x) && isWide(view.y)) {
      this.view = view;
      this._drawSoon();
      this._viewed.emit(view);
    }
  }

  /** The nearest point to a place of the canvas, if any is near. */
  pointAt(x: number, y: number): ChartPoint | null {
    const { _drawing: drawing } = this;
    if (!drawing || !isInside(drawing, x, y)) {
      return null;
    }
    let nearest: ChartPoint | null = null;
    let distance = NEAR;
    this._series.forEach((series, number) => {
      series.x.forEach((value, index) => {
        const away = Math.abs(drawing.x(value) - x);
        const whole = away < distance ? Math.hypot(away, drawing.y(series.y[index] ?? NaN) - y) : NaN;
        if (whole < distance) {
          distance = whole;
          nearest = { series: number, index };
        }
      });
    });
    return nearest;
  }

  /** The next point along x, of those that are seen; the first if none is read. */
  step(forwards: boolean): ChartPoint | null {
    const { _drawing: drawing, _series: all, view } = this;
    const number = this._point?.series ?? 0;
    const series = all[number];
    if (!drawing || !series || !view) {
      return null;
    }
    const seen = [...series.x.keys()].filter(
      index => within(series.x[index], view.x) && within(series.y[index], view.y)
    );
    seen.sort((one, other) => drawing.x(series.x[one] ?? 0) - drawing.x(series.x[other] ?? 0) || one - other);
    const at = this._point ? seen.indexOf(this._point.index) : -1;
    const next = at < 0 ? (forwards ? 0 : seen.length - 1) : at + (forwards ? 1 : -1);
    const index = seen[Math.min(Math.max(next, 0), seen.length - 1)];
    this.point = index === undefined ? null : { series: number, index };
    return this.point;
  }

  pick(point: ChartPoint): void {
    this._picked.emit(point);
  }

  /** The part of the plane in a rectangle of the canvas. */
  brush(fromX: number, fromY: number, toX: number, toY: number): void {
    const view = this.viewBetween(fromX, fromY, toX, toY);
    if (view) {
      this._brushed.emit(view);
    }
  }

  viewBetween(fromX: number, fromY: number, toX: number, toY: number): ChartView | null {
    const { _drawing: drawing } = this;
    if (!drawing) {
      return null;
    }
    const { frame, x, y } = drawing;
    const clampX = (at: number): number => x.invert(Math.min(Math.max(at, frame.left), frame.right));
    const clampY = (at: number): number => y.invert(Math.min(Math.max(at, frame.top), frame.bottom));
    return { x: sorted(clampX(fromX), clampX(toX)), y: sorted(clampY(fromY), clampY(toY)) };
  }

  /** The frame within the axes, in pixels of the node. */
  get frame(): Drawing['frame'] | null {
    return this._drawing?.frame ?? null;
  }

  /** Where a point is drawn, in pixels of the node. */
  placeOf(point: ChartPoint): { x: number; y: number } | null {
    const series = this._series[point.series];
    const { _drawing: drawing } = this;
    return series && drawing
      ? { x: drawing.x(series.x[point.index] ?? NaN), y: drawing.y(series.y[point.index] ?? NaN) }
      : null;
  }

  /** The plot as a PNG file. */
  toPng(): Promise<Blob> {
    this._paint();
    return new Promise((resolve, reject) => {
      this._canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('The plot is empty.'))), 'image/png');
    });
  }

  private _show(
    series: readonly ChartSeries[],
    density: ChartDensity | null,
    axes: ChartAxes,
    whole: ChartView,
    keepView: boolean
  ): void {
    this._series = series;
    this._density = density;
    this._axes = axes;
    this._marks = [];
    this._point = null;
    if (!keepView || !this.view) {
      this._whole = whole;
      this.view = whole;
    }
    this._hands.summarise(this._summary());
    this._drawSoon();
  }

  private _drawSoon(): void {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => this._paint());
  }

  private _paint(): void {
    const { clientWidth: width, clientHeight: height } = this.node;
    const context = this._canvas.getContext('2d');
    if (!context || !this.view || width < 60 || height < 60) {
      return;
    }
    const { devicePixelRatio: ratio } = window;
    this._canvas.width = Math.round(width * ratio);
    this._canvas.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    context.fillStyle = themeColor('layout-color1');
    context.fillRect(0, 0, width, height);

    const { _axes: axes, view } = this;
    const bottom = height - BOTTOM;
    const y = scaleOf(axes.y, view.y, [bottom, TOP]);
    const left = LEFT + widestTick(context, y, axes, bottom - TOP);
    const frame = { left, top: TOP, right: width - RIGHT, bottom };
    const drawing = { context, frame, axes, x: scaleOf(axes.x, view.x, [left, frame.right]), y };
    this._drawing = drawing;
    drawAxes(drawing);
    clipped(drawing, () => {
      if (this._density) {
        drawDensity(drawing, this._density);
      }
      this._series.forEach((series, number) => {
        drawSeries(drawing, series, seriesColor(number));
      });
      drawMarks(drawing, this._marks);
    });
    this._hands.place(this._point, pointRadius(this._series[0]?.x.length ?? 0));
  }

  private _values({ series, index }: ChartPoint): string {
    const shown = this._series[series];
    const { x, y } = this._axes;
    const error = shown?.error?.[index];
    const lines = [
      ...(this._series.length > 1 ? [shown?.name ?? ''] : []),
      `${x.label}: ${rounded(shown?.x[index])} ${x.unit}`,
      `${y.label}: ${rounded(shown?.y[index])}${error ? ` ± ${rounded(error)}` : ''} ${y.unit}`
    ];
    return lines.map(line => line.trim()).join('\n');
  }

  /** The plot in words. */
  private _summary(): string {
    const { _axes: axes, _trans: trans } = this;
    const counts = this._density?.counts;
    const count = counts
      ? counts.reduce((sum, each) => sum + each, 0)
      : this._series.reduce((sum, each) => sum + shownOf(each, axes), 0);
    const range = (name: 'x' | 'y'): string =>
      trans.__('%1 from %2 to %3 %4', axes[name].label, ...this._whole[name].map(rounded), axes[name].unit).trim();
    return trans.__('%1 points. %2; %3.', count.toLocaleString(), range('x'), range('y'));
  }
}

function withErrors({ y, error }: ChartSeries): Float64Array[] {
  return error ? [y.map((value, index) => value - (error[index] ?? 0)), y.map((value, index) => value + (error[index] ?? 0))] : [];
}

function shownOf({ x, y }: ChartSeries, axes: ChartAxes): number {
  return x.reduce((sum, value, index) => sum + Number(isShown(value, axes.x) && isShown(y[index] ?? NaN, axes.y)), 0);
}

function isInside({ frame }: Drawing, x: number, y: number): boolean {
  return x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom;
}

function within(value: number | undefined, [low, high]: Range): boolean {
  return value !== undefined && value >= low && value <= high;
}

function sorted(one: number, other: number): Range {
  return one < other ? [one, other] : [other, one];
}

function rounded(value: number | undefined): string {
  return value === undefined ? '' : formatValue(Number(value.toPrecision(7)));
}
