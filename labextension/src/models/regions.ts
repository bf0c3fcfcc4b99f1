/** Parts of the sky that a row covers, as ObsCore and SIA2 write them. */

export type Place = readonly [ra: number, dec: number];

/** A region in ICRS degrees. */
export type Region =
  | { kind: 'circle'; center: Place; radius: number }
  | { kind: 'polygon'; corners: readonly Place[] };

/**
 * Read a region: numbers of a DALI 1.1 `circle` or `polygon` (xtype), or text, that of STC-S
 * (TAP 1.0, section 6) with its frame, or of DALI `shape`, which has none. Null if it is none that is known.
 */
export function readRegion(value: unknown, xtype = ''): Region | null {
  if (typeof value === 'string') {
    return readText(value);
  }
  const numbers = numbersOf(value);
  if (!numbers) {
    return null;
  }
  if (xtype === 'circle' || (xtype !== 'polygon' && numbers.length === 3)) {
    return circleOf(numbers);
  }
  return polygonOf(numbers);
}

/** The field of view of an observation whose footprint is not told: a circle of that diameter. */
export function fieldOfView(ra: unknown, dec: unknown, diameter: unknown): Region | null {
  const [x, y, size] = [ra, dec, diameter].map(value => (typeof value === 'number' ? value : NaN));
  return x === undefined || y === undefined || size === undefined ? null : circleOf([x, y, size / 2]);
}

const SHAPES: Record<string, (numbers: readonly number[]) => Region | null> = {
  CIRCLE: circleOf,
  POLYGON: polygonOf,
  BOX: boxOf,
  RANGE: rangeOf
};

/** Frames whose axes are those of ICRS within a fraction of an arcsecond; without one it is ICRS. */
const FRAME = /^(ICRS|J2000|FK5|UNKNOWNFRAME)$/;
const BESIDE = /^(ICRS|J2000|FK[45]|B1950|GALACTIC|ECLIPTIC|GEOCENTER|BARYCENTER|HELIOCENTER|TOPOCENTER|LSR\w?|RELOCATABLE|UNKNOWN\w+|SPHERICAL2|CARTESIAN2)$/;

function readText(text: string): Region | null {
  const words = text.trim().toUpperCase().replace(/[(),]/g, ' ').split(/\s+/);
  const shape = SHAPES[words[0] ?? ''];
  if (!shape) {
    return null;
  }
  const beside: string[] = [];
  let at = 1;
  while (at < words.length && BESIDE.test(words[at] ?? '')) {
    beside.push(words[at] ?? '');
    at += 1;
  }
  const frame = beside.find(word => /^(ICRS|J2000|FK[45]|B1950|GALACTIC|ECLIPTIC|UNKNOWNFRAME)$/.test(word));
  if ((frame && !FRAME.test(frame)) || beside.includes('CARTESIAN2')) {
    return null;
  }
  const numbers: number[] = [];
  for (; at < words.length && /^[-+.\d]/.test(words[at] ?? ''); at++) {
    numbers.push(Number(words[at]));
  }
  return shape(numbers);
}

function circleOf(numbers: readonly number[]): Region | null {
  const [ra = NaN, dec = NaN, radius = NaN] = numbers;
  return numbers.length === 3 && isPlace(ra, dec) && radius > 0 && radius <= 180
    ? { kind: 'circle', center: [turned(ra), dec], radius }
    : null;
}

function polygonOf(numbers: readonly number[]): Region | null {
  const corners: Place[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    const [ra = NaN, dec = NaN] = numbers.slice(at, at + 2);
    if (!isPlace(ra, dec)) {
      return null;
    }
    const last = corners.at(-1);
    if (last?.[0] !== turned(ra) || last[1] !== dec) {
      corners.push([turned(ra), dec]);
    }
  }
  const [first, last] = [corners[0], corners.at(-1)];
  if (corners.length > 1 && first?.[0] === last?.[0] && first?.[1] === last?.[1]) {
    corners.pop();
  }
  return numbers.length % 2 === 0 && corners.length >= 3 ? { kind: 'polygon', corners } : null;
}

/** A box about a place, its width and height measured along great circles through it. */
function boxOf(numbers: readonly number[]): Region | null {
  const [ra = NaN, dec = NaN, width = NaN, height = NaN] = numbers;
  if (numbers.length !== 4 || !isPlace(ra, dec) || !(width > 0 && height > 0)) {
    return null;
  }
  const corners = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1]
  ].map(([east = 0, north = 0]) => standardToSky([ra, dec], (east * width) / 2, (north * height) / 2));
  return { kind: 'polygon', corners };
}

/** A DALI 1.2 range of longitude and latitude. */
function rangeOf(numbers: readonly number[]): Region | null {
  const [west = NaN, east = NaN, south = NaN, north = NaN] = numbers;
  return numbers.length === 4 && isPlace(west, south) && isPlace(east, north)
    ? polygonOf([west, south, east, south, east, north, west, north])
    : null;
}

/** Standard coordinates, in degrees at the middle of the tangent plane, as a place on the sky. */
function standardToSky([ra, dec]: Place, xi: number, eta: number): Place {
  const degree = Math.PI / 180;
  const [x, y, latitude] = [Math.tan(xi * degree), Math.tan(eta * degree), dec * degree];
  const below = Math.cos(latitude) - y * Math.sin(latitude);
  const longitude = Math.atan2(x, below);
  const high = Math.atan2(Math.sin(latitude) + y * Math.cos(latitude), Math.hypot(x, below));
  return [turned(ra + longitude / degree), high / degree];
}

function numbersOf(value: unknown): number[] | null {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
    return null;
  }
  const numbers = [...(value as Iterable<unknown>)].map(Number);
  // A column of arrays of one length pads the shorter with NaN.
  while (numbers.length > 0 && Number.isNaN(numbers.at(-1))) {
    numbers.pop();
  }
  return numbers.every(Number.isFinite) ? numbers : null;
}

function isPlace(ra: number, dec: number): boolean {
  return Number.isFinite(ra) && Math.abs(dec) <= 90;
}

/** From 0 to 360. */
function turned(ra: number): number {
  return ((ra % 360) + 360) % 360;
}
