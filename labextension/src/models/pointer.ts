import type { PixelDescription, SkyFrame } from '../api/types';
import { Changing } from './changing';
import type { FitsImage } from './fitsImage';
import { sexagesimal, type SkyPlace } from './skyGrid';

const REST_MS = 200;

/** What is known of the place under the pointer. */
export interface PlaceSeen {
  /** The middle of the first pixel is 1, 1. */
  x: number;
  y: number;
  /** NaN where the image is blank; null where nothing is known. */
  value: number | null;
  /** Of how many pixels in a row it is the mean. */
  binning: number;
  sky: SkyPlace | null;
  others: PixelDescription['others'];
  /** Whether the server said so, or it is interpolated from what is here. */
  isExact: boolean;
}

/** The place under the pointer: at once by what is here, and exactly by the server when it rests. */
export class Pointer extends Changing {
  place: PlaceSeen | null = null;
  private _resting: ReturnType<typeof setTimeout> | undefined;

  /** Of which plane what is known is. */
  private _of = '';

  constructor(private readonly _image: FitsImage) {
    super();
    _image.changed.connect(this._onImage, this);
  }

  dispose(): void {
    clearTimeout(this._resting);
    this._image.changed.disconnect(this._onImage, this);
  }

  /** Move to a place of the image; away from it if there is none. */
  move(x: number, y: number): void {
    clearTimeout(this._resting);
    const { description } = this._image;
    const isInside =
      description && x >= 0.5 && y >= 0.5 && x < description.width + 0.5 && y < description.height + 0.5;
    if (!isInside) {
      this.leave();
      return;
    }
    const known = this._image.valueAt(x, y);
    const sky = this._image.gridAt(x, y)?.at(x, y) ?? null;
    const place = { x, y, value: known?.value ?? null, binning: known?.binning ?? 1, sky, others: [], isExact: false };
    this.place = place;
    this._of = planeOf(this._image);
    this.emitChanged();
    this._resting = setTimeout(() => void this._ask(place), REST_MS);
  }

  leave(): void {
    clearTimeout(this._resting);
    this.place = null;
    this.emitChanged();
  }

  /** Another plane has other values at the same place. */
  private _onImage(): void {
    if (this.place && !this._image.isLoading && this._of !== planeOf(this._image)) {
      this.move(this.place.x, this.place.y);
    }
  }

  private async _ask(asked: PlaceSeen): Promise<void> {
    let found: PixelDescription;
    try {
      found = await this._image.pixelAt(asked.x, asked.y);
    } catch {
      // What is here stays; a fault of the file is told where its pixels are.
      return;
    }
    if (this.place === asked) {
      const { longitude, latitude } = found;
      this.place = {
        ...asked,
        value: found.value ?? NaN,
        binning: 1,
        sky: longitude !== null && latitude !== null ? { longitude, latitude } : null,
        others: found.others,
        isExact: true
      };
      this.emitChanged();
    }
  }
}

function planeOf(image: FitsImage): string {
  return [image.hdu, ...image.plane].join(' ');
}

/** Digits after the point that a pixel of this size (deg) deserves. */
export function digitsFor(degrees: number): number {
  return Math.min(Math.max(Math.ceil(-Math.log10(degrees * 3600)) + 1, 0), 6);
}

/** A place for people: sexagesimal, and in degrees. */
export function skyInWords(sky: SkyPlace, frame: SkyFrame, pixelSize: number): { parts: string; degrees: string } {
  const digits = digitsFor(pixelSize);
  const parts = frame.in_hours
    ? `${sexagesimal(sky.longitude, true, digits + 1)} ${sexagesimal(sky.latitude, false, digits)}`
    : `${sexagesimal(sky.longitude, false, digits).slice(1)} ${sexagesimal(sky.latitude, false, digits)}`;
  // A second is 2.8e-4 deg.
  const decimals = Math.min(digits + 4, 10);
  return { parts, degrees: `${sky.longitude.toFixed(decimals)}° ${signed(sky.latitude, decimals)}°` };
}

/** A value with as many digits as single precision has. */
export function valueInWords(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e7) ? value.toExponential(4) : String(Number(value.toPrecision(6)));
}

function signed(degrees: number, decimals: number): string {
  return `${degrees < 0 ? '−' : '+'}${Math.abs(degrees).toFixed(decimals)}`;
}
