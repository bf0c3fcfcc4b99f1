import { ReactWidget } from '@jupyterlab/ui-components';
import { PanelLayout, Widget } from '@lumino/widgets';
import type React from 'react';
import { ViewContextProvider, type ViewContext } from '../panels/context';
import { TableRows } from '../models/tableRows';
import { TableGrid } from './grid';
import { TableFooter, TableHeader } from './tableBars';
import { TableView } from './tableView';

/** A table in the main area: a bar of deeds, the grid, and what the services said. */
export class TableDocument extends Widget {
  readonly rows: TableRows;
  private readonly _grid: TableGrid;
  private readonly _observer: ResizeObserver;

  constructor(context: ViewContext, tableId: string) {
    super();
    this.addClass('esap-TableDocument');
    this.rows = new TableRows(context.esap.client, tableId);
    this._grid = new TableGrid(this.rows);
    const view = new TableView(this.rows, this._grid);
    const layout = new PanelLayout();
    this.layout = layout;
    const bar = (element: React.JSX.Element): ReactWidget =>
      ReactWidget.create(<ViewContextProvider value={context}>{element}</ViewContextProvider>);
    layout.addWidget(bar(<TableHeader view={view} />));
    layout.addWidget(this._grid);
    layout.addWidget(bar(<TableFooter view={view} />));
    this._grid.node.setAttribute('aria-label', context.trans.__('Rows of the table'));
    this._grid.node.setAttribute('role', 'region');
    // What opens above or below the grid changes its height.
    this._observer = new ResizeObserver(() => {
      this._grid.processMessage(Widget.ResizeMessage.UnknownSize);
    });
    this._observer.observe(this._grid.node);
    void this.rows.open();
  }

  override dispose(): void {
    this._observer.disconnect();
    this.rows.dispose();
    super.dispose();
  }

  applyTheme(): void {
    this._grid.applyTheme();
  }

  protected override onActivateRequest(): void {
    this._grid.node.focus();
  }
}
