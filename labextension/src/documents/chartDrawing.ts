import { isShown, ticksOf, titleOf, type ChartAxes, type Range, type Scale } from './chartAxes';
import { lineColor, ramp, themeColor, themeFont, translucent } from './themeColors';

/** Points, or what joins them; `error` is that of y, either way. */
export interface ChartSeries {
  name: string;
  x: Float64Array;
  y: Float64Array;
  error?: Float64Array;
  style: 'points' | 'line' | 'steps';
}

/** How many rows lie in each cell of a grid over a part of the plane; a cell of a log axis is as wide in its logarithm. */
export interface ChartDensity {
  x: Range;
  y: Range;
  columns: number;
  rows: number;
  /** Row by row, from the least y. */
  counts: Uint32Array;
}

/** A place in the plane. */
export interface ChartPlace {
  x: number;
  y: number;
}

export interface Frame {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Drawing {
  context: CanvasRenderingContext2D;
  frame: Frame;
  axes: ChartAxes;
  x: Scale;
  y: Scale;
}

const COLORS = ['brand-color1', 'error-color1', 'success-color1', 'warn-color1', 'accent-color1', 'info-color1'];
const TICK = 5;

export function seriesColor(index: number): string {
  return themeColor(COLORS[index % COLORS.length] ?? 'brand-color1');
}

/** The grid's lines, the ticks and the labels. */
export function drawAxes({ context, frame, axes, x, y }: Drawing): void {
  const { left, top, right, bottom } = frame;
  context.font = themeFont(0);
  context.lineWidth = 1;
  const line = (fromX: number, fromY: number, toX: number, toY: number, color: string): void => {
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(Math.round(fromX) + 0.5, Math.round(fromY) + 0.5);
    context.lineTo(Math.round(toX) + 0.5, Math.round(toY) + 0.5);
    context.stroke();
  };
  const [grid, edge] = [lineColor('border-color3'), themeColor('border-color0') || themeColor('border-color1')];
  context.fillStyle = themeColor('ui-font-color1');
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const { value, text } of ticksOf(x, axes.x, Math.max(2, (right - left) / 80))) {
    const at = x(value);
    line(at, top, at, bottom, grid);
    line(at, bottom, at, bottom + (text ? TICK : 3), edge);
    context.fillText(text, at, bottom + TICK + 2);
  }
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const { value, text } of ticksOf(y, axes.y, Math.max(2, (bottom - top) / 50))) {
    const at = y(value);
    line(left, at, right, at, grid);
    line(left - (text ? TICK : 3), at, left, at, edge);
    context.fillText(text, left - TICK - 2, at);
  }
  context.strokeStyle = edge;
  context.strokeRect(left + 0.5, top + 0.5, right - left, bottom - top);

  context.font = themeFont(1, 600);
  context.fillStyle = themeColor('ui-font-color0');
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText(titleOf(axes.x), (left + right) / 2, bottom + 40, right - left);
  context.save();
  context.translate(4, (top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = 'top';
  context.fillText(titleOf(axes.y), 0, 0, bottom - top);
  context.restore();
}

/** How much room the numbers at the y axis need. */
export function widestTick(context: CanvasRenderingContext2D, y: Scale, axes: ChartAxes, height: number): number {
  context.font = themeFont(0);
  const texts = ticksOf(y, axes.y, Math.max(2, height / 50)).map(tick => tick.text);
  return Math.max(...texts.map(text => context.measureText(text).width), 0);
}

/** Draw only inside the axes. */
export function clipped({ context, frame }: Drawing, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
  context.clip();
  draw();
  context.restore();
}

export function drawSeries(drawing: Drawing, series: ChartSeries, color: string): void {
  if (series.error) {
    drawErrors(drawing, series, series.error, color);
  }
  if (series.style === 'points') {
    drawPoints(drawing, series, color);
  } else {
    drawLine(drawing, series, color);
  }
}

/** Half the width of a point: the more there are, the smaller. */
export function pointRadius(count: number): number {
  return count < 200 ? 3.5 : count < 2000 ? 2.5 : count < 10_000 ? 1.5 : 1;
}

function drawPoints(drawing: Drawing, series: ChartSeries, color: string): void {
  const { context, axes, x, y } = drawing;
  const radius = pointRadius(series.x.length);
  context.fillStyle = series.x.length < 200 ? color : translucent(color, 0.6);
  series.x.forEach((value, index) => {
    const other = series.y[index] ?? NaN;
    if (!isShown(value, axes.x) || !isShown(other, axes.y)) {
      return;
    }
    if (radius < 2) {
      context.fillRect(x(value) - radius, y(other) - radius, 2 * radius, 2 * radius);
    } else {
      context.beginPath();
      context.arc(x(value), y(other), radius, 0, 2 * Math.PI);
      context.fill();
    }
  });
}

/** A line; where a value is empty it is broken. */
function drawLine(drawing: Drawing, series: ChartSeries, color: string): void {
  const { context, axes, x, y } = drawing;
  context.strokeStyle = color;
  context.lineWidth = 1.25;
  context.lineJoin = 'round';
  context.beginPath();
  let last: { x: number; y: number } | null = null;
  series.x.forEach((value, index) => {
    const other = series.y[index] ?? NaN;
    if (!isShown(value, axes.x) || !isShown(other, axes.y)) {
      last = null;
      return;
    }
    const next = { x: x(value), y: y(other) };
    if (!last) {
      context.moveTo(next.x, next.y);
    } else if (series.style === 'steps') {
      const middle = (last.x + next.x) / 2;
      context.lineTo(middle, last.y);
      context.lineTo(middle, next.y);
      context.lineTo(next.x, next.y);
    } else {
      context.lineTo(next.x, next.y);
    }
    last = next;
  });
  context.stroke();
}

function drawErrors(drawing: Drawing, series: ChartSeries, error: Float64Array, color: string): void {
  const { context, axes, x, y } = drawing;
  context.strokeStyle = translucent(color, 0.6);
  context.lineWidth = 1;
  context.beginPath();
  series.x.forEach((value, index) => {
    const other = series.y[index] ?? NaN;
    const size = error[index] ?? NaN;
    if (!isShown(value, axes.x) || !isShown(other, axes.y) || !(size > 0)) {
      return;
    }
    const at = x(value);
    // What a log axis cannot show goes down to the edge of what is seen.
    const low = isShown(other - size, axes.y) ? other - size : Math.min(...y.domain());
    context.moveTo(at, y(low));
    context.lineTo(at, y(other + size));
  });
  context.stroke();
}

/** Places that are marked. */
export function drawMarks({ context, axes, x, y }: Drawing, places: readonly ChartPlace[]): void {
  const radius = places.length < 100 ? 5 : 3;
  context.lineWidth = 1.5;
  context.strokeStyle = themeColor('ui-font-color0');
  context.fillStyle = themeColor('warn-color1');
  for (const place of places) {
    if (isShown(place.x, axes.x) && isShown(place.y, axes.y)) {
      context.beginPath();
      context.arc(x(place.x), y(place.y), radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }
}

/** A map of how many rows lie where; the fuller a cell, the farther from the background. */
export function drawDensity(drawing: Drawing, density: ChartDensity): void {
  const { context, x, y } = drawing;
  const image = densityImage(density);
  const [fromX, toX] = density.x.map(value => x(value)) as [number, number];
  const [fromY, toY] = density.y.map(value => y(value)) as [number, number];
  context.save();
  context.imageSmoothingEnabled = false;
  // The image has its least y at the top; a reversed axis has it there too.
  context.translate(fromX, fromY);
  context.scale((toX - fromX) / density.columns, (toY - fromY) / density.rows);
  context.drawImage(image, 0, 0);
  context.restore();
}

function densityImage({ columns, rows, counts }: ChartDensity): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  const pixels = context?.createImageData(columns, rows);
  if (context && pixels) {
    const color = densityColor(counts);
    counts.forEach((count, cell) => {
      if (count > 0) {
        pixels.data.set([...color(count), 255], 4 * cell);
      }
    });
    context.putImageData(pixels, 0, 0);
  }
  return canvas;
}

/** The colour of a cell by its count, on a logarithmic scale up to the fullest. */
export function densityColor(counts: Iterable<number>): (count: number) => [number, number, number] {
  let most = 1;
  for (const count of counts) {
    most = Math.max(most, count);
  }
  const light = ramp(themeColor('layout-color1'), themeColor('brand-color1'));
  const full = ramp(themeColor('brand-color1'), themeColor('ui-font-color0'));
  return count => {
    const part = most > 1 ? Math.log(count) / Math.log(most) : 1;
    return part < 0.6 ? light(0.3 + (0.7 * part) / 0.6) : full((part - 0.6) / 0.4);
  };
}
