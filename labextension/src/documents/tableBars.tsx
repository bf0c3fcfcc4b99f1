import {
  addIcon,
  closeIcon,
  codeIcon,
  filterIcon,
  infoIcon,
  linkIcon,
  refreshIcon,
  saveIcon,
  searchIcon
} from '@jupyterlab/ui-components';
import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import type { Link } from '../api/types';
import { asEsapError, type EsapError } from '../api/errors';
import { codeOfRows } from '../code';
import { codeOfShown } from '../codeOfSelection';
import { CommandIDs } from '../commandIds';
import { useChanges, useView } from '../panels/context';
import { formatBytes, formatCount, formatRows, formatTaken } from '../panels/format';
import { basketIcon, plotIcon, skyIcon } from '../icons';
import { Button, ErrorNote, IconButton } from '../panels/parts';
import { ColumnsDrawer } from './columnsDrawer';
import { conditionOf, operatorsOf, takesValue, wordOf, type Operator } from './conditions';
import { axisOf } from './grid';
import { Drawer } from './drawer';
import type { TableView } from './tableView';

/** Rows that are put into the basket, or named in code, at once. */
export const MOST_TAKEN = 10_000;

/** What can be done with the table and its selected rows. */
export function TableHeader({ view }: { view: TableView }): ReactNode {
  const { esap, commands, trans } = useView();
  const { rows, grid } = view;
  useChanges(rows);
  useChanges(view);
  const [said, setSaid] = useState('');
  const [filtering, setFiltering] = useState(false);
  const count = grid.selectedCount;
  const taken = formatTaken(count, MOST_TAKEN, trans);
  const hasPositions = rows.columns.some(column => axisOf(column) !== null);

  const saying = async (deed: () => Promise<string>): Promise<void> => {
    setSaid(await deed().catch((thrown: unknown) => inOneLine(asEsapError(thrown))));
  };
  const add = async (): Promise<string> => {
    const added = await esap.addRows(rows.id, await rows.pick(grid.selectedRows(MOST_TAKEN)));
    return trans._n('%1 item put into the basket', '%1 items put into the basket', added.new);
  };
  const insert = async (): Promise<string> => {
    await commands.execute(CommandIDs.insertCode, { code: await codeOf(view) });
    return '';
  };

  return (
    <div className="esap-TableHeader">
      <div className="esap-TableHeader-bar" role="toolbar" aria-label={trans.__('Table')}>
        <Button
          accept
          icon={basketIcon}
          disabled={count === 0}
          title={count === 0 ? trans.__('Select rows first; Shift and Ctrl select several') : undefined}
          onClick={() => void saying(add)}
        >
          {count === 0 ? trans.__('Add to basket') : trans.__('Add %1', taken)}
        </Button>
        {rows.parts.length > 1 && (
          <select
            className="jp-mod-styled esap-Parts"
            aria-label={trans.__('Table of the file')}
            value={rows.part ?? ''}
            onChange={event => void rows.choosePart(Number(event.target.value))}
          >
            {rows.parts.map(({ hdu, name, rows: count }) => (
              <option key={hdu} value={hdu ?? ''}>
                {[name || trans.__('HDU %1', hdu), count === null ? '' : formatRows(count, trans)].filter(Boolean).join(' · ')}
              </option>
            ))}
          </select>
        )}
        <span className="esap-muted esap-grow" role="status">
          {said}
        </span>
        <IconButton
          icon={linkIcon}
          label={trans.__('What the DataLink of the selected row offers')}
          disabled={count !== 1}
          onClick={() => {
            view.drawer = view.drawer === 'links' ? 'none' : 'links';
          }}
        />
        <IconButton
          icon={plotIcon}
          label={trans.__('Plot two columns')}
          pressed={view.plotting}
          onClick={() => {
            view.plotting = !view.plotting;
          }}
        />
        <IconButton
          icon={skyIcon}
          label={trans.__('Show on the sky')}
          onClick={() => void commands.execute(CommandIDs.openSky, { id: rows.id })}
        />
        <IconButton
          icon={searchIcon}
          label={trans.__('Ask in ADQL with this table')}
          onClick={() => void commands.execute(CommandIDs.queryWithTable)}
        />
        <IconButton icon={filterIcon} label={trans.__('Filter rows')} onClick={() => setFiltering(!filtering)} />
        <IconButton
          icon={infoIcon}
          label={trans.__('About the columns')}
          onClick={() => {
            view.drawer = view.drawer === 'columns' ? 'none' : 'columns';
          }}
        />
        {hasPositions && (
          <button
            type="button"
            className="jp-Button jp-mod-minimal esap-IconButton esap-TextButton"
            aria-pressed={view.sexagesimal}
            title={trans.__('Positions with hours, minutes and seconds')}
            onClick={() => {
              view.sexagesimal = !view.sexagesimal;
            }}
          >
            {trans.__('h m s')}
          </button>
        )}
        <IconButton
          icon={saveIcon}
          label={trans.__('Save as VOTable, FITS, Parquet or CSV')}
          onClick={() => void commands.execute(CommandIDs.saveTable)}
        />
        <IconButton
          icon={codeIcon}
          label={
            count === 0 || rows.details?.file
              ? trans.__('Insert code that opens this table')
              : trans.__('Insert code that stages %1', taken)
          }
          onClick={() => void saying(insert)}
        />
      </div>
      {(filtering || rows.conditions.length > 0) && <ConditionBar view={view} editing={filtering} />}
      {rows.error && <ErrorNote error={rows.error} retries={rows.retries} onRetry={() => void rows.open()} />}
    </div>
  );
}

/** The cell that stages the selected rows, or opens the table if there are none or no service has them. */
export async function codeOf({ rows, grid }: TableView): Promise<string> {
  const selected = grid.selectedRows(MOST_TAKEN);
  return selected.length > 0 && !rows.details?.file
    ? codeOfRows(rows, await rows.pick(selected))
    : codeOfShown(rows, rows.selection);
}

function inOneLine({ message, hint }: EsapError): string {
  return `${message} ${hint}`.trim();
}

/** The conditions that rows must meet, as chips, and a line to add one. */
function ConditionBar({ view, editing }: { view: TableView; editing: boolean }): ReactNode {
  const { trans } = useView();
  const { rows } = view;
  const [name, setName] = useState(rows.columns[0]?.name ?? '');
  const [typed, setTyped] = useState('');
  const column = rows.columns.find(each => each.name === name) ?? rows.columns[0];
  const operators = operatorsOf(column);
  const [chosen, setChosen] = useState<Operator>('=');
  const operator = operators.includes(chosen) ? chosen : (operators[0] ?? '=');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (column && (!takesValue(operator) || typed.trim())) {
      void rows.addCondition(conditionOf(column, operator, typed));
      setTyped('');
    }
  };
  return (
    <div className="esap-Conditions">
      {editing && (
        <form className="esap-Row" onSubmit={submit} aria-label={trans.__('New condition')}>
          <select
            className="jp-mod-styled"
            aria-label={trans.__('Column')}
            value={column?.name}
            onChange={event => setName(event.target.value)}
          >
            {rows.columns.map(each => (
              <option key={each.name}>{each.name}</option>
            ))}
          </select>
          <select
            className="jp-mod-styled esap-Operator"
            aria-label={trans.__('Operator')}
            value={operator}
            onChange={event => setChosen(event.target.value as Operator)}
          >
            {operators.map(each => (
              <option key={each} value={each}>
                {wordOf(each, trans)}
              </option>
            ))}
          </select>
          {takesValue(operator) && (
            <input
              className="jp-mod-styled"
              type="text"
              aria-label={trans.__('Value')}
              placeholder={column?.unit ? trans.__('in %1', column.unit) : trans.__('value')}
              value={typed}
              onChange={event => setTyped(event.target.value)}
            />
          )}
          <Button submits icon={addIcon}>
            {trans.__('Add')}
          </Button>
        </form>
      )}
      {rows.conditions.map(condition => {
        const text = [condition.column, wordOf(condition.operator, trans), String(condition.value ?? '')].join(' ');
        return (
          <span className="esap-Chip" key={text}>
            {text}
            <IconButton
              icon={closeIcon}
              label={trans.__('Remove the condition %1', text)}
              onClick={() => void rows.removeCondition(condition)}
            />
          </span>
        );
      })}
    </div>
  );
}

/** How many rows there are, what the services said, and what is open below the grid. */
export function TableFooter({ view }: { view: TableView }): ReactNode {
  const { esap, trans } = useView();
  const { rows } = view;
  useChanges(rows);
  useChanges(view);
  const { details } = rows;
  const failed = details?.reports.filter(report => report.state === 'failed') ?? [];
  const filtered = rows.conditions.length > 0 && details;
  return (
    <div className="esap-TableFooter">
      {view.drawer === 'links' && <LinksDrawer view={view} />}
      {view.drawer === 'columns' && <ColumnsDrawer view={view} />}
      <div className="esap-TableFooter-bar">
        <span role="status">
          {filtered
            ? trans.__('%1 of %2', formatCount(rows.rowCount), formatRows(details.rows, trans))
            : formatRows(rows.rowCount, trans)}
          {rows.grows && ` · ${trans.__('more are coming')}`}
        </span>
        {details?.truncated && (
          <span className="esap-warning">
            {trans.__('There is more: a row limit was reached.')}
          </span>
        )}
        {details?.interrupted && (
          <span className="esap-warning">{trans.__('Interrupted: what is here is all there will be.')}</span>
        )}
        {failed.map(report => (
          <span className="esap-warning" key={report.service} title={report.hint}>
            {esap.services.titleOf(report.service)}: {report.message}
          </span>
        ))}
      </div>
    </div>
  );
}

/** What the DataLink document of the selected row lists. */
function LinksDrawer({ view }: { view: TableView }): ReactNode {
  const { esap, trans } = useView();
  const [row] = view.grid.selectedRows(1);
  const at = row === undefined ? null : view.rows.linkOf(row);
  const [links, setLinks] = useState<readonly Link[] | null>(null);
  const [error, setError] = useState<EsapError | null>(null);
  const url = at?.url;
  const service = at?.service;
  useEffect(() => {
    let current = true;
    setLinks(null);
    setError(null);
    if (url !== undefined && service !== undefined) {
      esap.client.links(service, url).then(
        found => {
          if (current) {
            setLinks(found);
          }
        },
        (thrown: unknown) => {
          if (current) {
            setError(asEsapError(thrown));
          }
        }
      );
    }
    return () => {
      current = false;
    };
  }, [esap, service, url]);
  return (
    <Drawer view={view} title={trans.__('DataLink')}>
      {!at && <p className="esap-muted">{trans.__('Select a row with a DataLink; this one has none.')}</p>}
      {error && <ErrorNote error={error} />}
      {at && !links && !error && (
        <p className="esap-muted">
          <refreshIcon.react tag="span" className="esap-Icon" /> {trans.__('Asking …')}
        </p>
      )}
      {at && links && (
        <table className="esap-Table">
          <thead>
            <tr>
              <th>{trans.__('What')}</th>
              <th>{trans.__('Description')}</th>
              <th>{trans.__('Type')}</th>
              <th>{trans.__('Size')}</th>
              <th aria-label={trans.__('Actions')} />
            </tr>
          </thead>
          <tbody>
            {links.map(link => (
              <tr key={`${link.semantics} ${link.access_url} ${link.service_def}`}>
                <td>{link.semantics}</td>
                <td>{link.error_message || link.description}</td>
                <td>{link.content_type}</td>
                <td>{link.content_length === null ? '' : formatBytes(link.content_length)}</td>
                <td>
                  {link.access_url && (
                    <IconButton
                      icon={addIcon}
                      label={trans.__('Put %1 into the basket', link.description || link.access_url)}
                      onClick={() => void esap.basket.addLink(at.service, link)}
                    />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Drawer>
  );
}
