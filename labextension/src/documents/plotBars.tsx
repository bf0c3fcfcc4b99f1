import { closeIcon, codeIcon, refreshIcon, saveIcon } from '@jupyterlab/ui-components';
import { useState, type ReactNode } from 'react';
import { brushIcon, swapIcon, zoomInIcon, zoomOutIcon, zoomResetIcon } from '../icons';
import { MOST_DRAWN } from '../models/drawnRows';
import type { TablePlot } from '../models/tablePlot';
import { useChanges, useView } from '../panels/context';
import { formatCount } from '../panels/format';
import { ErrorNote, IconButton } from '../panels/parts';
import type { PlotPanel } from './plotPanel';
import type { TableView } from './tableView';

/** Which columns are plotted, and what can be done with the plot. */
export function PlotBar({ panel, view }: { panel: PlotPanel; view: TableView }): ReactNode {
  const { trans } = useView();
  const { plot, chart } = panel;
  useChanges(plot);
  const [brushing, setBrushing] = useState(false);
  return (
    <div className="esap-PlotBar">
      <div className="esap-Row">
        <AxisChoice plot={plot} axis="x" label={trans.__('Across')} />
        <IconButton icon={swapIcon} label={trans.__('Swap the axes')} onClick={() => plot.swap()} />
        <AxisChoice plot={plot} axis="y" label={trans.__('Up')} />
      </div>
      <div className="esap-PlotBar-tools" role="toolbar" aria-label={trans.__('Plot')}>
        <IconButton icon={zoomInIcon} label={trans.__('Zoom in')} onClick={() => chart.zoom()} />
        <IconButton icon={zoomOutIcon} label={trans.__('Zoom out')} onClick={() => chart.zoom(1 / 1.5)} />
        <IconButton icon={zoomResetIcon} label={trans.__('Show everything')} onClick={() => chart.reset()} />
        <IconButton
          icon={brushIcon}
          label={trans.__('Dragging selects rows (or Shift and drag)')}
          pressed={brushing}
          onClick={() => {
            chart.brushing = !brushing;
            setBrushing(!brushing);
          }}
        />
        <span className="esap-grow" />
        <IconButton icon={saveIcon} label={trans.__('Save as PNG')} onClick={() => void panel.savePng()} />
        <IconButton
          icon={codeIcon}
          label={trans.__('Insert code that draws this plot')}
          onClick={() => panel.insertCode()}
        />
        <IconButton
          icon={closeIcon}
          label={trans.__('Close the plot')}
          onClick={() => {
            view.plotting = false;
          }}
        />
      </div>
    </div>
  );
}

function AxisChoice({ plot, axis, label }: { plot: TablePlot; axis: 'x' | 'y'; label: string }): ReactNode {
  const { trans } = useView();
  const log = axis === 'x' ? plot.xLog : plot.yLog;
  return (
    <div className="esap-AxisChoice esap-grow">
      <select
        className="jp-mod-styled"
        aria-label={label}
        title={label}
        value={plot[axis]}
        onChange={event => plot.choose({ [axis]: event.target.value })}
      >
        {plot.plottable.map(column => (
          <option key={column.name} value={column.name}>
            {column.unit ? `${column.name} [${column.unit}]` : column.name}
          </option>
        ))}
      </select>
      <label className="esap-AxisChoice-log">
        <input
          type="checkbox"
          checked={log}
          aria-label={axis === 'x' ? trans.__('Logarithmic across') : trans.__('Logarithmic up')}
          onChange={event => plot.choose(axis === 'x' ? { xLog: event.target.checked } : { yLog: event.target.checked })}
        />
        {trans.__('log')}
      </label>
    </div>
  );
}

/** What is drawn, in words. */
export function PlotFooter({ plot }: { plot: TablePlot }): ReactNode {
  const { trans } = useView();
  useChanges(plot);
  const { points, density, error } = plot;
  const inMap = density?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  const fullest = density?.counts.reduce((most, count) => Math.max(most, count), 0) ?? 0;
  return (
    <div className="esap-PlotFooter">
      {error && <ErrorNote error={error} />}
      {plot.plottable.length < 2 && <p>{trans.__('The table has no two columns of numbers.')}</p>}
      <span role="status">
        {points && trans._n('%2 row drawn', '%2 rows drawn', points.rows.length, formatCount(points.rows.length))}
        {density &&
          trans.__(
            'A map of %1 rows, since more than %2 are not drawn one by one; up to %3 in a cell. Zoom in for single rows.',
            formatCount(inMap),
            formatCount(MOST_DRAWN),
            formatCount(fullest)
          )}
      </span>
      {plot.isReading && (
        <span className="esap-muted">
          <refreshIcon.react tag="span" className="esap-Icon" /> {trans.__('Reading …')}
        </span>
      )}
    </div>
  );
}
