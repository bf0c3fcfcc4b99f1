import {
  checkIcon,
  circleEmptyIcon,
  errorIcon,
  refreshIcon,
  runningIcon,
  searchIcon,
  spreadsheetIcon,
  stopIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { searchInterrupted, SIGN_IN_NEEDED } from '../api/errors';
import type { ServiceReport } from '../api/types';
import { CommandIDs } from '../commandIds';
import { describe } from '../models/describe';
import { fractionAnswered, hasAnswered, type Search } from '../models/search';
import { useChanges, useView } from './context';
import { formatRows, formatSeconds } from './format';
import { Button, ErrorNote, ProgressBar, ShowSignIn } from './parts';

const ICONS: Record<ServiceReport['state'], LabIcon> = {
  waiting: circleEmptyIcon,
  receiving: runningIcon,
  complete: checkIcon,
  truncated: checkIcon,
  failed: errorIcon,
  cancelled: stopIcon
};

const NOT_OFFERED = 'not-offered';

/** How a search fares: rows of each service as they arrive, and which failed, why, and what to do. */
export function SearchProgress({
  search,
  onRetryFailed,
  onAgain
}: {
  search: Search;
  onRetryFailed: () => void;
  onAgain: () => void;
}): ReactNode {
  const { esap, commands, trans } = useView();
  useChanges(search);
  const { reports } = search;
  const ended = reports.filter(hasAnswered).length;
  const answered = reports.filter(({ state, rows }) => rows > 0 || (state !== 'failed' && state !== 'cancelled')).length;
  const summary = search.running
    ? trans.__('%1 of %2 services answered', ended, reports.length)
    : trans._n('%2 from %1 service', '%2 from %1 services', answered, formatRows(search.rows, trans));
  return (
    <section className="esap-Section esap-Search" aria-label={trans.__('Results')}>
      <h3 title={describe(search.query, trans)}>{describe(search.query, trans)}</h3>
      {search.error ? (
        <ErrorNote error={search.error} />
      ) : (
        <>
          {search.interruption && <ErrorNote error={search.interruption} retries onRetry={() => search.look()} />}
          {search.interrupted && <ErrorNote error={searchInterrupted()} />}
          <p className="esap-muted" role="status">
            {search.running && search.rows > 0 ? `${formatRows(search.rows, trans)} · ${summary}` : summary}
          </p>
          {search.running && (
            <ProgressBar fraction={fractionAnswered(reports)} label={trans.__('Services that have answered')} />
          )}
          <ul className="esap-List">
            {reports.map(report => (
              <li key={report.service} className={`esap-Report esap-mod-${report.state}`}>
                <ReportLine report={report} title={report.title || esap.services.titleOf(report.service)} />
              </li>
            ))}
          </ul>
          <div className="esap-Actions">
            {search.tableId && (
              <Button
                icon={spreadsheetIcon}
                onClick={() => {
                  void commands.execute(CommandIDs.openTable, { id: search.tableId, title: describe(search.query, trans) });
                }}
              >
                {trans.__('Open table')}
              </Button>
            )}
            {search.interrupted && (
              <Button icon={searchIcon} onClick={onAgain}>
                {trans.__('Search again')}
              </Button>
            )}
            {!search.running && search.failed.some(report => report.code !== NOT_OFFERED) && (
              <Button icon={refreshIcon} onClick={onRetryFailed}>
                {trans.__('Ask the failed again')}
              </Button>
            )}
          </div>
        </>
      )}
    </section>
  );
}

function ReportLine({ report, title }: { report: ServiceReport; title: string }): ReactNode {
  const { trans } = useView();
  const StateIcon = ICONS[report.state];
  const states: Record<ServiceReport['state'], string> = {
    waiting: trans.__('waiting'),
    receiving: trans.__('receiving'),
    complete: trans.__('complete'),
    truncated: trans.__('there is more'),
    failed: trans.__('failed'),
    cancelled: trans.__('stopped')
  };
  // A service that cannot be asked this has not failed.
  const failed = report.code === NOT_OFFERED ? trans.__('not asked') : states.failed;
  return (
    <>
      <div className="esap-Report-head">
        <StateIcon.react tag="span" className="esap-Icon" title={states[report.state]} />
        <span className="esap-Report-title" title={report.service}>
          {title}
        </span>
        <span className="esap-Report-count">
          {report.state === 'failed' && report.rows === 0 ? failed : formatRows(report.rows, trans)}
        </span>
      </div>
      <div className="esap-Report-more">
        <span className="esap-muted">
          {report.state === 'failed' ? failed : states[report.state]} · {formatSeconds(report.seconds)}
        </span>
        {report.message && <p>{report.message}</p>}
        {report.hint && <p className="esap-hint">{report.hint}</p>}
        {report.code === SIGN_IN_NEEDED && <ShowSignIn />}
      </div>
    </>
  );
}
