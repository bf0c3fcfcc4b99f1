import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Job, Phase } from '../api/types';
import { Changing } from './changing';

const ENDED: readonly Phase[] = ['COMPLETED', 'ERROR', 'ABORTED'];
const BUSY_MS = 700;
const IDLE_MS = 15_000;

export function hasEnded(job: Job): boolean {
  return ENDED.includes(job.phase);
}

export function isRunning(job: Job): boolean {
  return !hasEnded(job) && !job.interrupted;
}

/** Whether a person can make it go on: it failed, was stopped, or its process died. */
export function canResume(job: Job): boolean {
  return job.interrupted || job.phase === 'ERROR' || job.phase === 'ABORTED';
}

/** Whether its results are too long for the list; alone, the job has them. */
export function lacksResults(job: Job): boolean {
  return job.left_out.includes('results');
}

/** Seconds until it is done at its present rate; null if that cannot be told. */
export function secondsLeft(job: Job): number | null {
  const { done, total, rate } = job.progress;
  return total !== null && rate > 0 && isRunning(job) ? Math.max(total - done, 0) / rate : null;
}

/** How much of it is done, from 0 to 1; null while the total is not known. */
export function fractionDone(job: Job): number | null {
  if (job.phase === 'COMPLETED') {
    return 1;
  }
  const { done, total } = job.progress;
  return total ? Math.min(done / total, 1) : null;
}

/** All work that outlives a request, newest first; looked at often while something runs, seldom otherwise. */
export class Jobs extends Changing {
  list: readonly Job[] = [];
  loaded = false;
  error: EsapError | null = null;
  /** What the server calls what is known here. */
  private _version = 0;
  private readonly _ended = new Signal<this, Job>(this);
  private readonly _poll: Poll;

  constructor(private readonly _client: EsapClient) {
    super();
    this._poll = new Poll({
      name: 'esap-jupyter:jobs',
      auto: false,
      factory: () => this._look(),
      frequency: { interval: IDLE_MS, backoff: true, max: 60_000 },
      standby: 'when-hidden'
    });
  }

  /** Emitted for each job that ended while one looked. */
  get ended(): ISignal<this, Job> {
    return this._ended;
  }

  get running(): Job[] {
    return this.list.filter(isRunning);
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Begin to look, and go on. */
  async start(): Promise<void> {
    await this._poll.start();
  }

  /** Look now. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick;
  }

  /** A job with the results that the list leaves out; null if they cannot be read, which `error` tells. */
  async whole(id: string): Promise<Job | null> {
    const listed = this.list.find(job => job.id === id);
    if (listed && !lacksResults(listed)) {
      return listed;
    }
    try {
      return await this._client.job(id);
    } catch (thrown) {
      this.error = asEsapError(thrown);
      this.emitChanged();
      return null;
    }
  }

  cancel(id: string): Promise<void> {
    return this._do(() => this._client.cancelJob(id));
  }

  resume(id: string): Promise<void> {
    return this._do(() => this._client.resumeJob(id));
  }

  /** Start a new job that does the same: a query is sent anew, a staging brings what is not there any more. */
  rerun(id: string): Promise<void> {
    return this._do(() => this._client.rerunJob(id));
  }

  delete(id: string): Promise<void> {
    return this._do(() => this._client.deleteJob(id));
  }

  /** Forget all jobs that have ended; their files and tables stay. */
  deleteEnded(): Promise<void> {
    const ended = this.list.filter(hasEnded);
    return this._do(() => Promise.all(ended.map(job => this._client.deleteJob(job.id))));
  }

  private async _do(change: () => Promise<unknown>): Promise<void> {
    try {
      await change();
    } catch (thrown) {
      this.error = asEsapError(thrown);
      this.emitChanged();
      return;
    }
    await this.refresh();
  }

  private async _look(): Promise<void> {
    try {
      const { jobs, ids, version } = await this._client.jobs(this._version);
      const wasRunning = new Set(this.running.map(job => job.id));
      const known = new Map([...this.list, ...jobs].map(job => [job.id, job]));
      this.list = ids.flatMap(id => known.get(id) ?? []);
      this._version = version;
      this.loaded = true;
      this.error = null;
      for (const job of jobs) {
        if (wasRunning.has(job.id) && hasEnded(job)) {
          this._ended.emit(job);
        }
      }
      this._poll.frequency = {
        ...this._poll.frequency,
        interval: this.running.length > 0 ? BUSY_MS : IDLE_MS
      };
    } catch (thrown) {
      this.error = asEsapError(thrown);
      // Rejecting makes the poll wait longer each time.
      throw this.error;
    } finally {
      this.emitChanged();
    }
  }
}

export interface StagedFile {
  item: string;
  path: string;
  bytes: number;
  verified: string;
  /** Of an upload: the DID that it has now. */
  did?: string;
}

export interface FailedFile {
  item: string;
  path: string;
  code: string;
  message: string;
  hint: string;
}

/** What came out of a job, by what its kind promises: files of a staging, the table of a query. */
export function resultsOf(job: Job): { files: StagedFile[]; failed: FailedFile[]; tableId: string } {
  const { results } = job;
  return {
    files: Array.isArray(results.files) ? (results.files as StagedFile[]) : [],
    failed: Array.isArray(results.failed) ? (results.failed as FailedFile[]) : [],
    tableId: typeof results.table === 'string' ? results.table : ''
  };
}
