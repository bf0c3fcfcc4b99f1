import { describe, expect, it } from 'vitest';
import { moved, rangeOf, scaleOf, ticksOf, titleOf, zoomed, type ChartAxis } from '../src/documents/chartAxes';

const LINEAR: ChartAxis = { label: 'flux', unit: 'Jy' };
const LOG: ChartAxis = { ...LINEAR, log: true };
const MAGNITUDE: ChartAxis = { label: 'G', unit: 'mag', reversed: true };

describe('the axes of a plot', () => {
  it('reach a little beyond what they can show', () => {
    const [low, high] = rangeOf([Float64Array.of(1, NaN, 3, Infinity)], LINEAR);
    expect([low < 1, low > 0.8, high > 3, high < 3.2]).toEqual([true, true, true, true]);
    const [least, most] = rangeOf([Float64Array.of(-5, 0, 10, 1000)], LOG);
    expect(least).toBeGreaterThan(7);
    expect(most).toBeLessThan(1400);
  });

  it('have a width where there is one value, or none', () => {
    expect(rangeOf([Float64Array.of(4, 4)], LINEAR)).toEqual([2, 6]);
    expect(rangeOf([Float64Array.of(0)], LINEAR)).toEqual([-0.5, 0.5]);
    expect(rangeOf([Float64Array.of(10)], LOG)).toEqual([5, 20]);
    expect(rangeOf([Float64Array.of(-1)], LOG)).toEqual([1, 10]);
    expect(rangeOf([], LINEAR)).toEqual([0, 1]);
  });

  it('zoom about a place that stays where it is, and move', () => {
    expect(zoomed([0, 10], LINEAR, 0.5, 0)).toEqual([0, 5]);
    expect(zoomed([0, 10], LINEAR, 2, 0.5)).toEqual([-5, 15]);
    const [low, high] = zoomed([1, 10_000], LOG, 0.5, 0.5);
    expect([low, high].map(Math.round)).toEqual([10, 1000]);
    expect(moved([0, 10], LINEAR, 0.1)).toEqual([1, 11]);
    expect(moved([1, 100], LOG, 0.5)).toEqual([10, 1000]);
  });

  it('have magnitudes growing downwards', () => {
    const [bottom, top] = [400, 0];
    expect(scaleOf(LINEAR, [0, 10], [bottom, top])(10)).toBe(top);
    expect(scaleOf(MAGNITUDE, [0, 10], [bottom, top])(10)).toBe(bottom);
  });

  it('name the unit and write great powers as powers', () => {
    expect(titleOf(LINEAR)).toBe('flux [Jy]');
    expect(titleOf({ label: 'n', unit: '' })).toBe('n');
    const texts = ticksOf(scaleOf(LOG, [1e-6, 1e6], [0, 800]), LOG, 8).map(tick => tick.text);
    expect(texts).toContain('10⁻⁶');
    expect(texts).toContain('1');
    expect(texts).toContain('10⁴');
    const small = ticksOf(scaleOf(LINEAR, [0, 2.1e-16], [0, 800]), LINEAR, 5).map(tick => tick.text);
    expect(small).toEqual(['0', '0.5×10⁻¹⁶', '1.0×10⁻¹⁶', '1.5×10⁻¹⁶', '2.0×10⁻¹⁶']);
    const days = ticksOf(scaleOf(LINEAR, [58_000, 58_100], [0, 800]), LINEAR, 2).map(tick => tick.text);
    expect(days).toEqual(['58000', '58050', '58100']);
  });
});
