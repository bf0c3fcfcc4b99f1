import {
  checkIcon,
  closeIcon,
  codeIcon,
  copyIcon,
  deleteIcon,
  downloadIcon,
  errorIcon,
  fileIcon,
  fileUploadIcon,
  listIcon,
  pauseIcon,
  redoIcon,
  refreshIcon,
  runIcon,
  spreadsheetIcon,
  stopIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState, type ReactNode } from 'react';
import type { Job, Phase } from '../api/types';
import { codeOfFiles, codeOfTable } from '../code';
import { CommandIDs } from '../commandIds';
import { dragWhenMoved } from '../dragging';
import { canResume, fractionDone, hasEnded, isRunning, lacksResults, resultsOf, secondsLeft, type StagedFile } from '../models/jobs';
import type { Esap } from '../models/esap';
import { isMeant } from './confirm';
import { useChanges, useView } from './context';
import { formatBytes, formatCount, formatSeconds, formatTime } from './format';
import { Empty, ErrorNote, IconButton, ProgressBar } from './parts';
import { FailedSearchCard, RunningSearchCard } from './searchCard';

const ICONS: Record<Phase, LabIcon> = {
  PENDING: pauseIcon,
  QUEUED: pauseIcon,
  EXECUTING: runIcon,
  COMPLETED: checkIcon,
  ERROR: errorIcon,
  ABORTED: stopIcon,
  HELD: pauseIcon,
  SUSPENDED: pauseIcon
};

const KIND_ICONS: Readonly<Record<string, LabIcon>> = {
  staging: downloadIcon,
  replication: copyIcon,
  upload: fileUploadIcon
};

/** Files that a card shows; of a staging of thousands nobody looks at all. */
const MOST_FILES = 200;

/** Every query and staging, of this server and of the person's notebooks, and the searches that run. */
export function JobsPanel(): ReactNode {
  const { esap, trans } = useView();
  const { jobs, searches } = esap;
  useChanges(jobs);
  useChanges(searches);
  const cards = cardsOf(esap);
  const runningCount = jobs.running.length + searches.list.length;
  const endedCount = jobs.list.filter(hasEnded).length + searches.failed.length;
  const forget = async (): Promise<void> => {
    const question = trans.__('Forget %1 jobs? Their files and tables stay.', endedCount);
    if (endedCount < 2 || (await isMeant(question, trans.__('Forget'), trans))) {
      searches.dismissAll();
      await jobs.deleteEnded();
    }
  };
  const lookAgain = (): void => {
    void jobs.refresh();
    void searches.refresh();
  };
  const error = jobs.error ?? searches.error;
  return (
    <>
      {error && <ErrorNote error={error} onRetry={lookAgain} />}
      {jobs.loaded && cards.length === 0 && (
        <Empty icon={listIcon}>
          <p>{trans.__('There are no jobs.')}</p>
          <p className="esap-muted">
            {trans.__('Stagings and long queries appear here, those of your notebooks too. They go on when this page is closed.')}
          </p>
          <p className="esap-muted">
            {trans.__('Searches are here while they run; what they found is among the Tables of Discover.')}
          </p>
        </Empty>
      )}
      {cards.length > 0 && (
        <div className="esap-Actions">
          <span className="esap-muted esap-grow">
            {trans.__('%1 running, %2 ended', runningCount, endedCount)}
          </span>
          <IconButton icon={refreshIcon} label={trans.__('Look again')} onClick={lookAgain} />
          <IconButton
            icon={deleteIcon}
            label={trans.__('Forget jobs that have ended; files and tables stay')}
            disabled={endedCount === 0}
            onClick={() => void forget()}
          />
        </div>
      )}
      <ul className="esap-List">{cards}</ul>
    </>
  );
}

/** Jobs and searches in one list, the newest first. */
function cardsOf({ jobs, searches }: Esap): ReactNode[] {
  const cards: { begunAt: string; card: ReactNode }[] = [
    ...searches.list.map(search => ({
      begunAt: search.begun_at,
      card: <RunningSearchCard key={search.id} search={search} />
    })),
    ...searches.failed.map(failed => ({
      begunAt: failed.state.begun_at,
      card: <FailedSearchCard key={failed.state.id} failed={failed} />
    })),
    ...jobs.list.map(job => ({ begunAt: job.created_at, card: <JobCard key={job.id} job={job} /> }))
  ];
  return cards.sort((one, other) => Date.parse(other.begunAt) - Date.parse(one.begunAt)).map(({ card }) => card);
}

function JobCard({ job }: { job: Job }): ReactNode {
  const { esap, commands, trans } = useView();
  const phase = job.interrupted ? trans.__('interrupted') : phaseInWords(job.phase, trans);
  const PhaseIcon = job.interrupted ? pauseIcon : ICONS[job.phase];
  const KindIcon = KIND_ICONS[job.kind] ?? spreadsheetIcon;
  const { files, tableId } = resultsOf(job);
  const hasCode = tableId !== '' || files.length > 0 || (lacksResults(job) && job.progress.files_done > 0);
  const codeOfAll = async (): Promise<string> => {
    const whole = await esap.jobs.whole(job.id);
    return whole ? codeOfResults(whole) : '';
  };
  const insert = async (): Promise<void> => {
    const code = await codeOfAll();
    if (code) {
      await commands.execute(CommandIDs.insertCode, { code });
    }
  };
  return (
    <li className={`esap-Card esap-Job esap-mod-${job.interrupted ? 'interrupted' : job.phase.toLowerCase()}`}>
      <div
        className={`esap-Card-head ${hasCode ? 'esap-mod-draggable' : ''}`}
        onPointerDown={event =>
          hasCode && dragWhenMoved(event, async () => ({ title: job.title, code: await codeOfAll() }))
        }
      >
        <KindIcon.react tag="span" className="esap-Icon" />
        <span className="esap-Card-title" title={job.title}>
          {job.title}
        </span>
        {isRunning(job) && (
          <IconButton
            icon={stopIcon}
            label={trans.__('Cancel %1', job.title)}
            onClick={() => void esap.jobs.cancel(job.id)}
          />
        )}
        {canResume(job) && (
          <IconButton
            icon={job.phase === 'ERROR' ? redoIcon : runIcon}
            label={job.phase === 'ERROR' ? trans.__('Retry %1', job.title) : trans.__('Resume %1', job.title)}
            onClick={() => void esap.jobs.resume(job.id)}
          />
        )}
        {job.phase === 'COMPLETED' && (
          <IconButton
            icon={redoIcon}
            label={trans.__('Do %1 again', job.title)}
            onClick={() => void esap.jobs.rerun(job.id)}
          />
        )}
        {tableId && (
          <IconButton
            icon={spreadsheetIcon}
            label={trans.__('Open the table of %1', job.title)}
            onClick={() => void commands.execute(CommandIDs.openTable, { id: tableId, title: job.title })}
          />
        )}
        {hasCode && (
          <IconButton
            icon={codeIcon}
            label={trans.__('Insert code that uses the result of %1', job.title)}
            onClick={() => void insert()}
          />
        )}
        {(hasEnded(job) || job.interrupted) && (
          <IconButton
            icon={closeIcon}
            label={trans.__('Forget %1', job.title)}
            onClick={() => void esap.jobs.delete(job.id)}
          />
        )}
      </div>
      {!hasEnded(job) && (
        <ProgressBar fraction={fractionDone(job)} label={trans.__('Progress of %1', job.title)} />
      )}
      <p className="esap-Job-state">
        <PhaseIcon.react tag="span" className="esap-Icon" />
        <span>{phase}</span>
        <span className="esap-muted">{progressInWords(job, trans)}</span>
      </p>
      {job.error_message && !isRunning(job) && (
        <p className="esap-Job-error">
          {job.error_message} <span className="esap-hint">{job.error_hint}</span>
        </p>
      )}
      <JobFiles job={job} />
    </li>
  );
}

/** What became of each file: what did not arrive first. Of a job whose results are long, read when it is opened. */
function JobFiles({ job }: { job: Job }): ReactNode {
  const { esap, trans } = useView();
  const { jobs } = esap;
  const { id, phase } = job;
  const [open, setOpen] = useState(false);
  const [whole, setWhole] = useState<Job | null>(null);
  const isWanted = open && lacksResults(job);
  useEffect(() => {
    let wanted = isWanted;
    if (wanted) {
      void jobs.whole(id).then(found => wanted && setWhole(found));
    }
    return () => {
      wanted = false;
    };
    // Long results change when the job ends, and are not read again for each step of it.
  }, [jobs, isWanted, id, phase]);
  const { files, failed } = resultsOf(lacksResults(job) ? (whole ?? job) : job);
  const count = files.length + failed.length || (lacksResults(job) ? (job.progress.files_total ?? 0) : 0);
  if (count === 0) {
    return null;
  }
  const more = Math.max(failed.length - MOST_FILES, 0) + Math.max(files.length - MOST_FILES, 0);
  return (
    <details className="esap-Files" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans._n('%1 file', '%1 files', count)}</summary>
      {open && (
        <ul className="esap-List">
          {failed.slice(0, MOST_FILES).map(each => (
            <li key={`${each.item} ${each.path}`} className="esap-Job-error">
              {each.path || each.item}: {each.message} <span className="esap-hint">{each.hint}</span>
            </li>
          ))}
          {files.slice(0, MOST_FILES).map(file => (
            <FileLine key={file.path} file={file} />
          ))}
          {more > 0 && <li className="esap-muted">{trans.__('and %1 more', formatCount(more))}</li>}
        </ul>
      )}
    </details>
  );
}

function FileLine({ file }: { file: StagedFile }): ReactNode {
  const { commands, trans } = useView();
  return (
    <li>
      <button
        type="button"
        className="esap-Line"
        title={trans.__('Open %1', file.path)}
        onClick={() => void commands.execute(CommandIDs.openPath, { path: file.path })}
        onPointerDown={event =>
          dragWhenMoved(event, () => ({ title: nameOfPath(file.path), code: codeOfFiles([file.path]) }))
        }
      >
        <fileIcon.react tag="span" className="esap-Icon" />
        <span className="esap-Line-title">{file.did ?? nameOfPath(file.path)}</span>
        <span className="esap-muted">{formatBytes(file.bytes)}</span>
      </button>
    </li>
  );
}

/** The cell that uses what came out of it; empty if nothing did. */
function codeOfResults(job: Job): string {
  const { files, tableId } = resultsOf(job);
  if (tableId) {
    return codeOfTable({ id: tableId });
  }
  return files.length > 0 ? codeOfFiles(files.map(file => file.path)) : '';
}

function nameOfPath(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function phaseInWords(phase: Phase, trans: TranslationBundle): string {
  const words: Record<Phase, string> = {
    PENDING: trans.__('pending'),
    QUEUED: trans.__('queued'),
    EXECUTING: trans.__('running'),
    COMPLETED: trans.__('completed'),
    ERROR: trans.__('failed'),
    ABORTED: trans.__('cancelled'),
    HELD: trans.__('held'),
    SUSPENDED: trans.__('suspended')
  };
  return words[phase];
}

/** 3 of 7 files · 12 MB of 40 MB · 5 MB/s · 6 s left; or how long ago it ended. */
function progressInWords(job: Job, trans: TranslationBundle): string {
  const { progress } = job;
  const amount = progress.unit === 'bytes' ? formatBytes : formatCount;
  const said: string[] = [];
  if (progress.files_total !== null && progress.files_total > 0) {
    said.push(trans.__('%1 of %2 files', progress.files_done, progress.files_total));
  }
  if (progress.done > 0) {
    said.push(
      progress.total !== null && !hasEnded(job)
        ? trans.__('%1 of %2', amount(progress.done), amount(progress.total))
        : amount(progress.done)
    );
  }
  if (isRunning(job)) {
    if (progress.rate > 0) {
      said.push(`${amount(progress.rate)}/s`);
    }
    const left = secondsLeft(job);
    if (left !== null) {
      said.push(trans.__('%1 left', formatSeconds(left)));
    }
    if (progress.message && (said.length === 0 || job.kind === 'replication')) {
      said.push(progress.message);
    }
  } else {
    said.push(formatTime(job.ended_at ?? job.created_at));
  }
  return said.join(' · ');
}
