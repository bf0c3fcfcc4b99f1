import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useMemo, useState, type ReactNode } from 'react';
import type { TableDescription } from '../api/types';
import { quoted, quotedTable } from '../models/adqlNames';
import type { AdqlQuery } from '../models/adqlQuery';
import { tablesAbout, type ServiceSchema } from '../models/serviceSchema';
import { useChanges, useView } from '../panels/context';
import { formatCount } from '../panels/format';
import { ErrorNote, IconButton } from '../panels/parts';

/** Some services have tens of thousands of tables. */
const MOST_SHOWN = 200;

/** The tables of the service and their columns; a name that is picked goes into the query. */
export function SchemaTree({ query, onPick }: { query: AdqlQuery; onPick: (name: string) => void }): ReactNode {
  const { trans } = useView();
  const { schema } = query;
  useChanges(schema);
  const [wanted, setWanted] = useState('');
  const { tables, all } = schema;
  const found = useMemo(() => tablesAbout(all, wanted), [all, wanted]);
  const more = found.length - MOST_SHOWN;
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
      {schema.error && <ErrorNote error={schema.error} />}
      {!tables && !schema.error && <p className="esap-muted">{trans.__('Loading …')}</p>}
      {found.slice(0, MOST_SHOWN).map(table => (
        <TableEntry key={table.name} table={table} schema={schema} onPick={onPick} />
      ))}
      {more > 0 && (
        <p className="esap-muted" role="status">
          {trans._n('%2 more table: filter to see it.', '%2 more tables: filter to see them.', more, formatCount(more))}
        </p>
      )}
    </section>
  );
}

interface TableEntryProps {
  table: TableDescription;
  schema: ServiceSchema;
  onPick: (name: string) => void;
}

function TableEntry({ table, schema, onPick }: TableEntryProps): ReactNode {
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
          onClick={() => onPick(quotedTable(table.name))}
        />
      </p>
      {open && (
        <ul className="esap-List">
          {schema.columnsOf(table.name)?.map(column => (
            <li key={column.name}>
              <button
                type="button"
                className="esap-Line"
                title={[column.description, column.ucd, column.datatype].filter(Boolean).join('\n')}
                onClick={() => onPick(quoted(column.name))}
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
