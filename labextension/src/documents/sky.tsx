import { ReactWidget } from '@jupyterlab/ui-components';
import { Signal, type ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import type React from 'react';
import { CommandIDs } from '../commandIds';
import { codeOfSky } from '../codeOfPlot';
import type { Place } from '../models/regions';
import type { ProjectionName } from '../models/skyGeometry';
import { MOST_REGIONS, TableSky } from '../models/tableSky';
import { TableRows } from '../models/tableRows';
import { ViewContextProvider, type ViewContext } from '../panels/context';
import { formatCount } from '../panels/format';
import { describeRow } from './cells';
import { saveFile } from './saveFile';
import { SkyBar, SkyFooter } from './skyBars';
import { SkyPlot } from './skyPlot';
import type { TableDocument } from './table';
import { Changing } from '../models/changing';

const MOST_MARKED = 10_000;

/** What of the sky is looked at beside what is drawn. */
export class SkyState extends Changing {
  pointed: Place | null = null;
  sexagesimal = true;
  projection: ProjectionName = 'stereographic';

  private readonly _projected = new Signal<this, ProjectionName>(this);

  /** Emitted when another projection was chosen. */
  get projected(): ISignal<this, ProjectionName> {
    return this._projected;
  }

  set(changes: Partial<Pick<SkyState, 'pointed' | 'sexagesimal' | 'projection'>>): void {
    const before = this.projection;
    Object.assign(this, changes);
    this.emitChanged();
    if (this.projection !== before) {
      this._projected.emit(this.projection);
    }
  }
}

/** The rows of a table on the sky, in the main area; it follows the table's filter, and selects in its grid. */
export class SkyDocument extends Widget {
  readonly plot: SkyPlot;
  readonly state = new SkyState();
  sky: TableSky;
  private _table: TableDocument | null = null;
  private _own: TableRows | null = null;

  constructor(
    readonly context: ViewContext,
    readonly tableId: string,
    table: TableDocument | null,
    projection: ProjectionName
  ) {
    super();
    const { trans } = context;
    this.addClass('esap-SkyDocument');
    this.state.projection = projection;
    this.plot = new SkyPlot({ label: trans.__('The rows on the sky'), trans });
    this.plot.camera = { ...this.plot.camera, projection };
    this.plot.describe = row =>
      describeRow(this.sky.rows, row, ['target_name', 'obs_title', 'obs_id', this.sky.ra, this.sky.dec], trans);
    this.sky = this._makeSky(table);
    const wrap = (element: React.JSX.Element): ReactWidget =>
      ReactWidget.create(<ViewContextProvider value={context}>{element}</ViewContextProvider>);
    const layout = new PanelLayout();
    this.layout = layout;
    layout.addWidget(wrap(<SkyBar document={this} />));
    layout.addWidget(this.plot);
    layout.addWidget(wrap(<SkyFooter document={this} />));
    this.plot.seen.connect((_, seen) => this.sky.lookAt(seen));
    this.plot.pointed.connect((_, pointed) => this.state.set({ pointed }));
    this.plot.picked.connect((_, row) => void this._select(row));
    this.state.projected.connect((_, wanted) => this.plot.project(wanted));
    this.state.changed.connect(() => {
      this.plot.sexagesimal = this.state.sexagesimal;
    });
  }

  override dispose(): void {
    this.link(null);
    this.sky.dispose();
    this._own?.dispose();
    super.dispose();
  }

  /** Follow a table that is open, or none. */
  link(table: TableDocument | null): void {
    if (table !== this._table && !this.isDisposed) {
      const { ra, dec } = this.sky;
      this.sky.dispose();
      this.sky = this._makeSky(table);
      this.sky.choose({ ra, dec });
      this.state.set({});
    }
  }

  applyTheme(): void {
    this.plot.applyTheme();
  }

  async savePng(): Promise<void> {
    saveFile(await this.plot.toPng(), 'sky.png');
  }

  insertCode(): void {
    const { ra, dec } = this.sky;
    const { projection } = this.state;
    const drawn = { ra, dec, projection: projection === 'stereographic' ? 'tan' : projection };
    const code = codeOfSky(this.sky.rows, drawn);
    void this.context.commands.execute(CommandIDs.insertCode, { code });
  }

  protected override onActivateRequest(): void {
    this.plot.node.querySelector<HTMLElement>('[role="application"]')?.focus();
  }

  private _makeSky(table: TableDocument | null): TableSky {
    this._table?.view.grid.selectionModel?.changed.disconnect(this._markSelected, this);
    this._table?.disposed.disconnect(this._onTableClosed, this);
    this._table = table;
    table?.view.grid.selectionModel?.changed.connect(this._markSelected, this);
    table?.disposed.connect(this._onTableClosed, this);
    const sky = new TableSky(table?.rows ?? this._ownRows());
    sky.changed.connect(() => this._onSky(sky));
    this._onSky(sky);
    return sky;
  }

  /** The rows of a table that is not open beside this. */
  private _ownRows(): TableRows {
    if (!this._own) {
      this._own = new TableRows(this.context.esap.client, { id: this.tableId });
      void this._own.open();
    }
    return this._own;
  }

  private _onTableClosed(): void {
    this.link(null);
  }

  private _onSky(sky: TableSky): void {
    const { trans } = this.context;
    const said = [
      sky.points && trans._n('%2 row on the sky.', '%2 rows on the sky.', sky.points.rows.length, formatCount(sky.points.rows.length)),
      sky.density && trans.__('A map of how many rows lie where.'),
      sky.regions.length > 0 &&
        trans._n('%2 footprint.', '%2 footprints.', sky.regions.length, formatCount(sky.regions.length)),
      sky.leftOut > 0 && trans.__('Only the first %1 rows have their footprints drawn.', formatCount(MOST_REGIONS))
    ];
    this.plot.draw(sky, said.filter(Boolean).join(' '));
    this._markSelected();
  }

  private _markSelected(): void {
    this.plot.mark(new Set(this._table?.view.grid.selectedRows(MOST_MARKED) ?? []));
  }

  /** Select a row in the grid of its table, which is opened if it is not. */
  private async _select(row: number): Promise<void> {
    if (!this._table) {
      await this.context.commands.execute(CommandIDs.openTable, { id: this.tableId, below: this.parent?.id ?? '' });
    }
    this._table?.view.grid.select([row]);
  }
}
