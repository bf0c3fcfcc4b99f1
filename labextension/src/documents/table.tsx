import { ReactWidget } from '@jupyterlab/ui-components';
import { PanelLayout, SplitPanel, Widget } from '@lumino/widgets';
import type React from 'react';
import { formatTaken } from '../panels/format';
import { ViewContextProvider, type ViewContext } from '../panels/context';
import { TableRows, type TableOrigin } from '../models/tableRows';
import { TableGrid } from './grid';
import { PlotPanel } from './plotPanel';
import { codeOf, MOST_TAKEN, TableFooter, TableHeader } from './tableBars';
import { TableView } from './tableView';

/** A table in the main area: a bar of deeds, the grid, and what the services said. */
export class TableDocument extends Widget {
  readonly rows: TableRows;
  private readonly _grid: TableGrid;
  private readonly _view: TableView;
  private readonly _middle = new SplitPanel({ orientation: 'horizontal', spacing: 4 });
  private readonly _observer: ResizeObserver;
  private _plot: PlotPanel | null = null;

  constructor(
    private readonly _context: ViewContext,
    origin: TableOrigin
  ) {
    super();
    this.addClass('esap-TableDocument');
    this.rows = new TableRows(_context.esap.client, origin);
    // Asked for at once, so that the answer comes while the widgets are made.
    void this.rows.open();
    this._grid = new TableGrid(this.rows, _context.trans.__('Rows of the table'), _context.trans);
    const view = (this._view = new TableView(this.rows, this._grid));
    this._grid.dragged = async () => ({
      title: formatTaken(this._grid.selectedCount, MOST_TAKEN, _context.trans),
      code: await codeOf(view)
    });
    const layout = new PanelLayout();
    this.layout = layout;
    const bar = (element: React.JSX.Element): ReactWidget =>
      ReactWidget.create(<ViewContextProvider value={_context}>{element}</ViewContextProvider>);
    layout.addWidget(bar(<TableHeader view={view} />));
    this._middle.addClass('esap-TableDocument-middle');
    this._middle.addWidget(this._grid);
    layout.addWidget(this._middle);
    layout.addWidget(bar(<TableFooter view={view} />));
    // What opens above or below the grid changes its height.
    this._observer = new ResizeObserver(() => {
      this._middle.processMessage(Widget.ResizeMessage.UnknownSize);
    });
    this._observer.observe(this._middle.node);
    view.changed.connect(this._onView, this);
  }

  /** What of it is looked at. */
  get view(): TableView {
    return this._view;
  }

  override dispose(): void {
    this._observer.disconnect();
    this.rows.dispose();
    super.dispose();
  }

  applyTheme(): void {
    this._grid.applyTheme();
    this._plot?.chart.applyTheme();
  }

  /** Put the plot beside the grid, or take it away. */
  private _onView(): void {
    if (this._view.plotting && !this._plot) {
      this._plot = new PlotPanel(this._context, this._view);
      this._middle.addWidget(this._plot);
      this._middle.setRelativeSizes([1, 1]);
    } else if (!this._view.plotting && this._plot) {
      this._plot.dispose();
      this._plot = null;
    }
  }

  protected override onActivateRequest(): void {
    this._grid.activate();
  }
}
