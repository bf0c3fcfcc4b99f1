import { closeIcon } from '@jupyterlab/ui-components';
import { useEffect, useState, type ReactNode } from 'react';
import type { TableSummary } from '../api/types';
import { CommandIDs } from '../commandIds';
import { pinIcon } from '../icons';
import { describeTable } from '../models/describe';
import { isMeant } from './confirm';
import { useChanges, useView } from './context';
import { formatCount, formatRows, formatTime } from './format';
import { ErrorNote, IconButton } from './parts';

const MOST_SHOWN = 100;

/** The tables that are here already: to be opened again without asking the archives, kept, deleted. */
export function KeptTableList(): ReactNode {
  const { esap, trans } = useView();
  const { tables, discovery, searches } = esap;
  useChanges(tables);
  const [open, setOpen] = useState(false);
  // What was asked last has made a table, and so has each search that ended, whoever began it.
  useEffect(() => {
    if (!open) {
      return;
    }
    const read = (): void => void tables.refresh();
    read();
    searches.ended.connect(read);
    return () => {
      searches.ended.disconnect(read);
    };
  }, [open, discovery.history, tables, searches]);
  const more = tables.list.length - MOST_SHOWN;
  return (
    <details className="esap-Section" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Tables')}</summary>
      {tables.error && <ErrorNote error={tables.error} onRetry={() => void tables.refresh()} />}
      {tables.list.length === 0 && !tables.error && (
        <p className="esap-muted">{trans.__('What is found is kept here, until the cache is full.')}</p>
      )}
      <ul className="esap-List">
        {tables.list.slice(0, MOST_SHOWN).map(table => (
          <KeptTable key={table.id} table={table} />
        ))}
      </ul>
      {more > 0 && <p className="esap-muted">{trans._n('%2 older one', '%2 older ones', more, formatCount(more))}</p>}
    </details>
  );
}

function KeptTable({ table }: { table: TableSummary }): ReactNode {
  const { esap, commands, trans } = useView();
  const { tables } = esap;
  const title = describeTable(table, trans);
  const remove = async (): Promise<void> => {
    if (await isMeant(trans.__('Delete this table: %1?', title), trans.__('Delete'), trans)) {
      await tables.delete(table);
    }
  };
  return (
    <li className="esap-Saved">
      <button
        type="button"
        className="esap-Line"
        title={trans.__('Open this table')}
        onClick={() => void commands.execute(CommandIDs.openTable, { id: table.id, title })}
      >
        <span className="esap-Line-title">{title}</span>
        <span className="esap-muted">
          {trans.__('%1 · %2', formatTime(table.created_at), formatRows(table.rows, trans))}
          {table.interrupted && ` · ${trans.__('interrupted')}`}
          {!table.complete && !table.interrupted && ` · ${trans.__('more are coming')}`}
        </span>
      </button>
      <IconButton
        icon={pinIcon}
        label={
          table.pinned
            ? trans.__('Kept when the cache is full: %1', title)
            : trans.__('Keep when the cache is full: %1', title)
        }
        pressed={table.pinned}
        onClick={() => void tables.setPinned(table, !table.pinned)}
      />
      <IconButton icon={closeIcon} label={trans.__('Delete %1', title)} onClick={() => void remove()} />
    </li>
  );
}
