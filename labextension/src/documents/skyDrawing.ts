import { geoPath, type GeoProjection } from 'd3-geo';
import type { Points } from '../api/client';
import type { SkyDensity } from '../api/types';
import type { GraticuleLine } from '../models/graticule';
import { cellCorners } from '../models/healpix';
import type { Place, Region } from '../models/regions';
import { distance, shapeOf, showsWholeSky, type Size, type SkyCamera } from '../models/skyGeometry';
import type { RowRegion } from '../models/tableSky';
import { densityColor, pointRadius } from './chartDrawing';
import { lineColor, themeColor, themeFont, translucent } from './themeColors';

/** What is drawn on, and from where it is looked at. */
export interface SkyDrawing {
  context: CanvasRenderingContext2D;
  size: Size;
  camera: SkyCamera;
  projection: GeoProjection;
}

/** As far from the middle as the view of a part of the sky is drawn. */
const FARTHEST = 119;

/** Where a place is in pixels; null where it cannot be seen. */
export function pixelOf({ camera, projection, size }: SkyDrawing, place: Place): [number, number] | null {
  if (!showsWholeSky(camera) && distance(camera.center, place) > FARTHEST) {
    return null;
  }
  const at = projection([...place]);
  return at && at[0] > -20 && at[1] > -20 && at[0] < size.width + 20 && at[1] < size.height + 20 ? at : null;
}

export function drawBackground({ context, size, camera, projection }: SkyDrawing): void {
  context.fillStyle = themeColor('layout-color1');
  context.fillRect(0, 0, size.width, size.height);
  if (showsWholeSky(camera)) {
    context.beginPath();
    geoPath(projection, context)({ type: 'Sphere' });
    context.fillStyle = themeColor('layout-color2');
    context.fill();
  }
}

/** Lines of equal coordinates. */
export function drawGraticule({ context, projection }: SkyDrawing, lines: readonly GraticuleLine[]): void {
  context.beginPath();
  const path = geoPath(projection, context);
  for (const line of lines) {
    path({ type: 'LineString', coordinates: line.places.map(place => [...place]) });
  }
  context.strokeStyle = lineColor('border-color1');
  context.lineWidth = 1;
  context.stroke();
}

/** The edge of the sky, and what the lines are. */
export function drawLabels(drawing: SkyDrawing, lines: readonly GraticuleLine[]): void {
  const { context, size, camera, projection } = drawing;
  if (showsWholeSky(camera)) {
    context.beginPath();
    geoPath(projection, context)({ type: 'Sphere' });
    context.strokeStyle = themeColor('border-color0') || themeColor('border-color1');
    context.lineWidth = 1;
    context.stroke();
  }
  context.font = themeFont(0);
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.strokeStyle = themeColor('layout-color1');
  context.fillStyle = themeColor('ui-font-color1');
  context.textBaseline = 'middle';
  const taken: [number, number, number][] = [];
  for (const line of lines) {
    const at = labelPlace(drawing, line);
    const width = context.measureText(line.text).width;
    if (!at || taken.some(([x, y, other]) => Math.abs(x - at[0]) < (width + other) / 2 + 6 && Math.abs(y - at[1]) < 14)) {
      continue;
    }
    taken.push([...at, width]);
    context.textAlign = 'center';
    const x = Math.min(Math.max(at[0], width / 2 + 3), size.width - width / 2 - 3);
    const y = Math.min(Math.max(at[1], 9), size.height - 9);
    context.strokeText(line.text, x, y);
    context.fillText(line.text, x, y);
  }
}

/** Right ascensions are written at the bottom, of the whole sky along the equator; declinations at the left. */
function labelPlace(drawing: SkyDrawing, { axis, places }: GraticuleLine): [number, number] | null {
  const whole = showsWholeSky(drawing.camera) && drawing.camera.radius > 90;
  let best: [number, number] | null = null;
  let least = Infinity;
  for (const place of places) {
    const at = pixelOf(drawing, place);
    if (!at || at[0] < 0 || at[1] < 0 || at[0] > drawing.size.width || at[1] > drawing.size.height) {
      continue;
    }
    const away = axis === 'dec' ? at[0] : whole ? Math.abs(place[1]) : -at[1];
    if (away < least) {
      least = away;
      best = axis === 'dec' ? [at[0] + (whole ? -14 : 0), at[1]] : at;
    }
  }
  return best;
}

/** The search's circle. */
export function drawCircle({ context, projection }: SkyDrawing, region: Region): void {
  context.save();
  context.beginPath();
  geoPath(projection, context)(shapeOf(region));
  context.setLineDash([6, 4]);
  context.lineWidth = 1.5;
  context.strokeStyle = themeColor('success-color1');
  context.stroke();
  context.restore();
}

/** Footprints; the paths are to find the one under the pointer. */
export function drawRegions(
  { context, projection }: SkyDrawing,
  regions: readonly RowRegion[],
  marked: ReadonlySet<number>
): Path2D[] {
  const color = themeColor('brand-color1');
  const mark = themeColor('warn-color1');
  context.lineWidth = 1;
  return regions.map(({ row, region }) => {
    const path = new Path2D(geoPath(projection)(shapeOf(region)) ?? '');
    const isMarked = marked.has(row);
    context.fillStyle = translucentOnce(isMarked ? mark : color, isMarked ? 0.35 : regions.length > 100 ? 0.04 : 0.1);
    context.strokeStyle = isMarked ? mark : color;
    context.lineWidth = isMarked ? 2.5 : 1;
    context.fill(path);
    context.stroke(path);
    return path;
  });
}

/** Places of rows; resolves where each is in pixels, x and y in turn, NaN where it is not seen. */
export function drawPoints(drawing: SkyDrawing, points: Points, marked: ReadonlySet<number>): Float32Array {
  const { context } = drawing;
  const count = points.rows.length;
  const radius = pointRadius(count);
  const pixels = new Float32Array(2 * count).fill(NaN);
  context.fillStyle = count < 200 ? themeColor('brand-color1') : translucentOnce(themeColor('brand-color1'), 0.7);
  for (let index = 0; index < count; index++) {
    const at = pixelOf(drawing, [points.first[index] ?? NaN, points.second[index] ?? NaN]);
    if (at) {
      pixels.set(at, 2 * index);
      dot(context, at, radius);
    }
  }
  context.strokeStyle = themeColor('ui-font-color0');
  context.fillStyle = themeColor('warn-color1');
  context.lineWidth = 1.5;
  for (let index = 0; index < count && marked.size > 0; index++) {
    const x = pixels[2 * index] ?? NaN;
    if (marked.has(points.rows[index] ?? -1) && !Number.isNaN(x)) {
      dot(context, [x, pixels[2 * index + 1] ?? NaN], radius + 2.5);
      context.stroke();
    }
  }
  return pixels;
}

/** How many rows lie where, in cells of one area. */
export function drawCells(drawing: SkyDrawing, { order, cells, counts }: SkyDensity): void {
  const { context, size } = drawing;
  const color = densityColor(counts);
  // A cell that the edge of the sky cuts would be drawn across all of it.
  const widest = Math.max(60, size.width / 4);
  cells.forEach((cell, index) => {
    const corners = cellCorners(order, cell).map(corner => pixelOf(drawing, corner));
    const [first, ...others] = corners;
    if (!first || others.some(each => !each || Math.hypot(each[0] - first[0], each[1] - first[1]) > widest)) {
      return;
    }
    const style = `rgb(${color(counts[index] ?? 0).map(Math.round).join(',')})`;
    context.beginPath();
    context.moveTo(...first);
    for (const corner of others) {
      if (corner) {
        context.lineTo(...corner);
      }
    }
    context.closePath();
    context.fillStyle = style;
    context.fill();
    // Neighbours meet without a gap.
    context.strokeStyle = style;
    context.lineWidth = 0.5;
    context.stroke();
  });
}

function dot(context: CanvasRenderingContext2D, [x, y]: [number, number], radius: number): void {
  context.beginPath();
  if (radius < 2) {
    context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  } else {
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
}

const known = new Map<string, string>();

/** Asking the browser what a colour is takes longer than drawing with it. */
function translucentOnce(color: string, alpha: number): string {
  const key = `${color} ${alpha}`;
  const made = known.get(key) ?? translucent(color, alpha);
  known.set(key, made);
  return made;
}
