import type { ImageRegion } from './viewport';

type Vector = readonly [number, number, number];

/** A place on the sky, degrees. */
export interface SkyPlace {
  longitude: number;
  latitude: number;
}

/** Directions in an image, and how large its pixels are on the sky. */
export interface Orientation {
  /** Unit vectors in the image, y going up. */
  north: readonly [number, number];
  east: readonly [number, number];
  /** Degrees per pixel. */
  pixelSize: number;
}

const DEGREE = Math.PI / 180;

/** Where a region of an image is on the sky, interpolated between places that the server gave. */
export class SkyGrid {
  private readonly _nodes: number;

  constructor(
    readonly region: ImageRegion,
    private readonly _vectors: Float64Array
  ) {
    this._nodes = Math.round(Math.sqrt(_vectors.length / 3));
  }

  /** Where a place of the image is (the middle of the first pixel is 1, 1); null if that is not known. */
  at(x: number, y: number): SkyPlace | null {
    const vector = this._vector(x, y);
    if (!vector) {
      return null;
    }
    const [i, j, k] = vector;
    const longitude = Math.atan2(j, i) / DEGREE;
    return { longitude: (longitude + 360) % 360, latitude: Math.atan2(k, Math.hypot(i, j)) / DEGREE };
  }

  /** Which way north and east are; null where there is no sky. */
  orientation(x: number, y: number): Orientation | null {
    const [here, right, up] = [this._vector(x, y), this._vector(x + 0.5, y), this._vector(x, y + 0.5)];
    const [left, down] = [this._vector(x - 0.5, y), this._vector(x, y - 0.5)];
    if (!here || !right || !up || !left || !down) {
      return null;
    }
    const away = Math.hypot(here[0], here[1]) || Number.EPSILON;
    const east: Vector = [-here[1] / away, here[0] / away, 0];
    const north: Vector = [-here[2] * east[1], here[2] * east[0], away];
    // How far east and north one comes by a pixel to the right, and by one up.
    const across = minus(right, left);
    const along = minus(up, down);
    const [a, b, c, d] = [dot(across, east), dot(along, east), dot(across, north), dot(along, north)];
    const area = a * d - b * c;
    if (!area) {
      return null;
    }
    return {
      north: unit(-b / area, a / area),
      east: unit(d / area, -c / area),
      pixelSize: Math.sqrt(Math.abs(area)) / DEGREE
    };
  }

  private _vector(x: number, y: number): Vector | null {
    const cells = this._nodes - 1;
    const across = ((x - 0.5 - this.region.x) / this.region.width) * cells;
    const up = ((y - 0.5 - this.region.y) / this.region.height) * cells;
    if (!(across >= 0 && across <= cells && up >= 0 && up <= cells)) {
      return null;
    }
    const [column, row] = [Math.min(Math.floor(across), cells - 1), Math.min(Math.floor(up), cells - 1)];
    const [s, t] = [across - column, up - row];
    const first = 3 * (row * this._nodes + column);
    const above = first + 3 * this._nodes;
    const mixed = [0, 1, 2].map(
      axis =>
        (1 - t) * ((1 - s) * this._value(first + axis) + s * this._value(first + 3 + axis)) +
        t * ((1 - s) * this._value(above + axis) + s * this._value(above + 3 + axis))
    );
    const [i = NaN, j = NaN, k = NaN] = mixed;
    const length = Math.hypot(i, j, k);
    return Number.isFinite(length) && length > 0 ? [i / length, j / length, k / length] : null;
  }

  private _value(index: number): number {
    return this._vectors[index] ?? NaN;
  }
}

/** Hours, or degrees, with minutes and seconds; `digits` of the seconds after the point. */
export function sexagesimal(degrees: number, inHours: boolean, digits: number): string {
  const angle = inHours ? (degrees - 360 * Math.floor(degrees / 360)) / 15 : Math.abs(degrees);
  const whole = Math.round(angle * 3600 * 10 ** digits);
  const seconds = (whole / 10 ** digits) % 60;
  const minutes = Math.floor(whole / 10 ** digits / 60) % 60;
  let units = Math.floor(whole / 10 ** digits / 3600);
  if (inHours) {
    units %= 24;
  }
  const padded = seconds.toFixed(digits).padStart(digits > 0 ? digits + 3 : 2, '0');
  const [first, second, third] = inHours ? ['h', 'm', 's'] : ['°', '′', '″'];
  const sign = inHours ? '' : degrees < 0 && whole > 0 ? '−' : '+';
  return `${sign}${String(units).padStart(2, '0')}${first}${String(minutes).padStart(2, '0')}${second}${padded}${third}`;
}

/** A length on the sky that is round, not longer than a given one, and how it is written. */
export function roundAngle(most: number): { degrees: number; text: string } {
  for (const [unit, size] of [
    ['°', 1],
    ['′', 1 / 60],
    ['″', 1 / 3600],
    ['mas', 1 / 3_600_000]
  ] as const) {
    if (most >= size || unit === 'mas') {
      const power = 10 ** Math.floor(Math.log10(most / size));
      const round = [5, 3, 2, 1].find(each => each * power * size <= most) ?? 1;
      const amount = Number((round * power).toPrecision(1));
      return { degrees: amount * size, text: `${amount}${unit}` };
    }
  }
  return { degrees: most, text: '' };
}

function minus(one: Vector, other: Vector): Vector {
  return [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
}

function dot(one: Vector, other: Vector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

function unit(x: number, y: number): [number, number] {
  const length = Math.hypot(x, y) || 1;
  return [x / length, y / length];
}
