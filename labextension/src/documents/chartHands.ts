import type { TranslationBundle } from '@jupyterlab/translation';
import type { Chart, ChartPoint } from './chart';

/** Less than this is a click, not a drag. */
const CLICK = 4;
const STEP = 0.1;

/** Mouse and keyboard of a chart: what is under the pointer, dragging, zooming, and words for who cannot see it. */
export class ChartHands {
  private readonly _over = element('esap-Chart-over');
  private readonly _box = element('esap-Chart-box');
  private readonly _ring = element('esap-Chart-ring');
  private readonly _tip = element('esap-Chart-tip');
  private readonly _summary = element('esap-hidden');
  private readonly _said = element('esap-hidden');
  private _start: { x: number; y: number } | null = null;

  constructor(
    private readonly _chart: Chart,
    label: string,
    trans: TranslationBundle
  ) {
    const { _over: over } = this;
    over.tabIndex = 0;
    over.setAttribute('role', 'application');
    over.setAttribute('aria-roledescription', trans.__('plot'));
    over.setAttribute('aria-label', label);
    this._summary.id = `esap-chart-${(count += 1)}`;
    over.setAttribute('aria-describedby', `${this._summary.id} ${this._summary.id}-keys`);
    const keys = element('esap-hidden');
    keys.id = `${this._summary.id}-keys`;
    keys.textContent = trans.__(
      'Plus and minus zoom, the arrow keys move, 0 shows everything, N and P go from point to point, Enter picks the point.'
    );
    this._said.setAttribute('role', 'status');
    for (const each of [this._box, this._ring, this._tip]) {
      each.hidden = true;
      each.setAttribute('aria-hidden', 'true');
    }
    this._chart.node.append(over, this._box, this._ring, this._tip, this._summary, keys, this._said);
    over.addEventListener('pointerdown', event => this._onDown(event));
    over.addEventListener('pointermove', event => this._onMove(event));
    over.addEventListener('pointerup', event => this._onUp(event));
    over.addEventListener('pointerleave', () => {
      if (document.activeElement !== over) {
        this._chart.point = null;
      }
    });
    over.addEventListener('dblclick', () => this._chart.reset());
    over.addEventListener('wheel', event => this._onWheel(event), { passive: false });
    over.addEventListener('keydown', event => this._onKey(event));
  }

  /** Say in words what is drawn. */
  summarise(text: string): void {
    this._summary.textContent = text;
  }

  /** Show the ring and the note at the point that is read. */
  place(point: ChartPoint | null, radius: number): void {
    const at = point && this._chart.placeOf(point);
    const { frame } = this._chart;
    const shown = at && frame && at.x >= frame.left && at.x <= frame.right && at.y >= frame.top && at.y <= frame.bottom;
    this._ring.hidden = this._tip.hidden = !shown;
    if (!shown) {
      return;
    }
    const size = 2 * (radius + 4);
    Object.assign(this._ring.style, {
      left: `${at.x - size / 2}px`,
      top: `${at.y - size / 2}px`,
      width: `${size}px`,
      height: `${size}px`
    });
    this._tip.textContent = this._chart.describe(point);
    const { offsetWidth: width, offsetHeight: height } = this._tip;
    const { clientWidth: most } = this._chart.node;
    Object.assign(this._tip.style, {
      left: `${at.x + 12 + width > most ? Math.max(at.x - 12 - width, 0) : at.x + 12}px`,
      top: `${at.y - 12 - height < 0 ? at.y + 12 : at.y - 12 - height}px`
    });
  }

  private _onDown(event: PointerEvent): void {
    if (event.button === 0) {
      this._start = placeIn(event);
      this._over.setPointerCapture(event.pointerId);
    }
  }

  private _onMove(event: PointerEvent): void {
    const at = placeIn(event);
    const { _start: start } = this;
    if (!start) {
      this._chart.point = this._chart.pointAt(at.x, at.y);
      return;
    }
    this._box.hidden = false;
    this._box.classList.toggle('esap-mod-brush', this._brushes(event));
    Object.assign(this._box.style, {
      left: `${Math.min(start.x, at.x)}px`,
      top: `${Math.min(start.y, at.y)}px`,
      width: `${Math.abs(start.x - at.x)}px`,
      height: `${Math.abs(start.y - at.y)}px`
    });
  }

  private _onUp(event: PointerEvent): void {
    const { _start: start } = this;
    const at = placeIn(event);
    this._letGo();
    if (!start) {
      return;
    }
    if (Math.hypot(at.x - start.x, at.y - start.y) < CLICK) {
      const point = this._chart.pointAt(at.x, at.y);
      if (point) {
        this._chart.pick(point);
      }
    } else if (this._brushes(event)) {
      this._chart.brush(start.x, start.y, at.x, at.y);
    } else {
      const view = this._chart.viewBetween(start.x, start.y, at.x, at.y);
      if (view) {
        this._chart.look(view);
      }
    }
  }

  private _brushes(event: PointerEvent): boolean {
    return this._chart.brushing !== event.shiftKey;
  }

  private _letGo(): void {
    this._start = null;
    this._box.hidden = true;
  }

  private _onWheel(event: WheelEvent): void {
    const { frame } = this._chart;
    if (!frame || event.deltaY === 0) {
      return;
    }
    event.preventDefault();
    const at = placeIn(event);
    this._chart.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, {
      x: (at.x - frame.left) / (frame.right - frame.left),
      y: (at.y - frame.top) / (frame.bottom - frame.top)
    });
  }

  private _onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !this._does(event.key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Do what a key asks for; false if it asks for nothing here. */
  private _does(key: string): boolean {
    const { _chart: chart } = this;
    const deeds: Record<string, () => void> = {
      ArrowLeft: () => chart.move(-STEP, 0),
      ArrowRight: () => chart.move(STEP, 0),
      ArrowUp: () => chart.move(0, STEP),
      ArrowDown: () => chart.move(0, -STEP),
      '+': () => chart.zoom(),
      '=': () => chart.zoom(),
      '-': () => chart.zoom(1 / 1.5),
      '0': () => chart.reset(),
      Home: () => chart.reset(),
      n: () => this._read(true),
      p: () => this._read(false),
      Enter: () => {
        if (chart.point) {
          chart.pick(chart.point);
        }
      },
      Escape: () => {
        this._letGo();
        chart.point = null;
      }
    };
    const deed = deeds[key.length === 1 ? key.toLowerCase() : key];
    deed?.();
    return deed !== undefined;
  }

  private _read(forwards: boolean): void {
    const point = this._chart.step(forwards);
    this._said.textContent = point ? this._chart.describe(point) : '';
  }
}

let count = 0;

function element(className: string): HTMLDivElement {
  const made = document.createElement('div');
  made.className = className;
  return made;
}

function placeIn(event: MouseEvent): { x: number; y: number } {
  return { x: event.offsetX, y: event.offsetY };
}
