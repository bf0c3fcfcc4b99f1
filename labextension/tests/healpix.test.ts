import { geoArea, geoContains, geoDistance } from 'd3-geo';
import { describe, expect, it } from 'vitest';
import { cellArea, cellCorners, cellPlace } from '../src/models/healpix';

describe('the cells of HEALPix', () => {
  it('have their middles where healpy has them (pix2ang, Nside 16)', () => {
    // The example in the documentation of healpy: colatitudes and longitudes of 1440, 427, 1520, 0 and 3068.
    const expected = [
      [1440, 0, 90 - 1.52911759 * 57.29577951],
      [427, 0.78539816 * 57.29577951, 90 - 0.78550497 * 57.29577951],
      [1520, 1.61988371 * 57.29577951, 90 - 1.57079633 * 57.29577951],
      [0, 0.78539816 * 57.29577951, 90 - 0.05103658 * 57.29577951],
      [3068, 0.78539816 * 57.29577951, 90 - 3.09055608 * 57.29577951]
    ] as const;
    for (const [cell, ra, dec] of expected) {
      const place = cellPlace(4, cell);
      expect(place[0]).toBeCloseTo(ra, 5);
      expect(place[1]).toBeCloseTo(dec, 5);
    }
  });

  it('cover the sky once: corners around each middle, and as much area together as the sky has', () => {
    for (const order of [0, 1, 3]) {
      let area = 0;
      for (let cell = 0; cell < 12 * 4 ** order; cell++) {
        const ring = cellCorners(order, cell).map(([ra, dec]) => [ra, dec]);
        const closed = [...ring, ...ring.slice(0, 1)];
        const polygon = { type: 'Polygon' as const, coordinates: [closed] };
        const isWhole = geoArea(polygon) < 2 * Math.PI;
        const shape = isWhole ? polygon : { ...polygon, coordinates: [[...closed].reverse()] };
        area += geoArea(shape);
        expect(geoContains(shape, [...cellPlace(order, cell)])).toBe(true);
      }
      // Their edges are no great circles, so that only the sum is exact.
      expect(area).toBeCloseTo(4 * Math.PI, 6);
      expect(cellArea(order) * 12 * 4 ** order).toBeCloseTo((4 * Math.PI * 180 ** 2) / Math.PI ** 2, 3);
    }
  });

  it('are small and near their middle at the pole and at 0 hours', () => {
    for (const cell of [0, 1, 3, 2112, 12 * 4 ** 10 - 1]) {
      for (const corner of cellCorners(10, cell)) {
        expect(geoDistance([...corner], [...cellPlace(10, cell)])).toBeLessThan(0.002);
      }
    }
  });
});
