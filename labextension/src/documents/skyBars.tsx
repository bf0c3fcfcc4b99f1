import { codeIcon, refreshIcon, saveIcon } from '@jupyterlab/ui-components';
import { useEffect, useReducer, type ReactNode } from 'react';
import { zoomInIcon, zoomOutIcon, zoomResetIcon } from '../icons';
import { writeDec, writeRa } from '../models/graticule';
import type { ProjectionName } from '../models/skyGeometry';
import { useChanges, useView } from '../panels/context';
import { formatCount } from '../panels/format';
import { ErrorNote, IconButton } from '../panels/parts';
import type { SkyDocument } from './sky';

/** Draw again when the rows or what is looked at have changed; the rows may be those of another table view. */
function useSky(document: SkyDocument): void {
  useChanges(document.state);
  const [, drawAgain] = useReducer((count: number) => count + 1, 0);
  const { sky } = document;
  useEffect(() => {
    sky.changed.connect(drawAgain);
    drawAgain();
    return () => {
      sky.changed.disconnect(drawAgain);
    };
  }, [sky]);
}

/** Which columns are the position, how the sky is projected, and what can be done with it. */
export function SkyBar({ document }: { document: SkyDocument }): ReactNode {
  const { trans } = useView();
  useSky(document);
  const { sky, plot, state } = document;
  const projections: [ProjectionName, string][] = [
    ['stereographic', trans.__('Where the rows are')],
    ['aitoff', trans.__('All sky: Aitoff')],
    ['mollweide', trans.__('All sky: Mollweide')],
    ['hammer', trans.__('All sky: Hammer')]
  ];
  const axes: ['ra' | 'dec', string][] = [
    ['ra', trans.__('Right ascension')],
    ['dec', trans.__('Declination')]
  ];
  return (
    <div className="esap-SkyBar" role="toolbar" aria-label={trans.__('Sky view')}>
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Projection')}
        value={state.projection}
        onChange={event => state.set({ projection: event.target.value as ProjectionName })}
      >
        {projections.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
      {axes.map(([axis, label]) => (
        <select
          key={axis}
          className="jp-mod-styled"
          aria-label={label}
          title={label}
          value={sky[axis]}
          onChange={event => sky.choose({ [axis]: event.target.value })}
        >
          {!sky[axis] && <option value="">{label} …</option>}
          {sky.plottable.map(column => (
            <option key={column.name}>{column.name}</option>
          ))}
        </select>
      ))}
      <div className="esap-SkyBar-tools">
        <IconButton icon={zoomInIcon} label={trans.__('Zoom in')} onClick={() => plot.zoom()} />
        <IconButton icon={zoomOutIcon} label={trans.__('Zoom out')} onClick={() => plot.zoom(1 / 1.5)} />
        <IconButton icon={zoomResetIcon} label={trans.__('Show everything')} onClick={() => plot.showAll()} />
        <button
          type="button"
          className="jp-Button jp-mod-minimal esap-IconButton esap-TextButton"
          aria-pressed={state.sexagesimal}
          title={trans.__('Positions with hours, minutes and seconds')}
          onClick={() => {
            state.set({ sexagesimal: !state.sexagesimal });
            plot.applyTheme();
          }}
        >
          {trans.__('h m s')}
        </button>
        <IconButton icon={saveIcon} label={trans.__('Save as PNG')} onClick={() => void document.savePng()} />
        <IconButton
          icon={codeIcon}
          label={trans.__('Insert code that draws these positions')}
          onClick={() => document.insertCode()}
        />
      </div>
    </div>
  );
}

/** What is drawn, and what is under the pointer. */
export function SkyFooter({ document }: { document: SkyDocument }): ReactNode {
  const { trans } = useView();
  useSky(document);
  const { sky, state } = document;
  const { points, density, regions, leftOut } = sky;
  const error = sky.error ?? sky.rows.error;
  const fullest = density?.counts.reduce((most, count) => Math.max(most, count), 0) ?? 0;
  const inMap = density?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  return (
    <div className="esap-SkyFooter">
      {error && <ErrorNote error={error} />}
      <div className="esap-TableFooter-bar">
        <span role="status">
          {!sky.ra && sky.rows.details && trans.__('No columns of positions are known: choose them above.')}
          {points && trans._n('%2 row', '%2 rows', points.rows.length, formatCount(points.rows.length))}
          {density &&
            trans.__(
              'A map of %1 rows in cells of one area (HEALPix of order %2), up to %3 in a cell',
              formatCount(inMap),
              density.order,
              formatCount(fullest)
            )}
          {regions.length > 0 &&
            ` · ${trans._n('%2 footprint', '%2 footprints', regions.length, formatCount(regions.length))}`}
        </span>
        {leftOut > 0 && (
          <span className="esap-warning">{trans.__('Footprints of %1 further rows are not drawn.', formatCount(leftOut))}</span>
        )}
        {sky.isReading && (
          <span className="esap-muted">
            <refreshIcon.react tag="span" className="esap-Icon" /> {trans.__('Reading …')}
          </span>
        )}
        <span className="esap-grow" />
        {state.pointed && (
          <span className="esap-SkyFooter-place">
            {writeRa(state.pointed[0], 15 / 36_000, true)} {writeDec(state.pointed[1], 1 / 3600, true)} ·{' '}
            {writeRa(state.pointed[0], 1e-5, false)} {writeDec(state.pointed[1], 1e-5, false)}
          </span>
        )}
      </div>
    </div>
  );
}
