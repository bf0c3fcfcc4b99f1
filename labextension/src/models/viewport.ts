/** A rectangle of an image, in pixels counted from 0. */
export interface ImageRegion {
  x: number;
  y: number;
  width: number;
  height: number;
}

const MOST_ZOOM = 64;

/**
 * What part of an image is seen, and how large.
 *
 * Places in the image are those of FITS: the middle of the first pixel is 1, 1, and y goes up. Places on the
 * screen are in CSS pixels from the upper left corner.
 */
export class Viewport {
  /** The place in the image that is in the middle of the screen. */
  x = 0.5;
  y = 0.5;
  /** CSS pixels per pixel of the image. */
  scale = 1;
  /** Of the screen, CSS pixels. */
  width = 0;
  height = 0;
  /** Whether all of the image is shown, however the screen changes. */
  private _isFitted = true;

  constructor(
    readonly imageWidth: number,
    readonly imageHeight: number
  ) {
    this.x = (imageWidth + 1) / 2;
    this.y = (imageHeight + 1) / 2;
  }

  get isFitted(): boolean {
    return this._isFitted;
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    if (this._isFitted) {
      this.fit();
    }
  }

  /** Show all of the image. */
  fit(): void {
    this._isFitted = true;
    this.x = (this.imageWidth + 1) / 2;
    this.y = (this.imageHeight + 1) / 2;
    this.scale = this._fittingScale;
  }

  /** Zoom about a place on the screen, which stays where it is. */
  zoom(factor: number, atX = this.width / 2, atY = this.height / 2): void {
    const [x, y] = this.toImage(atX, atY);
    const least = Math.min(this._fittingScale / 2, 1);
    this.scale = Math.min(Math.max(this.scale * factor, least), MOST_ZOOM);
    this._isFitted = false;
    this.x = x - (atX - this.width / 2) / this.scale;
    this.y = y + (atY - this.height / 2) / this.scale;
    this._keepInSight();
  }

  zoomTo(scale: number): void {
    this.zoom(scale / this.scale);
  }

  /** Move by CSS pixels. */
  pan(right: number, down: number): void {
    this._isFitted = false;
    this.x -= right / this.scale;
    this.y += down / this.scale;
    this._keepInSight();
  }

  toImage(screenX: number, screenY: number): [x: number, y: number] {
    return [
      this.x + (screenX - this.width / 2) / this.scale,
      this.y - (screenY - this.height / 2) / this.scale
    ];
  }

  toScreen(x: number, y: number): [x: number, y: number] {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  /** The pixels that are seen, and some around them. */
  region(margin: number): ImageRegion | null {
    const [left, top] = this.toImage(-margin * this.width, -margin * this.height);
    const [right, bottom] = this.toImage((1 + margin) * this.width, (1 + margin) * this.height);
    const x = Math.max(0, Math.floor(left - 0.5));
    const y = Math.max(0, Math.floor(bottom - 0.5));
    const width = Math.min(this.imageWidth, Math.ceil(right - 0.5)) - x;
    const height = Math.min(this.imageHeight, Math.ceil(top - 0.5)) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
  }

  /** How many pixels may become one without anybody seeing it. */
  binning(devicePixelRatio: number): number {
    return Math.max(1, Math.floor(1 / (this.scale * devicePixelRatio)));
  }

  private get _fittingScale(): number {
    const scale = Math.min(this.width / this.imageWidth, this.height / this.imageHeight);
    return Math.min(scale || 1, MOST_ZOOM);
  }

  private _keepInSight(): void {
    this.x = Math.min(Math.max(this.x, 0.5), this.imageWidth + 0.5);
    this.y = Math.min(Math.max(this.y, 0.5), this.imageHeight + 0.5);
  }
}

/** Whether all of one region is in another. */
export function covers(outer: ImageRegion, inner: ImageRegion): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  );
}
