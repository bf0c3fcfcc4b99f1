import type { TranslationBundle } from '@jupyterlab/translation';
import type { SkyPlot } from './skyPlot';

const CLICK = 4;
const STEP = 0.2;

/** Mouse and keyboard of the sky: turning, zooming, what is under the pointer, and words for who cannot see it. */
export class SkyHands {
  private readonly _over = element('esap-Chart-over');
  private readonly _ring = element('esap-Chart-ring');
  private readonly _tip = element('esap-Chart-tip');
  private readonly _summary = element('esap-hidden');
  private readonly _said = element('esap-hidden');
  private _from: { x: number; y: number; isDrag: boolean } | null = null;
  private _last = { x: 0, y: 0 };

  constructor(
    private readonly _plot: SkyPlot,
    label: string,
    trans: TranslationBundle
  ) {
    const { _over: over } = this;
    const keys = element('esap-hidden');
    this._summary.id = `esap-sky-${(count += 1)}`;
    keys.id = `${this._summary.id}-keys`;
    keys.textContent = trans.__(
      'Plus and minus zoom, the arrow keys turn the sky, 0 shows everything, N and P go from row to row, Enter picks the row.'
    );
    over.tabIndex = 0;
    over.setAttribute('role', 'application');
    over.setAttribute('aria-roledescription', trans.__('plot of the sky'));
    over.setAttribute('aria-label', label);
    over.setAttribute('aria-describedby', `${this._summary.id} ${keys.id}`);
    this._said.setAttribute('role', 'status');
    for (const each of [this._ring, this._tip]) {
      each.hidden = true;
      each.setAttribute('aria-hidden', 'true');
    }
    this._plot.node.append(over, this._ring, this._tip, this._summary, keys, this._said);
    over.addEventListener('pointerdown', event => {
      if (event.button === 0) {
        this._from = { x: event.offsetX, y: event.offsetY, isDrag: false };
        this._last = { x: event.offsetX, y: event.offsetY };
        over.setPointerCapture(event.pointerId);
      }
    });
    over.addEventListener('pointermove', event => this._onMove(event));
    over.addEventListener('pointerup', event => {
      const isClick = this._from?.isDrag === false;
      this._from = null;
      const row = isClick ? this._plot.rowAt(event.offsetX, event.offsetY) : null;
      if (row !== null) {
        this._plot.pick(row);
      }
    });
    over.addEventListener('pointerleave', () => {
      this._plot.point(null);
      this._plot.row = null;
    });
    over.addEventListener('dblclick', () => this._plot.showAll());
    over.addEventListener(
      'wheel',
      event => {
        if (event.deltaY !== 0) {
          event.preventDefault();
          this._plot.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
        }
      },
      { passive: false }
    );
    over.addEventListener('keydown', event => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && this._does(event.key)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
  }

  summarise(text: string): void {
    this._summary.textContent = text;
  }

  /** Show the ring and the note at the row that is read. */
  place(row: number | null): void {
    const at = row === null ? null : this._plot.pixelOfRow(row);
    this._ring.hidden = at === null;
    this._tip.hidden = row === null;
    if (row === null) {
      return;
    }
    if (at) {
      Object.assign(this._ring.style, { left: `${at.x - 7}px`, top: `${at.y - 7}px`, width: '14px', height: '14px' });
    }
    // A footprint is named where the pointer is.
    const { x, y } = at ?? this._last;
    this._tip.textContent = this._plot.describe(row);
    const { offsetWidth: width, offsetHeight: height } = this._tip;
    Object.assign(this._tip.style, {
      left: `${x + 12 + width > this._plot.size.width ? Math.max(x - 12 - width, 0) : x + 12}px`,
      top: `${y - 12 - height < 0 ? y + 12 : y - 12 - height}px`
    });
  }

  private _onMove(event: PointerEvent): void {
    const { offsetX: x, offsetY: y } = event;
    const { _from: from } = this;
    if (from && (from.isDrag || Math.hypot(x - from.x, y - from.y) > CLICK)) {
      from.isDrag = true;
      this._plot.row = null;
      const half = Math.min(this._plot.size.width, this._plot.size.height) / 2;
      // East is to the left.
      this._plot.turn((x - this._last.x) / half, (y - this._last.y) / half);
    } else if (!from) {
      this._plot.row = this._plot.rowAt(x, y);
    }
    this._last = { x, y };
    this._plot.point(this._plot.placeAt(x, y));
  }

  /** Do what a key asks for; false if it asks for nothing here. */
  private _does(key: string): boolean {
    const { _plot: plot } = this;
    const deeds: Record<string, () => void> = {
      ArrowLeft: () => plot.turn(STEP, 0),
      ArrowRight: () => plot.turn(-STEP, 0),
      ArrowUp: () => plot.turn(0, STEP),
      ArrowDown: () => plot.turn(0, -STEP),
      '+': () => plot.zoom(),
      '=': () => plot.zoom(),
      '-': () => plot.zoom(1 / 1.5),
      '0': () => plot.showAll(),
      Home: () => plot.showAll(),
      n: () => this._read(true),
      p: () => this._read(false),
      Enter: () => {
        if (plot.row !== null) {
          plot.pick(plot.row);
        }
      },
      Escape: () => {
        plot.row = null;
      }
    };
    const deed = deeds[key.length === 1 ? key.toLowerCase() : key];
    deed?.();
    return deed !== undefined;
  }

  private _read(forwards: boolean): void {
    const row = this._plot.step(forwards);
    this._said.textContent = row === null ? '' : this._plot.describe(row);
  }
}

let count = 0;

function element(className: string): HTMLDivElement {
  const made = document.createElement('div');
  made.className = className;
  return made;
}
