import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EsapClient, PixelsWanted } from '../src/api/client';
import type { FileContent, ImageDescription } from '../src/api/types';
import { codeOfCurve, codeOfImage } from '../src/code';
import { Curve, splitPoints } from '../src/models/curve';
import { FitsImage } from '../src/models/fitsImage';
import { paletteOf } from '../src/models/palettes';
import { digitsFor, Pointer, skyInWords, valueInWords } from '../src/models/pointer';
import { roundAngle, sexagesimal, SkyGrid } from '../src/models/skyGrid';
import { Colours, stretched, STRETCHES } from '../src/models/stretch';
import { Viewport } from '../src/models/viewport';
import { fakeClient } from './fakes';

const CONTENT: FileContent = { location: '/data/a.fits', format: 'fits', view: 'image', hdu: 0, parts: [] };
const ICRS = { name: 'ICRS', longitude: 'RA', latitude: 'Dec', in_hours: true };

function describeImage(given: Partial<ImageDescription>): ImageDescription {
  return {
    width: 4000,
    height: 3000,
    axes: [],
    unit: 'adu',
    title: '',
    limits: [
      { name: 'minmax', low: 0, high: 9 },
      { name: '99.5', low: 1, high: 5 }
    ],
    frame: null,
    problem: '',
    ...given
  };
}

/** Answers every region with its own binned x. */
function pixelsOf(): EsapClient['pixels'] {
  return (_, wanted) => {
    const columns = Math.ceil(wanted.width / wanted.binning);
    const rows = Math.ceil(wanted.height / wanted.binning);
    return Promise.resolve(
      Float32Array.from({ length: columns * rows }, (__, index) => wanted.x + (index % columns) * wanted.binning)
    );
  };
}

describe('what is seen of an image', () => {
  it('is all of it at first, and stays so when the screen changes', () => {
    const view = new Viewport(400, 200);
    view.resize(800, 800);
    expect(view.scale).toBe(2);
    expect(view.toScreen(0.5, 100.5)).toEqual([0, 400]);
    view.resize(400, 800);
    expect(view.scale).toBe(1);
  });

  it('stays under the pointer when one zooms', () => {
    const view = new Viewport(400, 200);
    view.resize(800, 400);
    const before = view.toImage(100, 300);
    view.zoom(3, 100, 300);
    expect(view.toImage(100, 300)).toEqual(before.map(value => expect.closeTo(value, 9) as number));
    expect(view.isFitted).toBe(false);
    view.fit();
    expect(view.scale).toBe(2);
  });

  it('goes with the pointer when it is dragged, y upwards', () => {
    const view = new Viewport(400, 200);
    view.resize(400, 200);
    const [x, y] = view.toImage(50, 60);
    view.pan(10, 20);
    expect(view.toImage(60, 80)).toEqual([x, y]);
  });

  it('is a region of whole pixels within the image', () => {
    const view = new Viewport(400, 200);
    view.resize(100, 100);
    view.zoomTo(4);
    view.pan(1e6, 0);
    const region = view.region(0);
    expect(region).toMatchObject({ x: 0 });
    expect(view.region(0.5)).toMatchObject({ x: 0 });
    view.zoomTo(1 / 3);
    expect(view.binning(1)).toBe(3);
    expect(view.binning(2)).toBe(1);
  });
});

describe('colours', () => {
  it.each(STRETCHES)('of the stretch %s go from 0 to 1', name => {
    expect(stretched(name, 0)).toBe(0);
    expect(stretched(name, 1)).toBeCloseTo(1, 12);
    expect(stretched(name, 0.3)).toBeGreaterThanOrEqual(0.3);
  });

  it('are upside down for a canvas, bounded by the limits, and transparent where it is blank', () => {
    const colours = new Colours('linear', paletteOf('gray', false), { low: 0, high: 10 });
    const pixels = colours.paint(Float32Array.of(0, NaN, 5, 20, -3, Infinity), 2, 3);
    const shades = [0, 1, 2, 3, 4, 5].map(index => [pixels[4 * index], pixels[4 * index + 3]]);
    expect(shades).toEqual([
      [0, 255],
      [255, 255],
      [128, 255],
      [255, 255],
      [0, 255],
      [0, 0]
    ]);
  });

  it('can be the other way round', () => {
    expect([...paletteOf('viridis', true).subarray(0, 3)]).toEqual([0xfd, 0xe7, 0x25]);
    expect([...paletteOf('cubehelix', false).subarray(0, 3)]).toEqual([0, 0, 0]);
  });
});

describe('places on the sky', () => {
  const DEGREE = Math.PI / 180;
  const vectorOf = (longitude: number, latitude: number): number[] => [
    Math.cos(latitude * DEGREE) * Math.cos(longitude * DEGREE),
    Math.cos(latitude * DEGREE) * Math.sin(longitude * DEGREE),
    Math.sin(latitude * DEGREE)
  ];
  /** North up, east left, about 0h, pixels of a thousandth of a degree. */
  const grid = new SkyGrid(
    { x: 0, y: 0, width: 100, height: 100 },
    Float64Array.from(
      [0, 50, 100].flatMap(y =>
        [0, 50, 100].flatMap(x => vectorOf(((50 - x) * 1e-3) / Math.cos(60 * DEGREE), 60 + (y - 50) * 1e-3))
      )
    )
  );

  it('are interpolated, across 0h too', () => {
    expect(grid.at(50.5, 50.5)).toEqual({ longitude: expect.closeTo(0, 9) as number, latitude: expect.closeTo(60, 9) as number });
    expect(grid.at(75.5, 50.5)?.longitude).toBeCloseTo(359.95, 6);
    expect(grid.at(0.4, 50)).toBeNull();
  });

  it('have directions and sizes', () => {
    const found = grid.orientation(50.5, 50.5);
    expect(found?.north).toEqual([expect.closeTo(0, 5), expect.closeTo(1, 5)]);
    expect(found?.east).toEqual([expect.closeTo(-1, 5), expect.closeTo(0, 5)]);
    expect(found?.pixelSize).toBeCloseTo(1e-3, 7);
  });

  it('are unknown where there is no sky', () => {
    expect(new SkyGrid({ x: 0, y: 0, width: 2, height: 2 }, new Float64Array(12).fill(NaN)).at(1, 1)).toBeNull();
  });

  it('are written as people read them', () => {
    expect(sexagesimal(202.469575, true, 2)).toBe('13h29m52.70s');
    expect(sexagesimal(-0.5, false, 0)).toBe('−00°30′00″');
    expect(sexagesimal(-10, true, 2)).toBe('23h20m00.00s');
    expect(sexagesimal(359.9999999, true, 1)).toBe('00h00m00.0s');
    expect(sexagesimal(59.99999999, false, 1)).toBe('+60°00′00.0″');
    expect(skyInWords({ longitude: 202.469575, latitude: 47.195258 }, ICRS, 0.5 / 3600)).toEqual({
      parts: '13h29m52.698s +47°11′42.93″',
      degrees: '202.469575° +47.195258°'
    });
    expect(digitsFor(1)).toBe(0);
    expect(roundAngle(0.09)).toEqual({ degrees: 5 / 60, text: '5′' });
    expect(valueInWords(1.23456789e-17)).toBe('1.2346e-17');
  });
});

describe('a FITS image', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function open(given: Partial<Record<keyof EsapClient, unknown>>): FitsImage {
    const client = fakeClient({ image: () => Promise.resolve(describeImage({})), pixels: pixelsOf(), ...given });
    return new FitsImage(client, 'a.fits', CONTENT, 0);
  }

  it('is refined further while one looks at a detail early', async () => {
    const late: (() => void)[] = [];
    const answer: EsapClient['pixels'] = (_, { width, height, binning }) =>
      Promise.resolve(new Float32Array(Math.ceil(width / binning) * Math.ceil(height / binning)));
    const pixels: EsapClient['pixels'] = (of, wanted, signal) =>
      wanted.how === 'mean' && wanted.binning > 1
        ? new Promise((resolve, reject) => {
            late.push(() => {
              void answer(of, wanted, signal).then(resolve);
            });
            // As JupyterLab tells of a request that was aborted.
            signal.addEventListener('abort', () => reject(new TypeError('aborted')));
          })
        : answer(of, wanted, signal);
    const image = open({ image: () => Promise.resolve(describeImage({ width: 5000, height: 5000 })), pixels });
    const opened = image.open();
    await vi.advanceTimersByTimeAsync(0);
    const first = image.overview;
    const view = new Viewport(5000, 5000);
    view.resize(800, 600);
    view.zoomTo(1);
    image.look(view, 1);
    await vi.runAllTimersAsync();
    expect(image.detail).toMatchObject({ binning: 1 });
    expect(image).toMatchObject({ error: null, isLoading: true });
    late.forEach(each => {
      each();
    });
    await opened;
    expect(image).toMatchObject({ error: null, isLoading: false });
    expect(image.overview === first).toBe(false);
  });

  it('shows all of itself coarsely, then what is seen finely', async () => {
    const pixels = vi.fn(pixelsOf());
    const image = open({ pixels });
    await image.open();
    expect(image.overview).toMatchObject({ binning: 4, columns: 1000, rows: 750 });
    expect(image.range).toEqual({ low: 1, high: 5 });
    expect(image.valueAt(2001, 5)).toEqual({ value: 2000, binning: 4 });

    const view = new Viewport(4000, 3000);
    view.resize(800, 600);
    image.look(view, 1);
    await vi.runAllTimersAsync();
    expect(pixels).toHaveBeenCalledTimes(1);

    view.zoomTo(1);
    image.look(view, 1);
    view.pan(10, 0);
    image.look(view, 1);
    await vi.runAllTimersAsync();
    expect(pixels).toHaveBeenCalledTimes(2);
    expect(image.detail).toMatchObject({ binning: 1 });
    expect(image.valueAt(2001, 1500)).toEqual({ value: 2000, binning: 1 });

    view.pan(20, 10);
    image.look(view, 1);
    await vi.runAllTimersAsync();
    expect(pixels).toHaveBeenCalledTimes(2);
  });

  it('shows single pixels first when it is large', async () => {
    const pixels = vi.fn(pixelsOf());
    const image = open({ image: () => Promise.resolve(describeImage({ width: 20_000, height: 20_000 })), pixels });
    await image.open();
    expect(pixels.mock.calls.map(([, wanted]: [unknown, PixelsWanted, AbortSignal]) => wanted.how)).toEqual([
      'nearest',
      'mean'
    ]);
  });

  it('keeps limits that were typed, and takes others for another plane', async () => {
    const image = open({
      image: ({ plane }: { plane: number[] }) =>
        Promise.resolve(
          describeImage({
            axes: [{ name: 'FREQ', length: 3 }],
            limits: [{ name: '99.5', low: 0, high: 10 * (plane[0] ?? 0) + 1 }]
          })
        )
    });
    await image.open();
    await image.setPlane(0, 2);
    expect(image.plane).toEqual([2]);
    expect(image.range.high).toBe(21);
    image.setRange({ low: -1, high: 7 });
    await image.setPlane(0, 1);
    expect(image.range).toEqual({ low: -1, high: 7 });
    image.setLimits('99.5');
    expect(image.range.high).toBe(11);
  });

  it('says what is wrong with the file, and drops answers that are late', async () => {
    const image = open({ image: () => Promise.reject(new Error('breaks off')) });
    await image.open();
    expect(image.error?.message).toBe('breaks off');
    expect(image.isLoading).toBe(false);

    const late: ((description: ImageDescription) => void)[] = [];
    const other = open({ image: () => new Promise(resolve => late.push(resolve)) });
    const first = other.open();
    const second = other.setHdu(2);
    late[0]?.(describeImage({ width: 1 }));
    await first;
    expect(other.description).toBeNull();
    late[1]?.(describeImage({ width: 2, height: 2 }));
    await second;
    expect(other.description).toMatchObject({ width: 2 });
  });

  it('tells the place under the pointer at once, and exactly when it rests', async () => {
    const exact = { value: 42, longitude: 10, latitude: 20, others: [{ name: 'FREQ', value: 1.4e9, unit: 'Hz' }] };
    const pixelAt = vi.fn(() => Promise.resolve(exact));
    const image = open({ pixelAt });
    await image.open();
    const pointer = new Pointer(image);
    pointer.move(1, 1);
    pointer.move(2001, 5);
    expect(pointer.place).toMatchObject({ value: 2000, binning: 4, sky: null, isExact: false });
    await vi.runAllTimersAsync();
    expect(pixelAt).toHaveBeenCalledExactlyOnceWith({ path: 'a.fits', hdu: 0, plane: [] }, 2001, 5);
    expect(pointer.place).toMatchObject({ value: 42, binning: 1, sky: { longitude: 10, latitude: 20 }, isExact: true });

    await image.setHdu(1);
    expect(pointer.place).toMatchObject({ value: 2000, isExact: false });
    await vi.runAllTimersAsync();
    expect(pixelAt).toHaveBeenLastCalledWith({ path: 'a.fits', hdu: 1, plane: [] }, 2001, 5);
    pointer.move(0, 1);
    expect(pointer.place).toBeNull();
  });
});

describe('a curve', () => {
  const description = {
    kind: 'timeseries' as const,
    title: '',
    x: { column: 'TIME', label: 'TIME', unit: 'd', reversed: false },
    y: { column: 'MAG', label: 'MAG', unit: 'mag', reversed: true },
    columns: ['MAG'],
    series: [
      { name: 'g', points: 2, has_errors: true },
      { name: 'r', points: 1, has_errors: false }
    ],
    points: 3
  };

  it('is split into its series', async () => {
    const numbers = Float64Array.of(1, 2, 3, 10, 20, 30, 0.1, 0.2, NaN);
    expect(splitPoints(description, numbers)).toEqual([
      { name: 'g', x: Float64Array.of(1, 2), y: Float64Array.of(10, 20), error: Float64Array.of(0.1, 0.2) },
      { name: 'r', x: Float64Array.of(3), y: Float64Array.of(30), error: null }
    ]);
    const client = fakeClient({ curve: () => Promise.resolve(description), curvePoints: () => Promise.resolve(numbers) });
    const curve = new Curve(client, 'a.vot', CONTENT, null);
    await curve.open();
    expect(curve.series).toHaveLength(2);
  });

  it('and an image become cells', () => {
    expect(codeOfCurve('/data/a "b".fits', 1, description)).toContain('Table.read("/data/a \\"b\\".fits", hdu=1)');
    expect(codeOfCurve('/data/a.vot', null, description)).toContain("format='votable'");
    expect(codeOfCurve('/data/a.vot', null, description)).toContain('axes.invert_yaxis()');
    expect(codeOfImage('/data/a.fits', 1, [3, 1])).toContain('image = hdus[1].data[1, 3]');
  });
});
