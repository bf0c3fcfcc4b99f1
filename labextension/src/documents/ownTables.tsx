import { addIcon, closeIcon, fileIcon } from '@jupyterlab/ui-components';
import { useEffect, useId, type ReactNode } from 'react';
import type { EsapError } from '../api/errors';
import type { TableSummary } from '../api/types';
import type { AdqlQuery } from '../models/adqlQuery';
import { describeTable } from '../models/describe';
import { stemOf, uploadName, type NameFault, type OwnTable } from '../models/ownTables';
import { useChanges, useView } from '../panels/context';
import { formatRows } from '../panels/format';
import { Button, ErrorNote, IconButton } from '../panels/parts';

const MOST_OFFERED = 100;

/** The tables of one's own that go with the query: added, named, put into it, taken away. */
export function OwnTablesBar({ query, onPick }: { query: AdqlQuery; onPick: (name: string) => void }): ReactNode {
  const { trans, chooseFile } = useView();
  const { own, uploadRejection: error } = query;
  useChanges(query);
  if (!own.shown) {
    return null;
  }
  const addFile = async (): Promise<void> => {
    const path = await chooseFile?.();
    if (path) {
      const title = path.split('/').at(-1) ?? path;
      own.add({ path, table: '', title }, stemOf(path));
    }
  };
  const errorOf = (table: OwnTable): EsapError | undefined =>
    error?.field === `uploads.${table.name}` ? error : own.errorOf(table);
  const isOfAll = error !== null && !own.list.some(table => error.field === `uploads.${table.name}`);
  return (
    <section className="esap-OwnTables" aria-label={trans.__('Own tables')}>
      <div className="esap-OwnTables-head">
        <h3>{trans.__('Own tables')}</h3>
        {chooseFile && (
          <Button icon={fileIcon} onClick={() => void addFile()}>
            {trans.__('From the workspace …')}
          </Button>
        )}
        <KeptTableChoice query={query} />
        <span className="esap-grow" />
        <IconButton
          icon={closeIcon}
          label={trans.__('Close the own tables')}
          onClick={() => {
            own.shown = false;
          }}
        />
      </div>
      {own.list.length === 0 && (
        <p className="esap-muted">
          {trans.__('A file (VOTable, FITS, Parquet, CSV) or a table found before goes with the query, which names it TAP_UPLOAD.name.')}
        </p>
      )}
      {own.missing.map(name => (
        <p key={name} className="esap-fault" role="alert">
          {trans.__('The query names TAP_UPLOAD.%1, and no table here has that name. Add one, or rename one.', name)}
        </p>
      ))}
      {isOfAll && <ErrorNote error={error} />}
      <ul className="esap-List">
        {own.list.map(table => (
          <OwnTableLine
            key={table.path || table.table}
            query={query}
            table={table}
            error={errorOf(table)}
            onPick={onPick}
          />
        ))}
      </ul>
    </section>
  );
}

interface OwnTableLineProps {
  query: AdqlQuery;
  table: OwnTable;
  error: EsapError | undefined;
  onPick: (name: string) => void;
}

function OwnTableLine({ query, table, error, onPick }: OwnTableLineProps): ReactNode {
  const { trans } = useView();
  const { own } = query;
  const id = useId();
  const fault = own.faultOf(table);
  const faults: Record<NameFault, string> = {
    form: trans.__('Letters, digits and _, 64 at most, and a letter first.'),
    reserved: trans.__('This is a word of ADQL itself. Choose another name.'),
    taken: trans.__('Another table here has this name. Choose another one.')
  };
  const details = own.detailsOf(table);
  return (
    <li>
      <div className="esap-OwnTable">
        <label htmlFor={id}>TAP_UPLOAD.</label>
        <input
          id={id}
          className="jp-mod-styled"
          type="text"
          aria-label={trans.__('Name of %1 in the query', table.title)}
          aria-invalid={fault !== null}
          aria-describedby={fault ? `${id}-fault` : undefined}
          spellCheck={false}
          value={table.name}
          onChange={event => own.rename(table, event.target.value)}
        />
        <span className="esap-OwnTable-title" title={table.path || table.title}>
          {table.title}
        </span>
        {details && <span className="esap-muted">{formatRows(details.rows, trans)}</span>}
        <IconButton
          icon={addIcon}
          label={trans.__('Put %1 into the query', uploadName(table))}
          disabled={fault !== null}
          onClick={() => onPick(uploadName(table))}
        />
        <IconButton
          icon={closeIcon}
          label={trans.__('Do not send %1', table.title)}
          onClick={() => own.remove(table)}
        />
      </div>
      {fault && (
        <p className="esap-fault" id={`${id}-fault`} role="alert">
          {faults[fault]}
        </p>
      )}
      {error && <ErrorNote error={error} />}
    </li>
  );
}

/** The tables that were found before, newest first. */
function KeptTableChoice({ query }: { query: AdqlQuery }): ReactNode {
  const { esap, trans } = useView();
  const { tables } = esap;
  useChanges(tables);
  // What was asked last has made a table.
  const { search } = query;
  const isRunning = search?.running ?? false;
  useEffect(() => {
    void tables.refresh();
  }, [tables, isRunning]);
  // Those of files are added as their files, which may have changed since.
  const offered = tables.list.filter(table => !table.file && (table.complete || table.interrupted));
  const whole = offered.slice(0, MOST_OFFERED);
  const add = (table: TableSummary): void =>
    query.own.add({ path: '', table: table.id, title: describeTable(table, trans) }, table.query?.target ?? '');
  return (
    <select
      className="jp-mod-styled"
      aria-label={trans.__('A table found before')}
      value=""
      disabled={whole.length === 0}
      onChange={event => {
        const chosen = whole.find(table => table.id === event.target.value);
        if (chosen) {
          add(chosen);
        }
      }}
    >
      <option value="" disabled>
        {trans.__('A table found before')}
      </option>
      {whole.map(table => (
        <option key={table.id} value={table.id}>
          {trans.__('%1 · %2', describeTable(table, trans), formatRows(table.rows, trans))}
        </option>
      ))}
    </select>
  );
}
