import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useState, type ReactNode } from 'react';
import type { TableDescription } from '../api/types';
import type { AdqlQuery } from '../models/adqlQuery';
import { useChanges, useView } from '../panels/context';
import { formatCount } from '../panels/format';
import { ErrorNote, IconButton } from '../panels/parts';

/** The tables of the service and their columns; a name that is picked goes into the query. */
export function SchemaTree({ query, onPick }: { query: AdqlQuery; onPick: (name: string) => void }): ReactNode {
  const { trans } = useView();
  useChanges(query);
  const [wanted, setWanted] = useState('');
  const tables = (query.tables ?? []).filter(table =>
    `${table.name} ${table.title} ${table.description}`.toLowerCase().includes(wanted.toLowerCase())
  );
  return (
    <section aria-label={trans.__('Tables of the service')}>
      <div className="esap-Row">
        <input
          className="jp-mod-styled"
          type="search"
          placeholder={trans.__('Filter tables')}
          aria-label={trans.__('Filter tables')}
          value={wanted}
          onChange={event => setWanted(event.target.value)}
        />
        <IconButton
          icon={refreshIcon}
          label={trans.__('Ask for the tables again')}
          onClick={() => void query.setService(query.service)}
        />
      </div>
      {query.error && <ErrorNote error={query.error} />}
      {!query.tables && !query.error && <p className="esap-muted">{trans.__('Loading …')}</p>}
      {tables.map(table => (
        <TableEntry key={table.name} table={table} query={query} onPick={onPick} />
      ))}
    </section>
  );
}

interface TableEntryProps {
  table: TableDescription;
  query: AdqlQuery;
  onPick: (name: string) => void;
}

function TableEntry({ table, query, onPick }: TableEntryProps): ReactNode {
  const { trans } = useView();
  const [open, setOpen] = useState(false);
  const about = table.title || table.description;
  return (
    <details className="esap-SchemaTable" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary title={about}>
        <span className="esap-Node-label">{table.name}</span>
        {table.rows !== null && <span className="esap-muted">{formatCount(table.rows)}</span>}
      </summary>
      <p className="esap-muted">
        {about}{' '}
        <IconButton
          icon={addIcon}
          label={trans.__('Put %1 into the query', table.name)}
          onClick={() => onPick(table.name)}
        />
      </p>
      {open && (
        <ul className="esap-List">
          {query.columnsOf(table.name).map(column => (
            <li key={column.name}>
              <button
                type="button"
                className="esap-Line"
                title={[column.description, column.ucd, column.datatype].filter(Boolean).join('\n')}
                onClick={() => onPick(column.name)}
              >
                <span className="esap-Line-title">{column.name}</span>
                <span className="esap-muted">{column.unit}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
