import { ReactWidget } from '@jupyterlab/ui-components';
import { Panel } from '@lumino/widgets';
import { CommandIDs } from '../commandIds';
import { codeOfPlot } from '../codeOfPlot';
import { isMagnitude } from '../models/plotColumns';
import { MOST_DRAWN } from '../models/drawnRows';
import { TablePlot, type Range } from '../models/tablePlot';
import { indexOfRow } from '../api/points';
import { ViewContextProvider, type ViewContext } from '../panels/context';
import { describeRow } from './cells';
import { Chart, type ChartAxes, type ChartPlace } from './chart';
import { padded } from './chartAxes';
import { PlotBar, PlotFooter } from './plotBars';
import { saveFile } from './saveFile';
import type { TableView } from './tableView';

/** Rows that are marked in the plot, or by it, at most. */
const MOST_MARKED = 10_000;

/** A plot of two columns beside the grid. */
export class PlotPanel extends Panel {
  readonly plot: TablePlot;
  readonly chart: Chart;
  private _drawn = -1;

  constructor(
    private readonly _context: ViewContext,
    private readonly _view: TableView
  ) {
    super();
    const { trans } = _context;
    this.addClass('esap-PlotPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Plot'));
    this.plot = new TablePlot(_view.rows);
    this.chart = new Chart({ label: trans.__('Plot of two columns'), trans });
    this.chart.describe = ({ index }) => this._describe(index);
    const wrap = (element: React.JSX.Element): ReactWidget =>
      ReactWidget.create(<ViewContextProvider value={_context}>{element}</ViewContextProvider>);
    this.addWidget(wrap(<PlotBar panel={this} view={_view} />));
    this.addWidget(this.chart);
    this.addWidget(wrap(<PlotFooter plot={this.plot} />));

    this.plot.changed.connect(this._onPlot, this);
    this.chart.viewed.connect((_, part) => this.plot.lookAt(part));
    this.chart.picked.connect((_, { index }) => {
      const row = this.plot.points?.rows[index];
      if (row !== undefined) {
        _view.grid.select([row]);
      }
    });
    this.chart.brushed.connect((_, part) => {
      void this.plot.rowsIn(part, MOST_MARKED).then(rows => _view.grid.select(rows));
    });
    _view.grid.selectionModel?.changed.connect(this._markSelected, this);
    _view.rows.arrived.connect(this._markSelected, this);
    this._onPlot();
  }

  override dispose(): void {
    this._view.grid.selectionModel?.changed.disconnect(this._markSelected, this);
    this._view.rows.arrived.disconnect(this._markSelected, this);
    this.plot.dispose();
    super.dispose();
  }

  /** Write the plot into a PNG file that the browser saves. */
  async savePng(): Promise<void> {
    saveFile(await this.chart.toPng(), `${this.plot.x}-${this.plot.y}.png`);
  }

  insertCode(): void {
    const { rows, x, y, xLog, yLog } = this.plot;
    const code = codeOfPlot(rows, { x, y, xLog, yLog });
    void this._context.commands.execute(CommandIDs.insertCode, { code });
  }

  private get _axes(): ChartAxes {
    const { plot } = this;
    const axis = (name: 'x' | 'y', log: boolean): ChartAxes['x'] => {
      const column = plot.column(name);
      return {
        label: plot[name],
        unit: column?.unit ?? '',
        log,
        reversed: name === 'y' && column !== undefined && isMagnitude(column)
      };
    };
    return { x: axis('x', plot.xLog), y: axis('y', plot.yLog) };
  }

  private _onPlot(): void {
    const { plot } = this;
    if (plot.version === this._drawn) {
      return;
    }
    this._drawn = plot.version;
    const { points, density } = plot;
    const axes = this._axes;
    if (points) {
      const series = { name: '', x: points.first, y: points.second, style: 'points' as const };
      this.chart.draw([series], axes, plot.isPart);
    } else if (density) {
      const { columns, rows } = density;
      const x = (density.x ?? [0, 1]) as Range;
      const y = (density.y ?? [0, 1]) as Range;
      const whole = { x: padded(x, axes.x), y: padded(y, axes.y) };
      const counts = Uint32Array.from(density.counts);
      this.chart.drawDensity({ x, y, columns, rows, counts }, axes, whole, plot.isPart);
    }
    this._markSelected();
  }

  /** Mark what is selected in the grid. */
  private _markSelected(): void {
    const { points } = this.plot;
    const { rows, grid } = this._view;
    const selected = grid.selectedRows(points ? MOST_MARKED : MOST_DRAWN / 100);
    const places = selected.map((row): ChartPlace => {
      const index = points ? indexOfRow(points, row) : -1;
      return points && index >= 0
        ? { x: points.first[index] ?? NaN, y: points.second[index] ?? NaN }
        : { x: numberIn(rows, row, this.plot.x), y: numberIn(rows, row, this.plot.y) };
    });
    this.chart.mark(places);
  }

  private _describe(index: number): string {
    const { points, x, y } = this.plot;
    const row = points?.rows[index];
    return row === undefined ? '' : describeRow(this._view.rows, row, [x, y], this._context.trans);
  }
}

/** A number of a row, NaN if its page is not here. */
function numberIn(rows: TableView['rows'], row: number, column: string): number {
  const value = rows.shown(row, column);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
}
