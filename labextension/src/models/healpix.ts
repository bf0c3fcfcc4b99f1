import type { Place } from './regions';

/**
 * The corners of a cell of HEALPix in the ring scheme, south, east, north and west of its middle
 * (Gorski et al. 2005, ApJ 622, 759, sections 4 and 5.2).
 */
export function cellCorners(order: number, cell: number): [Place, Place, Place, Place] {
  const nside = 2 ** order;
  const { x, y } = cellCenter(nside, cell);
  const half = 1 / nside;
  // A cell of a polar cap lies in one quarter of the sky, whose edges it may touch.
  const quarter = 2 * Math.floor(x / 2) + 1;
  return [
    placeAt(x, y - half, quarter),
    placeAt(x + half, y, quarter),
    placeAt(x, y + half, quarter),
    placeAt(x - half, y, quarter)
  ];
}

/** The middle of a cell. */
export function cellPlace(order: number, cell: number): Place {
  const { x, y } = cellCenter(2 ** order, cell);
  return placeAt(x, y, 2 * Math.floor(x / 2) + 1);
}

/** How many square degrees a cell has. */
export function cellArea(order: number): number {
  return 41252.96125 / (12 * 4 ** order);
}

/** The plane of the projection, in which cells are squares on their tips: x in eighths of the sky, y up to 2. */
function cellCenter(nside: number, cell: number): { x: number; y: number } {
  const inCap = 2 * nside * (nside - 1);
  const last = 12 * nside * nside - 1;
  if (cell < inCap || cell > last - inCap) {
    const south = cell >= inCap;
    const fromPole = south ? last - cell : cell;
    const ring = Math.floor((1 + Math.sqrt(1 + 2 * fromPole)) / 2);
    const counted = fromPole - 2 * ring * (ring - 1);
    const along = south ? 4 * ring - 1 - counted : counted;
    const quarter = Math.floor(along / ring);
    const inQuarter = along - quarter * ring;
    const x = 2 * quarter + 1 + (2 * inQuarter + 1 - ring) / nside;
    const y = 2 - ring / nside;
    return { x, y: south ? -y : y };
  }
  const ring = Math.floor((cell - inCap) / (4 * nside));
  const along = (cell - inCap) % (4 * nside);
  return { x: (2 * along + 1 - (ring % 2)) / nside, y: 1 - ring / nside };
}

function placeAt(x: number, y: number, quarter: number): Place {
  const degree = 180 / Math.PI;
  const away = Math.abs(y);
  if (away <= 1) {
    return [turned(45 * x), Math.asin((2 / 3) * y) * degree];
  }
  const width = 2 - away;
  const longitude = width > 1e-12 ? quarter + (x - quarter) / width : quarter;
  // From the pole, where the arc cosine would lose digits.
  const distance = 2 * Math.asin(width / Math.sqrt(6)) * degree;
  return [turned(45 * longitude), Math.sign(y) * (90 - distance)];
}

function turned(ra: number): number {
  return ((ra % 360) + 360) % 360;
}
