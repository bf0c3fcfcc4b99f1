/** Colours of images: from 0, the darkest, to 1. */

export const PALETTES = ['gray', 'viridis', 'inferno', 'cubehelix', 'heat', 'coolwarm'] as const;
export type PaletteName = (typeof PALETTES)[number];

/** Steps of a palette. */
export const COLOURS = 256;

/** Equidistant colours between which is interpolated; viridis and inferno are matplotlib's (CC0). */
const STOPS: Record<Exclude<PaletteName, 'cubehelix'>, string> = {
  gray: '000000 ffffff',
  viridis:
    '440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e 1f988b 22a884 35b779 54c568 7ad151 a5db36 d2e21b fde725',
  inferno:
    '000004 0c0826 240c4f 420a68 5d126e 781c6d 932667 ae305c c73e4c dd513a ed6925 f8850f fca50a fac62d f2e661 fcffa4',
  heat: '000000 550000 aa0000 ff0000 ff5500 ffaa00 ffff00 ffff80 ffffff',
  coolwarm: '3b4cc0 6788ee 9abbff c9d7f0 dddddd edd1c2 f7a889 e26952 b40426'
};

/** Red, green and blue of each step, one after the other. */
export function paletteOf(name: PaletteName, inverted: boolean): Uint8ClampedArray {
  const colours = new Uint8ClampedArray(3 * COLOURS);
  const colourAt = name === 'cubehelix' ? cubehelix : between(STOPS[name]);
  for (let step = 0; step < COLOURS; step += 1) {
    const place = step / (COLOURS - 1);
    colours.set(colourAt(inverted ? 1 - place : place), 3 * step);
  }
  return colours;
}

function between(written: string): (place: number) => number[] {
  const stops = written.split(' ').map(each => [0, 2, 4].map(at => parseInt(each.slice(at, at + 2), 16)));
  return place => {
    const before = Math.min(Math.floor(place * (stops.length - 1)), stops.length - 2);
    const part = place * (stops.length - 1) - before;
    const [low, high] = [stops[before] ?? [], stops[before + 1] ?? []];
    return low.map((value, channel) => value + part * ((high[channel] ?? 0) - value));
  };
}

/** Green 2011 (BASI 39, 289): start 0.5, rotations -1.5, hue 1, gamma 1. */
function cubehelix(place: number): number[] {
  const angle = 2 * Math.PI * (0.5 / 3 + 1 - 1.5 * place);
  const amplitude = (place * (1 - place)) / 2;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [
    place + amplitude * (-0.14861 * cosine + 1.78277 * sine),
    place + amplitude * (-0.29227 * cosine - 0.90649 * sine),
    place + amplitude * (1.97294 * cosine)
  ].map(value => 255 * value);
}
