import { COLOURS } from './palettes';

export const STRETCHES = ['linear', 'sqrt', 'log', 'asinh'] as const;
export type StretchName = (typeof STRETCHES)[number];

/** Values that become the first and the last colour. */
export interface Range {
  low: number;
  high: number;
}

const LOG_SCALE = 1000;
const ASINH_SCALE = 10;
/** So fine that a step is less than one of the colours, even where the logarithm is steep. */
const STEPS = 1 << 16;

/** Where a value stands between the limits (from 0 to 1) becomes how bright it is; as astropy.visualization has it. */
export function stretched(name: StretchName, place: number): number {
  switch (name) {
    case 'linear':
      return place;
    case 'sqrt':
      return Math.sqrt(place);
    case 'log':
      return Math.log1p(LOG_SCALE * place) / Math.log1p(LOG_SCALE);
    case 'asinh':
      return Math.asinh(ASINH_SCALE * place) / Math.asinh(ASINH_SCALE);
  }
}

/** Turns values into colours. */
export class Colours {
  /** For each step between the limits, a pixel as a canvas stores it. */
  private readonly _lookup = new Uint32Array(STEPS + 1);

  constructor(
    stretch: StretchName,
    palette: Uint8ClampedArray,
    private readonly _range: Range
  ) {
    const bytes = new Uint8ClampedArray(this._lookup.buffer);
    for (let step = 0; step <= STEPS; step += 1) {
      const colour = 3 * Math.round(stretched(stretch, step / STEPS) * (COLOURS - 1));
      bytes.set(palette.subarray(colour, colour + 3), 4 * step);
      bytes[4 * step + 3] = 255;
    }
  }

  /** The pixels of a canvas, the highest row first; what is blank stays transparent. */
  paint(values: Float32Array, columns: number, rows: number): Uint8ClampedArray<ArrayBuffer> {
    const pixels = new Uint32Array(columns * rows);
    const { low, high } = this._range;
    const factor = high > low ? STEPS / (high - low) : 0;
    for (let row = 0; row < rows; row += 1) {
      const from = row * columns;
      const to = (rows - 1 - row) * columns;
      for (let column = 0; column < columns; column += 1) {
        const value = values[from + column] ?? NaN;
        if (value === value) {
          const place = (value - low) * factor;
          // Whole steps, within bounds, infinite values too.
          pixels[to + column] = this._lookup[place > 0 ? (place < STEPS ? place | 0 : STEPS) : 0] ?? 0;
        }
      }
    }
    return new Uint8ClampedArray(pixels.buffer);
  }
}
