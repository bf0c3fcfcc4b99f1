import { describe, expect, it } from 'vitest';
import { fieldOfView, readRegion } from '../src/models/regions';

describe('regions', () => {
  it('are read from arrays of DALI', () => {
    expect(readRegion([10, 20, 0.5], 'circle')).toEqual({ kind: 'circle', center: [10, 20], radius: 0.5 });
    expect(readRegion(Float64Array.of(1, 2, 3, 2, 3, 4), 'polygon')).toEqual({
      kind: 'polygon',
      corners: [
        [1, 2],
        [3, 2],
        [3, 4]
      ]
    });
    expect(readRegion([1, 2, 3, 2, 3, 4, NaN, NaN], 'polygon')).toMatchObject({ corners: { length: 3 } });
    expect(readRegion([10, 20, 0.5])).toMatchObject({ kind: 'circle' });
  });

  it('are read from STC-S, with its frame or without, closed or not', () => {
    const square = { kind: 'polygon', corners: [[1, 1], [2, 1], [2, 2], [1, 2]] };
    expect(readRegion('POLYGON ICRS 1 1 2 1 2 2 1 2')).toEqual(square);
    expect(readRegion('Polygon J2000 1.0 1.0 2.0 1.0 2.0 2.0 1.0 2.0 1.0 1.0')).toEqual(square);
    expect(readRegion('polygon icrs topocenter 1 1 2 1 2 2 1 2')).toEqual(square);
    expect(readRegion("POLYGON UNKNOWNFrame 1 1 2 1 2 2 1 2")).toEqual(square);
    expect(readRegion('Circle ICRS GEOCENTER 350.5 -89 1e-1')).toEqual({
      kind: 'circle',
      center: [350.5, -89],
      radius: 0.1
    });
    expect(readRegion('circle 10 20 0.5')).toMatchObject({ radius: 0.5 });
    expect(readRegion('CIRCLE ICRS -10 20 0.5')).toMatchObject({ center: [350, 20] });
    expect(readRegion('RANGE 10 20 -5 5')).toMatchObject({ corners: { length: 4 } });
  });

  it('have boxes with the right width away from the equator', () => {
    const box = readRegion('BOX ICRS 0 60 2 1');
    expect(box).toMatchObject({ kind: 'polygon' });
    if (box?.kind === 'polygon') {
      const [first, second] = box.corners;
      expect(first?.[0]).toBeGreaterThan(357);
      expect(second?.[0]).toBeLessThan(3);
      // Two degrees on the sky at a declination of 59.5 degrees.
      expect((second?.[0] ?? 0) * Math.cos((59.5 * Math.PI) / 180)).toBeCloseTo(1, 1);
    }
  });

  it('of other frames, and what is none, are left out', () => {
    for (const text of ['CIRCLE GALACTIC 10 20 1', 'CIRCLE FK4 10 20 1', 'Union ICRS (Circle 1 2 3)', 'CIRCLE ICRS 10', '', 'POLYGON ICRS 1 2 3']) {
      expect(readRegion(text)).toBeNull();
    }
    expect(readRegion([1, 2], 'polygon')).toBeNull();
    expect(readRegion([1, 95, 1], 'circle')).toBeNull();
    expect(readRegion(null)).toBeNull();
    expect(fieldOfView(10, 20, null)).toBeNull();
    expect(fieldOfView(10, 20, 1)).toEqual({ kind: 'circle', center: [10, 20], radius: 0.5 });
  });
});
