import { COLOURS } from '../models/palettes';
import { valueInWords } from '../models/pointer';
import { roundAngle, type Orientation } from '../models/skyGrid';
import { stretched, type Range, type StretchName } from '../models/stretch';
import type { Viewport } from '../models/viewport';

/* What is drawn over an image is white on a dark ground, since an image may have any colour, in every theme. */
const INK = '#fff';
const GROUND = 'rgba(0, 0, 0, 0.6)';
const FONT = '12px sans-serif';
const EDGE = 12;
const COMPASS = 34;
const BAR = { width: 180, height: 10 };

/** Which way north and east are. */
export function drawCompass(context: CanvasRenderingContext2D, view: Viewport, { north, east }: Orientation): void {
  const around = COMPASS + 16;
  const [x, y] = [view.width - EDGE - around, EDGE + around];
  context.save();
  context.fillStyle = GROUND;
  context.beginPath();
  context.arc(x, y, around, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = context.fillStyle = INK;
  context.lineWidth = 1.5;
  context.font = FONT;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const [letter, [right, up]] of [
    ['N', north],
    ['E', east]
  ] as const) {
    const [endX, endY] = [x + right * COMPASS * 0.8, y - up * COMPASS * 0.8];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(endX, endY);
    for (const side of [-1, 1]) {
      context.moveTo(endX, endY);
      context.lineTo(endX - 6 * right - side * 4 * up, endY + 6 * up - side * 4 * right);
    }
    context.stroke();
    context.fillText(letter, x + right * (COMPASS + 4), y - up * (COMPASS + 4));
  }
  context.restore();
}

/** How long an angle is here. */
export function drawScaleBar(context: CanvasRenderingContext2D, view: Viewport, { pixelSize }: Orientation): void {
  const longest = Math.min(160, view.width / 4);
  const { degrees, text } = roundAngle((longest / view.scale) * pixelSize);
  const length = (degrees / pixelSize) * view.scale;
  const [x, y] = [EDGE, view.height - EDGE - 30];
  ground(context, x, y, length + 20, 30);
  context.save();
  context.strokeStyle = context.fillStyle = INK;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x + 10, y + 19);
  context.lineTo(x + 10, y + 23);
  context.lineTo(x + 10 + length, y + 23);
  context.lineTo(x + 10 + length, y + 19);
  context.stroke();
  context.font = FONT;
  context.textAlign = 'center';
  context.fillText(text, x + 10 + length / 2, y + 14);
  context.restore();
}

/** Which value has which colour. */
export function drawColourBar(
  context: CanvasRenderingContext2D,
  view: Viewport,
  palette: Uint8ClampedArray,
  { low, high }: Range,
  stretch: StretchName
): void {
  if (view.width < 420) {
    return;
  }
  const [x, y] = [view.width - EDGE - BAR.width - 20, view.height - EDGE - 38];
  ground(context, x, y, BAR.width + 20, 38);
  context.save();
  for (let column = 0; column < BAR.width; column += 1) {
    const colour = 3 * Math.round((column / (BAR.width - 1)) * (COLOURS - 1));
    context.fillStyle = `rgb(${[...palette.subarray(colour, colour + 3)].join(' ')})`;
    context.fillRect(x + 10 + column, y + 8, 1.5, BAR.height);
  }
  context.strokeStyle = context.fillStyle = INK;
  context.lineWidth = 1;
  context.strokeRect(x + 9.5, y + 7.5, BAR.width + 1, BAR.height + 1);
  context.font = '11px sans-serif';
  // The bar is even in colours; the value in its middle depends on the stretch.
  const middle = low + (high - low) * placeOf(stretch, 0.5);
  for (const [place, value, align] of [
    [0, low, 'left'],
    [0.5, middle, 'center'],
    [1, high, 'right']
  ] as const) {
    context.textAlign = align;
    context.fillText(valueInWords(Number(value.toPrecision(4))), x + 10 + place * BAR.width, y + 32);
  }
  context.restore();
}

/** The place that keys move. */
export function drawCross(context: CanvasRenderingContext2D, x: number, y: number): void {
  context.save();
  for (const [colour, width] of [
    [GROUND, 4],
    [INK, 1.5]
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const [right, down] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1]
    ] as const) {
      context.moveTo(x + 4 * right, y + 4 * down);
      context.lineTo(x + 14 * right, y + 14 * down);
    }
    context.stroke();
  }
  context.restore();
}

function ground(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  context.save();
  context.fillStyle = GROUND;
  context.beginPath();
  context.roundRect(x, y, width, height, 4);
  context.fill();
  context.restore();
}

/** Where between the limits a value is that is so bright. */
function placeOf(stretch: StretchName, brightness: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (stretched(stretch, middle) < brightness) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (low + high) / 2;
}
