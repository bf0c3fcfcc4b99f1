import {
  closeIcon,
  errorIcon,
  pauseIcon,
  redoIcon,
  runIcon,
  searchIcon,
  spreadsheetIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';
import type { Query, SearchState } from '../api/types';
import { CommandIDs } from '../commandIds';
import { describe } from '../models/describe';
import type { FailedSearch } from '../models/runningSearches';
import { fractionAnswered, hasAnswered, wasInterrupted } from '../models/search';
import { useView } from './context';
import { formatRows, formatSeconds, formatTime } from './format';
import { IconButton, ProgressBar } from './parts';

/** A search or a query that goes on, among the jobs. */
export function RunningSearchCard({ search }: { search: SearchState }): ReactNode {
  const { esap, trans } = useView();
  const title = titleOf(search, trans);
  return (
    <li className="esap-Card esap-Job esap-mod-executing">
      <div className="esap-Card-head">
        <searchIcon.react tag="span" className="esap-Icon" />
        <span className="esap-Card-title" title={title}>
          {title}
        </span>
        <IconButton
          icon={stopIcon}
          label={trans.__('Cancel %1', title)}
          onClick={() => void esap.searches.cancel(search.id)}
        />
        <OpenTable search={search} title={title} />
      </div>
      <ProgressBar fraction={fractionAnswered(search.reports)} label={trans.__('Progress of %1', title)} />
      <p className="esap-Job-state">
        <runIcon.react tag="span" className="esap-Icon" />
        <span>{trans.__('running')}</span>
        <span className="esap-muted">{progressInWords(search, trans)}</span>
      </p>
    </li>
  );
}

/** A search that ended without an answer: why, until it is dismissed. */
export function FailedSearchCard({ failed: { state, error } }: { failed: FailedSearch }): ReactNode {
  const { esap, commands, trans } = useView();
  const { query } = state;
  const title = titleOf(state, trans);
  const interrupted = wasInterrupted(state);
  const StateIcon = interrupted ? pauseIcon : errorIcon;
  const askAgain = (query: Query): void => {
    if (query.adql) {
      void commands.execute(CommandIDs.newAdql, { adql: query.adql, service: query.services[0] ?? '' });
    } else {
      esap.searches.dismiss(state.id);
      void esap.searchAgain(query);
    }
  };
  return (
    <li className={`esap-Card esap-Job esap-mod-${interrupted ? 'interrupted' : 'error'}`}>
      <div className="esap-Card-head">
        <searchIcon.react tag="span" className="esap-Icon" />
        <span className="esap-Card-title" title={title}>
          {title}
        </span>
        {query && (
          <IconButton
            icon={redoIcon}
            label={query.adql ? trans.__('Open %1 in the editor', title) : trans.__('Search again: %1', title)}
            onClick={() => askAgain(query)}
          />
        )}
        <OpenTable search={state} title={title} />
        <IconButton
          icon={closeIcon}
          label={trans.__('Forget %1', title)}
          onClick={() => esap.searches.dismiss(state.id)}
        />
      </div>
      <p className="esap-Job-state">
        <StateIcon.react tag="span" className="esap-Icon" />
        <span>{interrupted ? trans.__('interrupted') : trans.__('failed')}</span>
        <span className="esap-muted">{formatTime(state.begun_at)}</span>
      </p>
      <p className="esap-Job-error">
        {error.message} <span className="esap-hint">{error.hint}</span>
      </p>
    </li>
  );
}

function OpenTable({ search: { id, rows }, title }: { search: SearchState; title: string }): ReactNode {
  const { commands, trans } = useView();
  return (
    rows > 0 && (
      <IconButton
        icon={spreadsheetIcon}
        label={trans.__('Open the table of %1', title)}
        onClick={() => void commands.execute(CommandIDs.openTable, { id, title })}
      />
    )
  );
}

function titleOf({ id, query }: SearchState, trans: TranslationBundle): string {
  return query ? describe(query, trans) : id;
}

/** 2 of 5 services answered · 1 failed · 1,200 rows · 12 s. */
function progressInWords({ reports, rows, seconds }: SearchState, trans: TranslationBundle): string {
  const failed = reports.filter(report => report.state === 'failed').length;
  return [
    reports.length > 0 && trans.__('%1 of %2 services answered', reports.filter(hasAnswered).length, reports.length),
    failed > 0 && trans.__('%1 failed', failed),
    rows > 0 && formatRows(rows, trans),
    formatSeconds(seconds)
  ]
    .filter(Boolean)
    .join(' · ');
}
