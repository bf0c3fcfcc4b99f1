import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { FitsImage, Tile } from '../models/fitsImage';
import { paletteOf } from '../models/palettes';
import type { Pointer } from '../models/pointer';
import { Colours } from '../models/stretch';
import { Viewport } from '../models/viewport';
import { drawColourBar, drawCompass, drawCross, drawScaleBar } from './imageMarks';

const WHEEL_ZOOM = 0.0015;
const KEY_ZOOM = 1.4;
const KEY_PAN = 0.15;
/** CSS pixels that the cross moves at a press of a key, if the pixels of the image are smaller. */
const KEY_STEP = 5;

/** The picture of an image: dragged, zoomed, and read by pointer or keyboard. */
export class ImageCanvas extends Widget {
  private readonly _canvas = document.createElement('canvas');
  private readonly _observer: ResizeObserver;
  private _view: Viewport | null = null;
  private _frame = 0;
  private _colours: Colours | null = null;
  private _colouredBy = '';
  /** What was painted of each tile in the present colours. */
  private _painted = new WeakMap<Tile, HTMLCanvasElement>();
  private _dragged: { x: number; y: number } | null = null;
  /** Whether the cross is moved by keys. */
  private _byKeys = false;

  constructor(
    private readonly _image: FitsImage,
    private readonly _pointer: Pointer,
    label: string,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('esap-ImageCanvas');
    const canvas = this._canvas;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-roledescription', this._trans.__('image'));
    canvas.setAttribute('aria-label', label);
    canvas.setAttribute(
      'aria-description',
      this._trans.__(
        'Arrow keys move a cross whose coordinates are read; with Shift they move the image. Plus and minus zoom, 0 fits the image, 1 shows its own pixels.'
      )
    );
    this.node.append(canvas);
    this._observer = new ResizeObserver(() => this._resize());
    this._observer.observe(this.node);
    this._image.changed.connect(this._onImage, this);
    this._pointer.changed.connect(this.drawSoon, this);
  }

  override dispose(): void {
    this._observer.disconnect();
    cancelAnimationFrame(this._frame);
    this._image.changed.disconnect(this._onImage, this);
    this._pointer.changed.disconnect(this.drawSoon, this);
    super.dispose();
  }

  /** What is seen; null until it is known how large the image is. */
  get view(): Viewport | null {
    return this._view;
  }

  zoom(factor: number): void {
    this._change(view => view.zoom(factor));
  }

  showAll(): void {
    this._change(view => view.fit());
  }

  /** A pixel of the image for each of the screen. */
  showOwnPixels(): void {
    this._change(view => view.zoomTo(1 / window.devicePixelRatio));
  }

  drawSoon(): void {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => this._paint());
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    for (const kind of ['pointerdown', 'pointermove', 'pointerup', 'pointerleave', 'keydown', 'dblclick', 'blur']) {
      this._canvas.addEventListener(kind, this);
    }
    this._canvas.addEventListener('wheel', this, { passive: false });
  }

  protected override onBeforeDetach(message: Message): void {
    for (const kind of ['pointerdown', 'pointermove', 'pointerup', 'pointerleave', 'keydown', 'dblclick', 'blur', 'wheel']) {
      this._canvas.removeEventListener(kind, this);
    }
    super.onBeforeDetach(message);
  }

  protected override onActivateRequest(): void {
    this._canvas.focus();
  }

  handleEvent(event: Event): void {
    switch (event.type) {
      case 'pointerdown':
        this._grab(event as PointerEvent);
        break;
      case 'pointermove':
        this._move(event as PointerEvent);
        break;
      case 'pointerup':
        this._dragged = null;
        break;
      case 'pointerleave':
      case 'blur':
        if (this._byKeys === (event.type === 'blur')) {
          this._byKeys = false;
          this._pointer.leave();
        }
        break;
      case 'wheel':
        this._wheel(event as WheelEvent);
        break;
      case 'dblclick':
        this._change(view => view.zoom(2, (event as MouseEvent).offsetX, (event as MouseEvent).offsetY));
        break;
      case 'keydown':
        this._key(event as KeyboardEvent);
        break;
    }
  }

  private _grab(event: PointerEvent): void {
    if (event.button === 0) {
      this._canvas.setPointerCapture(event.pointerId);
      this._dragged = { x: event.offsetX, y: event.offsetY };
    }
  }

  private _move(event: PointerEvent): void {
    const { offsetX: x, offsetY: y } = event;
    const { _dragged: from } = this;
    if (from && event.buttons === 1) {
      this._change(view => view.pan(x - from.x, y - from.y));
      this._dragged = { x, y };
    }
    this._byKeys = false;
    if (this._view) {
      this._pointer.move(...this._view.toImage(x, y));
    }
  }

  private _wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const factor = Math.exp(-WHEEL_ZOOM * lines * event.deltaY);
    this._change(view => view.zoom(factor, event.offsetX, event.offsetY));
  }

  private _key(event: KeyboardEvent): void {
    const { _view: view } = this;
    if (!view || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const arrows: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1]
    };
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) {
      this._change(() => view.pan(-arrow[0] * KEY_PAN * view.width, arrow[1] * KEY_PAN * view.height));
    } else if (arrow) {
      this._step(view, ...arrow);
    } else if (event.key === '+' || event.key === '=') {
      this._zoomAtCross(KEY_ZOOM);
    } else if (event.key === '-') {
      this._zoomAtCross(1 / KEY_ZOOM);
    } else if (event.key === '0') {
      this.showAll();
    } else if (event.key === '1') {
      this.showOwnPixels();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Move the cross; the image follows where it would leave the screen. */
  private _step(view: Viewport, right: number, up: number): void {
    const { place } = this._pointer;
    const step = Math.max(1, Math.round(KEY_STEP / view.scale));
    const [fromX, fromY] = place ? [place.x, place.y] : [Math.round(view.x), Math.round(view.y)];
    const x = Math.min(Math.max(fromX + (place ? right * step : 0), 1), view.imageWidth);
    const y = Math.min(Math.max(fromY + (place ? up * step : 0), 1), view.imageHeight);
    const [screenX, screenY] = view.toScreen(x, y);
    if (screenX < 0 || screenX > view.width || screenY < 0 || screenY > view.height) {
      this._change(() => view.pan(view.width / 2 - screenX, view.height / 2 - screenY));
    }
    this._byKeys = true;
    this._pointer.move(x, y);
  }

  private _zoomAtCross(factor: number): void {
    const { place } = this._pointer;
    this._change(view => {
      view.zoom(factor, ...(this._byKeys && place ? view.toScreen(place.x, place.y) : ([] as const)));
    });
  }

  private _change(change: (view: Viewport) => void): void {
    if (this._view) {
      change(this._view);
      this._look();
    }
  }

  private _look(): void {
    if (this._view) {
      this._image.look(this._view, window.devicePixelRatio);
    }
    this.drawSoon();
  }

  private _resize(): void {
    const { clientWidth, clientHeight } = this.node;
    if (clientWidth > 0 && clientHeight > 0) {
      this._view?.resize(clientWidth, clientHeight);
      this._look();
    }
  }

  private _onImage(): void {
    const { description } = this._image;
    const { _view: view } = this;
    if (description && (view?.imageWidth !== description.width || view.imageHeight !== description.height)) {
      this._view = new Viewport(description.width, description.height);
      this._resize();
    } else if (view) {
      this._image.look(view, window.devicePixelRatio);
    }
    this.drawSoon();
  }

  private _paint(): void {
    const { _view: view, _canvas: canvas, _image: image } = this;
    const context = canvas.getContext('2d');
    if (!context || this.isDisposed) {
      return;
    }
    const ratio = window.devicePixelRatio;
    const [width, height] = [this.node.clientWidth, this.node.clientHeight];
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    if (!view || !image.overview) {
      return;
    }
    this._useColours();
    this._drawTile(context, view, image.overview);
    if (image.detail && image.detail.binning < image.overview.binning) {
      this._drawTile(context, view, image.detail);
    }
    const orientation = image.gridAt(view.x, view.y)?.orientation(view.x, view.y) ?? null;
    if (orientation) {
      drawCompass(context, view, orientation);
      drawScaleBar(context, view, orientation);
    }
    drawColourBar(context, view, paletteOf(image.palette, image.inverted), image.range, image.stretch);
    if (this._byKeys && this._pointer.place) {
      drawCross(context, ...view.toScreen(this._pointer.place.x, this._pointer.place.y));
    }
  }

  private _useColours(): void {
    const { stretch, palette, inverted, range } = this._image;
    const wanted = [stretch, palette, inverted, range.low, range.high].join(' ');
    if (wanted !== this._colouredBy) {
      this._colouredBy = wanted;
      this._colours = new Colours(stretch, paletteOf(palette, inverted), range);
      this._painted = new WeakMap();
    }
  }

  private _drawTile(context: CanvasRenderingContext2D, view: Viewport, tile: Tile): void {
    const painted = this._painted.get(tile) ?? this._paintTile(tile);
    if (!painted) {
      return;
    }
    const { region, binning } = tile;
    // The last row and column may stand for fewer pixels than the others, and are then drawn too large.
    const [left, top] = view.toScreen(region.x + 0.5, region.y + 0.5 + tile.rows * binning);
    const size = binning * view.scale;
    context.save();
    const [clipX, clipY] = view.toScreen(0.5, view.imageHeight + 0.5);
    context.beginPath();
    context.rect(clipX, clipY, view.imageWidth * view.scale, view.imageHeight * view.scale);
    context.clip();
    context.imageSmoothingEnabled = size * window.devicePixelRatio < 1;
    context.drawImage(painted, left, top, tile.columns * size, tile.rows * size);
    context.restore();
  }

  private _paintTile(tile: Tile): HTMLCanvasElement | null {
    const painted = document.createElement('canvas');
    painted.width = tile.columns;
    painted.height = tile.rows;
    const pixels = this._colours?.paint(tile.values, tile.columns, tile.rows);
    const context = painted.getContext('2d');
    if (!pixels || !context) {
      return null;
    }
    context.putImageData(new ImageData(pixels, tile.columns, tile.rows), 0, 0);
    this._painted.set(tile, painted);
    return painted;
  }
}
