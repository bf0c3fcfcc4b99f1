import { scaleLinear, scaleLog, type ScaleContinuousNumeric } from 'd3-scale';

/** What an axis shows. */
export interface ChartAxis {
  label: string;
  unit: string;
  log?: boolean;
  /** The greatest value at the left or the bottom, as for magnitudes. */
  reversed?: boolean;
}

export interface ChartAxes {
  x: ChartAxis;
  y: ChartAxis;
}

/** From the least to the greatest value. */
export type Range = readonly [number, number];

/** The part of the plane that is seen. */
export interface ChartView {
  x: Range;
  y: Range;
}

export type Scale = ScaleContinuousNumeric<number, number>;

const PADDING = 0.04;

/** Whether a value has a place on an axis. */
export function isShown(value: number, axis: ChartAxis): boolean {
  return Number.isFinite(value) && (!axis.log || value > 0);
}

/** The range of all values that an axis can show, with a little room around them. */
export function rangeOf(values: Iterable<Float64Array>, axis: ChartAxis): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const array of values) {
    for (const value of array) {
      if (isShown(value, axis)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  return low > high ? (axis.log ? [1, 10] : [0, 1]) : padded([low, high], axis);
}

/** A range with a little room around it. */
export function padded(range: Range, axis: ChartAxis): Range {
  const [low, high] = range;
  if (low === high) {
    const room = axis.log ? 2 : Math.abs(low) / 2 || 0.5;
    return axis.log ? [low / room, low * room] : [low - room, low + room];
  }
  return zoomed(range, axis, 1 + 2 * PADDING, 0.5);
}

/** A range so many times as wide, with one place of it, from 0 to 1, staying where it is. */
export function zoomed(range: Range, axis: ChartAxis, factor: number, place: number): Range {
  const [low, high] = straight(range, axis);
  const fixed = low + (high - low) * place;
  return curved([fixed - (fixed - low) * factor, fixed + (high - fixed) * factor], axis);
}

/** A range moved by a part of its own width. */
export function moved(range: Range, axis: ChartAxis, part: number): Range {
  const [low, high] = straight(range, axis);
  const step = (high - low) * part;
  return curved([low + step, high + step], axis);
}

/** Whether two values of an axis are still told apart by double precision. */
export function isWide(range: Range): boolean {
  const [low, high] = range;
  return (
    Number.isFinite(low) && Number.isFinite(high) && high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high))
  );
}

/** A scale from values to pixels; y grows upwards unless it is reversed. */
export function scaleOf(axis: ChartAxis, range: Range, [from, to]: Range): Scale {
  const pixels = axis.reversed ? [to, from] : [from, to];
  return (axis.log ? scaleLog() : scaleLinear()).domain(range).range(pixels);
}

/** Where an axis has ticks, and what is written at them. */
export function ticksOf(scale: Scale, axis: ChartAxis, count: number): { value: number; text: string }[] {
  const values = scale.ticks(count);
  if (!axis.log) {
    const write = plainFormat(values, scale.tickFormat(count));
    return values.map(value => ({ value, text: write(value) }));
  }
  const format = scale.tickFormat(count, '~g');
  return values.map(value => ({ value, text: powerOf(value, format(value)) }));
}

/** A label with its unit, as tables and plots have it. */
export function titleOf(axis: ChartAxis): string {
  return axis.unit ? `${axis.label} [${axis.unit}]` : axis.label;
}

const SUPERSCRIPT = '⁻⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Numbers without separators; the very large and very small with one power of ten for all. */
function plainFormat(values: readonly number[], format: (value: number) => string): (value: number) => string {
  const greatest = Math.max(...values.map(Math.abs), 0);
  if (greatest === 0 || (greatest >= 1e-3 && greatest < 1e6)) {
    return value => format(value).replaceAll(',', '');
  }
  const power = Math.floor(Math.log10(greatest) + 1e-9);
  const step = Math.abs((values[1] ?? 0) - (values[0] ?? 0)) || greatest;
  const digits = Math.max(0, power - Math.floor(Math.log10(step) + 1e-9));
  return value => (value === 0 ? '0' : `${(value / 10 ** power).toFixed(Math.min(digits, 20))}×${tenTo(power)}`);
}

/** Large and small powers of ten are written as such. */
function powerOf(value: number, text: string): string {
  const power = Math.round(Math.log10(value));
  const isPower = Math.abs(value / 10 ** power - 1) < 1e-9;
  return text === '' || !isPower || Math.abs(power) < 4 ? text : tenTo(power);
}

function tenTo(power: number): string {
  return `10${String(power).replace(/[-\d]/g, sign => SUPERSCRIPT['-0123456789'.indexOf(sign)] ?? sign)}`;
}

function straight(range: Range, axis: ChartAxis): Range {
  return axis.log ? [Math.log10(range[0]), Math.log10(range[1])] : range;
}

function curved(range: Range, axis: ChartAxis): Range {
  return axis.log ? [10 ** range[0], 10 ** range[1]] : range;
}
