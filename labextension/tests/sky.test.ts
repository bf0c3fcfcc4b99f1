import { geoContains, type GeoPermissibleObjects } from 'd3-geo';
import { describe, expect, it } from 'vitest';
import { graticule, writeDec, writeRa } from '../src/models/graticule';
import {
  cameraAround,
  circleAround,
  degreesPerPixel,
  nearer,
  projectionOf,
  seenCircle,
  shapeOf,
  turnedBy,
  type ProjectionName,
  type SkyCamera
} from '../src/models/skyGeometry';
import type { Place } from '../src/models/regions';

const SIZE = { width: 800, height: 400 };
const ALL: readonly ProjectionName[] = ['aitoff', 'mollweide', 'hammer', 'stereographic'];

function pixel(camera: SkyCamera, ra: number, dec: number): [number, number] {
  return projectionOf(camera, SIZE)([ra, dec]) ?? [NaN, NaN];
}

describe('the sky', () => {
  it('has right ascension growing to the left and north upwards, across 0 hours too', () => {
    for (const projection of ALL) {
      const camera: SkyCamera = { projection, center: [0, 0], radius: 90 };
      const [middle, y] = pixel(camera, 0, 0);
      expect([middle, y]).toEqual([400, 200]);
      expect(pixel(camera, 10, 0)[0]).toBeLessThan(middle);
      expect(pixel(camera, 350, 0)[0]).toBeGreaterThan(middle);
      expect(pixel(camera, 350, 0)[0] - middle).toBeCloseTo(middle - pixel(camera, 10, 0)[0], 6);
      expect(pixel(camera, 0, 10)[1]).toBeLessThan(y);
    }
  });

  it('is found again from its pixels', () => {
    for (const projection of ALL) {
      const camera: SkyCamera = { projection, center: [359, 60], radius: 40 };
      const projected = projectionOf(camera, SIZE);
      const [ra = NaN, dec = NaN] = projected.invert?.(pixel(camera, 2, 65)) ?? [];
      expect((ra + 360) % 360).toBeCloseTo(2, 4);
      expect(dec).toBeCloseTo(65, 4);
    }
  });

  it('is wholly in the frame', () => {
    for (const projection of ALL.slice(0, 3)) {
      const camera: SkyCamera = { projection, center: [180, 0], radius: 180 };
      for (const [ra, dec] of [[0.001, 0], [359.999, 0], [180, 90], [180, -90]] as const) {
        const [x, y] = pixel(camera, ra, dec);
        expect(x >= 0 && x <= SIZE.width && y >= 0 && y <= SIZE.height).toBe(true);
      }
    }
  });

  it('has a middle of places on both sides of 0 hours and around the pole', () => {
    const over = circleAround([[359, 10], [1, 10]]);
    expect(over.center[0] % 360).toBeCloseTo(0, 6);
    expect(over.radius).toBeLessThan(1);
    const pole = circleAround([0, 90, 180, 270].map((ra): Place => [ra, 89]));
    expect(pole.center[1]).toBeCloseTo(90, 6);
    expect(pole.radius).toBeCloseTo(1, 6);
    expect(circleAround([[0, 0], [180, 0]]).radius).toBe(180);
    const camera = cameraAround([[359.9, -30], [0.1, -30]], 'stereographic');
    for (const ra of [359.9, 0.1]) {
      const [x, y] = pixel(camera, ra, -30);
      expect(x > 0 && x < SIZE.width && y > 0 && y < SIZE.height).toBe(true);
    }
  });

  it('is turned and zoomed within its bounds', () => {
    const camera: SkyCamera = { projection: 'stereographic', center: [350, 80], radius: 20 };
    expect(turnedBy(camera, 0, 5).center[1]).toBe(90);
    expect(turnedBy({ ...camera, center: [350, 0] }, 1, 0).center[0]).toBeCloseTo(10, 6);
    expect(nearer(camera, 0.001).radius).toBe(120);
    expect(nearer(camera, 1e12).radius).toBeGreaterThan(0);
    const seen = seenCircle(camera, SIZE);
    expect(seen.radius).toBeGreaterThan(20);
    expect(degreesPerPixel({ ...camera, radius: 1 }, SIZE)).toBeCloseTo(1 / 200, 4);
  });

  it('has footprints with their smaller side inside, whichever way round they are written', () => {
    const corners: Place[] = [[359, -1], [1, -1], [1, 1], [359, 1]];
    for (const each of [corners, [...corners].reverse()]) {
      const shape = shapeOf({ kind: 'polygon', corners: each });
      expect(geoContains(shape as never, [0, 0])).toBe(true);
      expect(geoContains(shape as never, [180, 0])).toBe(false);
    }
    const cap: GeoPermissibleObjects = shapeOf({ kind: 'circle', center: [10, 89], radius: 5 });
    expect(geoContains(cap as never, [190, 88])).toBe(true);
  });
});

describe('the graticule', () => {
  it('is written in hours or degrees, with as many digits as its step needs', () => {
    expect(writeRa(83.75, 1.25, true)).toBe('5h 35m');
    expect(writeRa(45, 45, true)).toBe('3h');
    expect(writeRa(359.9999999, 15 / 3600, true)).toBe('0h 00m 00s');
    expect(writeRa(83.82, 0.02, false)).toBe('83.82°');
    expect(writeDec(-5.5, 0.5, true)).toBe('−5° 30′');
    expect(writeDec(-5.391, 1 / 3600, true)).toBe('−5° 23′ 28″');
    expect(writeDec(0, 30, true)).toBe('0°');
    expect(writeDec(30, 30, false)).toBe('+30°');
  });

  it('covers all of the sky, or a few lines of what is seen', () => {
    const whole = graticule({ projection: 'aitoff', center: [0, 0], radius: 180 }, SIZE, true);
    expect(whole.filter(line => line.axis === 'ra').map(line => line.text)).toContain('21h');
    expect(whole.filter(line => line.axis === 'dec').map(line => line.text)).toContain('−60°');
    for (const center of [[0, 0], [359.99, 45], [120, 89.99], [200, -90]] as const) {
      for (const radius of [30, 1, 0.01]) {
        for (const sexagesimal of [true, false]) {
          const lines = graticule({ projection: 'stereographic', center, radius }, SIZE, sexagesimal);
          for (const axis of ['ra', 'dec'] as const) {
            const values = lines.filter(line => line.axis === axis).map(line => line.value);
            expect(values.length).toBeGreaterThan(axis === 'dec' && Math.abs(center[1]) > 89 ? 1 : 2);
            expect(values.length).toBeLessThan(30);
            expect(new Set(values).size).toBe(values.length);
          }
        }
      }
    }
  });
});
