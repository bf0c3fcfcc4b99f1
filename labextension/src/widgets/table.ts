import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { Condition, Order } from '../api/types';
import { TableGrid } from '../documents/grid';
import { TableRows, type AnyRows, type RowsSource } from '../models/tableRows';
import { observe, type AnyModel } from './anyModel';
import { KernelRows } from './kernelRows';
import './table.css';

/** The traits of `esap_jupyter.widgets.grid.Grid`. */
interface Traits {
  table_id: string;
  conditions: readonly Condition[];
  order: Order | null;
  /** First and last of each run of selected rows, as they are shown. */
  selection: readonly (readonly [number, number])[];
  sexagesimal: boolean;
  label: string;
  preview: string;
}

type Model = AnyModel<Traits>;

const SELECTING_MS = 150;

/** The rows of one widget, however often it is displayed. */
class SharedRows {
  readonly rows: AnyRows;
  private readonly _ends: (() => void)[];

  constructor(model: Model, source: KernelRows) {
    this.rows = new TableRows<RowsSource>(source, { id: model.get('table_id') });
    this.rows.conditions = model.get('conditions');
    this.rows.order = model.get('order');
    const onSelection = (): void => {
      if (!same(this.rows.selection, { conditions: model.get('conditions'), order: ordersOf(model) })) {
        void this.rows.select(model.get('conditions'), model.get('order'));
      }
    };
    this.rows.changed.connect(rows => {
      // A click on a header sorts; what was selected is elsewhere then.
      if (!same(rows.order, model.get('order'))) {
        model.set('order', rows.order);
        model.set('selection', []);
        model.save_changes();
      }
    });
    this._ends = [observe(model, 'conditions', onSelection), observe(model, 'order', onSelection)];
    void this.rows.open();
  }

  dispose(): void {
    this._ends.forEach(end => end());
    this.rows.dispose();
  }
}

/** One display of the rows. */
class View {
  private readonly _grid: TableGrid;
  private readonly _sizes: ResizeObserver;
  private readonly _theme: MutationObserver;
  private readonly _ends: (() => void)[];
  private _saving: ReturnType<typeof setTimeout> | undefined;
  private readonly _alert = document.createElement('p');
  private readonly _preview = document.createElement('pre');

  constructor(
    private readonly _model: Model,
    private readonly _rows: AnyRows,
    private readonly _host: HTMLElement
  ) {
    this._alert.setAttribute('role', 'alert');
    this._alert.className = 'esap-GridError';
    this._preview.className = 'esap-GridPreview';
    _host.append(this._alert, this._preview);
    this._grid = new TableGrid(_rows, _model.get('label'));
    this._grid.sexagesimal = _model.get('sexagesimal');
    this._sizes = new ResizeObserver(() => this._onSize());
    this._sizes.observe(_host);
    this._sizes.observe(this._grid.node);
    this._theme = new MutationObserver(() => requestAnimationFrame(() => this._grid.applyTheme()));
    this._theme.observe(document.body, { attributes: true });
    _rows.changed.connect(this._onRows, this);
    this._grid.selectionModel?.changed.connect(this._onSelected, this);
    this._ends = [
      observe(_model, 'selection', () => this._select()),
      observe(_model, 'sexagesimal', () => {
        this._grid.sexagesimal = _model.get('sexagesimal');
      })
    ];
    this._onRows();
  }

  dispose(): void {
    clearTimeout(this._saving);
    this._ends.forEach(end => end());
    this._sizes.disconnect();
    this._theme.disconnect();
    this._rows.changed.disconnect(this._onRows, this);
    if (this._grid.isAttached && !this._grid.node.isConnected) {
      // The page took the cell away before it told the widget.
      this._grid.clearFlag(Widget.Flag.IsAttached);
    }
    this._grid.dispose();
    this._host.replaceChildren();
  }

  /** Lumino wants the host on the page, which a cell is only after it was rendered, and now and then not. */
  private _onSize(): void {
    if (!this._host.isConnected) {
      return;
    }
    if (!this._grid.isAttached) {
      Widget.attach(this._grid, this._host);
      this._grid.applyTheme();
      this._grid.fitToContent();
      this._select();
    }
    MessageLoop.sendMessage(this._grid, Widget.ResizeMessage.UnknownSize);
  }

  private _onRows(): void {
    const { error, details } = this._rows;
    this._alert.textContent = error ? `${error.message} ${error.hint}`.trim() : '';
    this._alert.hidden = !error;
    // Without a kernel there are no rows, but there is what was seen last.
    this._preview.textContent = details ? '' : this._model.get('preview');
    this._preview.hidden = details !== null;
  }

  private _onSelected(): void {
    clearTimeout(this._saving);
    this._saving = setTimeout(() => {
      const chosen = this._chosen();
      if (!same(chosen, this._model.get('selection'))) {
        this._model.set('selection', chosen);
        this._model.save_changes();
      }
    }, SELECTING_MS);
  }

  private _chosen(): [number, number][] {
    return [...(this._grid.selectionModel?.selections() ?? [])].map(({ r1, r2 }) => [Math.min(r1, r2), Math.max(r1, r2)]);
  }

  private _select(): void {
    const wanted = this._model.get('selection');
    const model = this._grid.selectionModel;
    if (!model || same(wanted, this._chosen())) {
      return;
    }
    model.clear();
    for (const [r1, r2] of wanted) {
      const range = { r1, r2, c1: 0, c2: Math.max(this._rows.columns.length - 1, 0) };
      model.select({ ...range, cursorRow: r1, cursorColumn: 0, clear: 'none' });
    }
  }
}

/** What anywidget runs: once for each widget, and `render` for each of its displays. */
export default (): object => {
  let source: KernelRows;
  let shared: SharedRows;
  const views = new Map<HTMLElement, View>();

  function initialize({ model }: { model: Model }): () => void {
    source = new KernelRows(model);
    shared = new SharedRows(model, source);
    const end = observe(model, 'table_id', () => {
      views.forEach(view => view.dispose());
      shared.dispose();
      shared = new SharedRows(model, source);
      for (const host of views.keys()) {
        views.set(host, new View(model, shared.rows, host));
      }
    });
    return () => {
      end();
      shared.dispose();
      source.dispose();
    };
  }

  function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
    el.classList.add('esap-GridWidget');
    views.set(el, new View(model, shared.rows, el));
    return () => {
      views.get(el)?.dispose();
      views.delete(el);
    };
  }

  return { initialize, render };
};

function ordersOf(model: Model): Order[] {
  const order = model.get('order');
  return order ? [order] : [];
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
