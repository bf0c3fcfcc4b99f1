import { codeIcon, infoIcon, refreshIcon, spreadsheetIcon } from '@jupyterlab/ui-components';
import { ReactWidget } from '@jupyterlab/ui-components';
import { PanelLayout, Widget } from '@lumino/widgets';
import { useState, type ReactNode } from 'react';
import type React from 'react';
import type { FileContent } from '../api/types';
import { codeOfCurve } from '../code';
import { CommandIDs } from '../commandIds';
import { Curve } from '../models/curve';
import { useChanges, useView, ViewContextProvider, type ViewContext } from '../panels/context';
import { formatCount } from '../panels/format';
import { ErrorNote, IconButton } from '../panels/parts';
import { Chart } from './chart';
import { HeaderDrawer } from './headerDrawer';
import { Choice } from './imageBars';

/** A spectrum or a light curve in the main area. */
export class CurveDocument extends Widget {
  readonly curve: Curve;
  private readonly _chart: Chart;

  constructor(context: ViewContext, path: string, content: FileContent, hdu: number | null) {
    super();
    const { trans } = context;
    this.addClass('esap-CurveDocument');
    this.curve = new Curve(context.esap.client, path, content, hdu);
    const name = path.split('/').pop() ?? path;
    const label = content.view === 'spectrum' ? trans.__('Spectrum %1', name) : trans.__('Light curve %1', name);
    this._chart = new Chart({ label, trans });
    const layout = new PanelLayout();
    this.layout = layout;
    const bar = (element: React.JSX.Element): ReactWidget =>
      ReactWidget.create(<ViewContextProvider value={context}>{element}</ViewContextProvider>);
    layout.addWidget(bar(<CurveHeader curve={this.curve} chart={this._chart} />));
    layout.addWidget(this._chart);
    this.curve.changed.connect(this._draw, this);
    void this.curve.open();
  }

  override dispose(): void {
    this.curve.changed.disconnect(this._draw, this);
    this.curve.dispose();
    super.dispose();
  }

  applyTheme(): void {
    this._chart.applyTheme();
  }

  private _draw(): void {
    const { description, series, isLoading } = this.curve;
    if (!description || isLoading) {
      return;
    }
    const { kind, x, y } = description;
    const style = kind === 'spectrum' ? ('steps' as const) : ('points' as const);
    this._chart.draw(
      series.map(({ error, ...each }) => ({ ...each, ...(error ? { error } : {}), style })),
      { x: { label: x.label, unit: x.unit }, y: { label: y.label, unit: y.unit, reversed: y.reversed } }
    );
  }
}

/** What is drawn, and what can be done with it. */
function CurveHeader({ curve, chart }: { curve: Curve; chart: Chart }): ReactNode {
  const { commands, trans } = useView();
  const [showsHeader, setShowsHeader] = useState(false);
  useChanges(curve);
  const { description, content } = curve;
  const parts = content.parts.filter(part => part.view === 'spectrum' || part.view === 'timeseries');
  const shown = curve.series.reduce((sum, each) => sum + each.x.length, 0);
  return (
    <div className="esap-ViewerHeader">
      <div className="esap-ViewerBar" role="toolbar" aria-label={trans.__('Plot')}>
        {parts.length > 1 && (
          <Choice
            label={trans.__('HDU')}
            value={String(curve.hdu)}
            options={parts.map(part => [String(part.number), `${part.number} ${part.name}`])}
            onChange={number => void curve.setHdu(Number(number))}
          />
        )}
        {description && description.columns.length > 1 && (
          <Choice
            label={trans.__('Column')}
            value={description.y.column}
            options={description.columns.map(name => [name, name])}
            onChange={name => void curve.setColumn(name)}
          />
        )}
        <span className="esap-Viewer-title esap-grow" title={description?.title}>
          {description?.title}
        </span>
        <span className="esap-muted" role="status">
          {curve.isLoading
            ? trans.__('Reading …')
            : description &&
              (shown < description.points
                ? trans.__('the highest and lowest of each few of %1 points', formatCount(description.points))
                : trans._n('%2 point', '%2 points', shown, formatCount(shown)))}
        </span>
        <IconButton icon={refreshIcon} label={trans.__('See everything')} onClick={() => chart.reset()} />
        {curve.hdu !== null && (
          <IconButton icon={infoIcon} label={trans.__('Header')} onClick={() => setShowsHeader(!showsHeader)} />
        )}
        {commands.hasCommand(CommandIDs.openFileAsTable) && (
          <IconButton
            icon={spreadsheetIcon}
            label={trans.__('Open as table')}
            onClick={() => void commands.execute(CommandIDs.openFileAsTable, { path: curve.path })}
          />
        )}
        <IconButton
          icon={codeIcon}
          label={trans.__('Insert code that opens this file')}
          onClick={() =>
            void commands.execute(CommandIDs.insertCode, {
              code: codeOfCurve(content.location, curve.hdu, description)
            })
          }
        />
      </div>
      {showsHeader && (
        <HeaderDrawer
          read={() => curve.header()}
          of={`${curve.path} ${curve.hdu ?? ''}`}
          onClose={() => setShowsHeader(false)}
        />
      )}
      {curve.error && <ErrorNote error={curve.error} onRetry={() => void curve.open()} />}
    </div>
  );
}
