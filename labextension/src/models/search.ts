import { type EsapClient } from '../api/client';
import { asEsapError, EsapError } from '../api/errors';
import type { AdqlMode, Query, SearchState, ServiceReport, Uploads } from '../api/types';
import { Changing } from './changing';
import { pauseAfter } from './retrying';

const FIRST_LOOK_MS = 60;
const LONGEST_PAUSE_MS = 1000;

const running = new Set<Search>();

/** Look at a search at once, since the server says that it has changed. */
export function lookAtSearch(id: string): void {
  for (const search of running) {
    if (search.state?.id === id) {
      search.look();
    }
  }
}

const GOING: readonly ServiceReport['state'][] = ['waiting', 'receiving'];

/** Whether a service sends nothing more. */
export function hasAnswered(report: ServiceReport): boolean {
  return !GOING.includes(report.state);
}

/** How much of a search is done, from 0 to 1; null while nothing is. */
export function fractionAnswered(reports: readonly ServiceReport[]): number | null {
  // With a list of targets each service is as far as it has answered for.
  const done = reports.reduce((sum, report) => {
    const { targets, targets_done: answered } = report;
    return sum + (hasAnswered(report) ? 1 : targets > 0 ? answered / targets : 0);
  }, 0);
  return done > 0 ? done / reports.length : null;
}

/** Whether a job follows it: an asynchronous query at its service. */
export function hasJob({ jobs }: SearchState): boolean {
  return Object.keys(jobs).length > 0;
}

/** Whether its server went away before it ended. */
export function wasInterrupted({ interrupted, ended, version }: SearchState): boolean {
  // Killed, it left a table that looks for a while as if it were still written; the next server has no version of it.
  return interrupted || (!ended && version === 0);
}

/** A query on its way: how each service fares, and the table that grows meanwhile. */
export class Search extends Changing {
  state: SearchState | null = null;
  /** Why there is no answer at all; what fails at one service is in its report. */
  error: EsapError | null = null;
  /** Why the last look failed, while it is tried again. */
  interruption: EsapError | null = null;
  private _stopped = false;
  private _shallLook = false;
  private _endPause = (): void => undefined;

  constructor(
    private readonly _client: EsapClient,
    readonly query: Query,
    private readonly _mode: AdqlMode = 'auto',
    private readonly _uploads: Uploads = {}
  ) {
    super();
  }

  get running(): boolean {
    return !this._stopped && this.error === null && !(this.state?.ended ?? false) && !this.interrupted;
  }

  /** Whether the server was restarted before it ended. */
  get interrupted(): boolean {
    return this.state !== null && wasInterrupted(this.state);
  }

  /** Whether a job follows it, which outlives the server. */
  get hasJob(): boolean {
    return this.state !== null && hasJob(this.state);
  }

  get reports(): readonly ServiceReport[] {
    return this.state?.reports ?? [];
  }

  get rows(): number {
    return this.state?.rows ?? 0;
  }

  get failed(): ServiceReport[] {
    return this.reports.filter(report => report.state === 'failed');
  }

  /** The table, as soon as there are rows in it; empty before. */
  get tableId(): string {
    return this.rows > 0 ? (this.state?.id ?? '') : '';
  }

  /** Send it, and look until all services have ended. */
  run(): Promise<void> {
    return this._follow(() => this._client.search(this.query, this._mode, this._uploads));
  }

  /** Look at one that was begun elsewhere until all services have ended. */
  follow(begun: SearchState): Promise<void> {
    this.state = begun;
    return this._follow(() => Promise.resolve(begun));
  }

  /** The pauses grow as nothing changes. */
  private async _follow(begin: () => Promise<SearchState>): Promise<void> {
    running.add(this);
    try {
      const begun = await begin();
      if (this._stopped) {
        // It was stopped before one could say which.
        await this._client.cancelSearch(begun.id);
      }
      this._become(begun);
      let pause = FIRST_LOOK_MS;
      let failures = 0;
      while (this.running && this.state) {
        await this._pause(pause);
        this._shallLook = false;
        const before = this.state.version;
        if (await this._ask(this.state.id)) {
          failures = 0;
          pause = this.state.version !== before ? FIRST_LOOK_MS : Math.min(pause * 1.5, LONGEST_PAUSE_MS);
        } else {
          failures += 1;
          pause = pauseAfter(failures);
        }
      }
    } catch (thrown) {
      this.error = asEsapError(thrown);
      this.interruption = null;
      this.emitChanged();
    } finally {
      running.delete(this);
    }
  }

  /** Do not wait for the time to look. */
  look(): void {
    this._shallLook = true;
    this._endPause();
  }

  /** Stop waiting for the services that have not answered; what arrived stays. */
  async cancel(): Promise<void> {
    if (this.state) {
      await this._client.cancelSearch(this.state.id);
    } else {
      this._stopped = true;
      this.emitChanged();
    }
  }

  /** Resolves to whether the server answered; rejects if it is of no use to ask again. */
  private async _ask(id: string): Promise<boolean> {
    let state: SearchState;
    try {
      state = await this._client.searchState(id);
    } catch (thrown) {
      const error = asEsapError(thrown);
      if (!error.retryable) {
        throw error;
      }
      this.interruption = error;
      this.emitChanged();
      return false;
    }
    this.interruption = null;
    this._become(state);
    return true;
  }

  private _pause(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      this._endPause = resolve;
      setTimeout(resolve, this._shallLook ? 0 : milliseconds);
    });
  }

  private _become(state: SearchState): void {
    this.state = wasInterrupted(state) ? this._asFarAsKnown(state) : state;
    // Where several services were asked, their reports tell which failed; what is wrong with the query is one error.
    const told = state.error && (state.reports.length <= 1 || state.error.field !== '');
    this.error = told && state.error ? new EsapError(state.error) : null;
    this.emitChanged();
  }
  /** A table does not tell of services that had not ended, nor of jobs. */
  private _asFarAsKnown(state: SearchState): SearchState {
    const told = new Set(state.reports.map(report => report.service));
    const missing = this.reports.filter(report => !told.has(report.service));
    const stopped = missing.map(report => (hasAnswered(report) ? report : { ...report, state: 'cancelled' as const }));
    return { ...state, reports: [...state.reports, ...stopped], jobs: { ...this.state?.jobs, ...state.jobs } };
  }
}
