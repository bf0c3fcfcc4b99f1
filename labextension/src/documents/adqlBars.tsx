import { codeIcon, runIcon, saveIcon, spreadsheetIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ReactNode } from 'react';
import { searchInterrupted } from '../api/errors';
import type { AdqlMode } from '../api/types';
import { codeOfQuery } from '../code';
import { CommandIDs } from '../commandIds';
import type { AdqlQuery } from '../models/adqlQuery';
import { useChanges, useView } from '../panels/context';
import { formatRows, formatSeconds } from '../panels/format';
import { Button, ErrorNote, IconButton, ProgressBar } from '../panels/parts';

/** Whom to ask and how. */
export function AdqlBar({ query }: { query: AdqlQuery }): ReactNode {
  const { esap, commands, trans } = useView();
  const { own } = query;
  useChanges(query);
  useChanges(esap.services);
  const modes: Record<AdqlMode, string> = {
    auto: trans.__('As it needs'),
    sync: trans.__('Synchronously'),
    async: trans.__('As a job')
  };
  return (
    <div className="esap-TableHeader-bar esap-AdqlBar" role="toolbar" aria-label={trans.__('ADQL query')}>
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Service')}
        value={query.service}
        onChange={event => void query.setService(event.target.value)}
      >
        {esap.services.offering('adql').map(service => (
          <option key={service.name} value={service.name}>
            {service.title || service.name}
          </option>
        ))}
      </select>
      {query.examples.length > 0 && (
        <select
          className="jp-mod-styled esap-Examples"
          aria-label={trans.__('Examples of the service')}
          value=""
          onChange={event => {
            query.adql = query.examples[Number(event.target.value)]?.adql ?? query.adql;
          }}
        >
          <option value="" disabled>
            {trans.__('Examples')}
          </option>
          {query.examples.map((example, index) => (
            <option key={example.title} value={index}>
              {example.title}
            </option>
          ))}
        </select>
      )}
      <select
        className="jp-mod-styled"
        aria-label={trans.__('How it is sent')}
        value={query.mode}
        onChange={event => query.edit({ mode: event.target.value as AdqlMode })}
      >
        {(Object.keys(modes) as AdqlMode[]).map(mode => (
          <option key={mode} value={mode}>
            {modes[mode]}
          </option>
        ))}
      </select>
      <label className="esap-RowLimit">
        {trans.__('Rows at most')}{' '}
        <input
          className="jp-mod-styled"
          type="text"
          inputMode="numeric"
          placeholder={trans.__('all')}
          value={query.rowLimit}
          onChange={event => query.edit({ rowLimit: event.target.value })}
        />
      </label>
      <Button
        icon={spreadsheetIcon}
        pressed={own.shown}
        title={trans.__('Tables of your own that go with the query')}
        onClick={() => {
          own.shown = !own.shown;
        }}
      >
        {own.list.length > 0 ? trans.__('Own tables (%1)', own.list.length) : trans.__('Own tables')}
      </Button>
      <span className="esap-grow" />
      <IconButton
        icon={saveIcon}
        label={trans.__('Save this query under a name')}
        onClick={() => {
          // A query is plain JSON, which an interface cannot say.
          void commands.execute(CommandIDs.saveQuery, { query: query.query as unknown as ReadonlyPartialJSONObject });
        }}
      />
      <IconButton
        icon={codeIcon}
        label={trans.__('Insert code that does this query')}
        onClick={() => void commands.execute(CommandIDs.insertCode, { code: codeOfAdql(query) })}
      />
      {query.search?.running ? (
        <Button icon={stopIcon} onClick={() => void query.search?.cancel()}>
          {trans.__('Stop')}
        </Button>
      ) : (
        <Button accept icon={runIcon} title={trans.__('Shift+Enter')} onClick={() => void query.run()}>
          {trans.__('Run')}
        </Button>
      )}
    </div>
  );
}

/** The cell that does the same, with the tables that the query names. */
function codeOfAdql({ query, mode, own }: AdqlQuery): string {
  const uploads = own.namedIn(query.adql).map(table => [table.name, own.sourceOf(table)] as const);
  return codeOfQuery(query, mode, Object.fromEntries(uploads));
}

/** How the last run went. */
export function AdqlOutcome({ query }: { query: AdqlQuery }): ReactNode {
  const { trans } = useView();
  useChanges(query);
  const { search } = query;
  if (!search) {
    return null;
  }
  const [report] = search.reports;
  return (
    <div className="esap-AdqlOutcome">
      {search.running && <ProgressBar fraction={null} label={trans.__('The service is answering')} />}
      {search.interruption && <ErrorNote error={search.interruption} retries onRetry={() => search.look()} />}
      {search.interrupted && <ErrorNote error={searchInterrupted(search.hasJob)} />}
      {search.error && !query.uploadRejection && <ErrorNote error={search.error} />}
      {!search.error && (
        <p role="status" className="esap-muted">
          {search.running ? trans.__('Asking …') : search.interrupted ? trans.__('Interrupted') : trans.__('Done')}
          {report && ` · ${formatRows(search.rows, trans)} · ${formatSeconds(report.seconds)}`}
          {report?.message && ` · ${report.message} ${report.hint}`}
        </p>
      )}
    </div>
  );
}
