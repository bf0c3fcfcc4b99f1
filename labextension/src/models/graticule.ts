import { seenCircle, showsWholeSky, turned, type Size, type SkyCamera } from './skyGeometry';
import type { Place } from './regions';

/** A line of equal right ascension or declination, with what is written at it. */
export interface GraticuleLine {
  axis: 'ra' | 'dec';
  value: number;
  text: string;
  places: Place[];
}

const MINUTE = 1 / 60;
const SECOND = 1 / 3600;
const TENTHS = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
const PARTS = [30, 20, 10, 5, 2, 1];
const DEC_SEXAGESIMAL = [
  ...[30, 15, 10, 5, 2, 1],
  ...PARTS.map(part => part * MINUTE),
  ...PARTS.map(part => part * SECOND),
  ...TENTHS.map(part => part * SECOND)
];
const DECIMAL = [...[30, 15, 10, 5, 2, 1], ...TENTHS, 0.00005, 0.00002, 0.00001];
const RA_SEXAGESIMAL = [
  ...[3, 2, 1].map(hours => hours * 15),
  ...PARTS.map(part => part * 15 * MINUTE),
  ...PARTS.map(part => part * 15 * SECOND),
  ...TENTHS.map(part => part * 15 * SECOND)
];
const LINES = 4;
const PLACES = 60;

/** Lines over what is seen, about so many each way that they can be read. */
export function graticule(camera: SkyCamera, size: Size, sexagesimal: boolean): GraticuleLine[] {
  const { ra, dec, radius } = seenCircle(camera, size);
  const whole = showsWholeSky(camera) && radius > 90;
  const [south, north] = whole ? [-90, 90] : [Math.max(-90, dec - radius), Math.min(90, dec + radius)];
  // Near a pole all right ascensions are seen.
  const polar = whole || Math.abs(dec) + radius >= 89;
  const reach = polar ? 180 : Math.min(180, radius / Math.cos(Math.max(Math.abs(south), Math.abs(north)) * (Math.PI / 180)));

  const decStep = stepOf(sexagesimal ? DEC_SEXAGESIMAL : DECIMAL, (north - south) / LINES / (whole ? 1.5 : 1));
  const raStep = stepOf(sexagesimal ? RA_SEXAGESIMAL : DECIMAL, polar ? 30 : (2 * reach) / LINES);
  const lines: GraticuleLine[] = [];
  for (const value of multiples(ra - reach, ra + reach, polar ? (sexagesimal && whole ? 45 : 30) : raStep)) {
    const places = along(south, north).map((each): Place => [turned(value), each]);
    const shown = turned(value);
    if (!lines.some(line => Math.abs(line.value - shown) < 1e-9)) {
      lines.push({ axis: 'ra', value: shown, text: writeRa(shown, raStep, sexagesimal), places });
    }
  }
  for (const value of multiples(south, north, decStep).filter(each => Math.abs(each) < 90)) {
    const places = along(ra - reach, ra + reach).map((each): Place => [turned(each), value]);
    lines.push({ axis: 'dec', value, text: writeDec(value, decStep, sexagesimal), places });
  }
  return lines;
}

/** 5h, 5h 30m, 5h 30m 12s, or degrees with as many digits as the step needs. */
export function writeRa(ra: number, step: number, sexagesimal: boolean): string {
  return sexagesimal ? parts(turned(ra) / 15, step / 15, ['h', 'm', 's']) : `${ra.toFixed(digitsOf(step))}°`;
}

/** +30°, −5° 30′, or degrees with as many digits as the step needs. */
export function writeDec(dec: number, step: number, sexagesimal: boolean): string {
  const sign = dec < -1e-12 ? '−' : dec > 1e-12 ? '+' : '';
  const size = Math.abs(dec);
  return sign + (sexagesimal ? parts(size, step, ['°', '′', '″']) : `${size.toFixed(digitsOf(step))}°`);
}

function parts(value: number, step: number, signs: readonly [string, string, string]): string {
  const digits = digitsOf(step * 3600);
  const perSecond = 10 ** digits;
  const counted = Math.round(value * 3600 * perSecond);
  const whole = Math.floor(counted / (3600 * perSecond)) % (signs[0] === 'h' ? 24 : 360);
  const minutes = Math.floor(counted / (60 * perSecond)) % 60;
  const seconds = (counted % (60 * perSecond)) / perSecond;
  const written = [`${whole}${signs[0]}`];
  if (step < 1 - 1e-9) {
    written.push(`${String(minutes).padStart(2, '0')}${signs[1]}`);
  }
  if (step < MINUTE - 1e-9) {
    written.push(`${seconds.toFixed(digits).padStart(digits ? digits + 3 : 2, '0')}${signs[2]}`);
  }
  return written.join(' ');
}

function digitsOf(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-6));
}

/** The largest step that is not wider than wanted. */
function stepOf(steps: readonly number[], wanted: number): number {
  return steps.find(step => step <= wanted) ?? steps.at(-1) ?? 1;
}

function multiples(from: number, to: number, step: number): number[] {
  const found: number[] = [];
  for (let count = Math.ceil(from / step - 1e-9); count * step <= to + 1e-9; count++) {
    found.push(count * step);
  }
  return found;
}

function along(from: number, to: number): number[] {
  return Array.from({ length: PLACES + 1 }, (_, index) => from + ((to - from) * index) / PLACES);
}
