import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import { type EsapClient } from '../api/client';
import { asEsapError, EsapError, searchInterrupted } from '../api/errors';
import type { SearchState } from '../api/types';
import { Changing } from './changing';
import { hasJob, wasInterrupted } from './search';

const BUSY_MS = 700;
const IDLE_MS = 15_000;
/** A search that is over sooner needs no place among the work that goes on. */
const SOON_MS = 500;

/** A search that ended without an answer, and why. */
export interface FailedSearch {
  state: SearchState;
  error: EsapError;
}

/** The searches that the server runs, whoever began them; looked at often while there are some, seldom otherwise. */
export class RunningSearches extends Changing {
  /** Those that ended without an answer while one looked, until they are dismissed. */
  failed: readonly FailedSearch[] = [];
  error: EsapError | null = null;
  private _all: readonly SearchState[] = [];
  private _soon: ReturnType<typeof setTimeout> | undefined;
  private _looks = 0;
  private readonly _ended = new Signal<this, string>(this);
  private readonly _poll: Poll;

  constructor(private readonly _client: EsapClient) {
    super();
    this._poll = new Poll({
      name: 'esap-jupyter:searches',
      auto: false,
      factory: () => this._look(),
      frequency: { interval: IDLE_MS, backoff: true, max: 60_000 },
      standby: 'when-hidden'
    });
  }

  /** The newest first; an asynchronous query that has a job is among the jobs. */
  get list(): SearchState[] {
    return this._all.filter(search => !hasJob(search));
  }

  /** Emitted with the id of each search that has ended: its table has all that came. */
  get ended(): ISignal<this, string> {
    return this._ended;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    clearTimeout(this._soon);
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Begin to look, and go on. */
  async start(): Promise<void> {
    await this._poll.start();
  }

  /** Look now. */
  async refresh(): Promise<void> {
    clearTimeout(this._soon);
    this._soon = undefined;
    await this._poll.refresh();
    await this._poll.tick;
  }

  /** The server says that a search has changed; how far one is that is known, is looked at often anyway. */
  noteChange(id: string, ended: boolean): void {
    const isKnown = this._all.some(search => search.id === id);
    if (isKnown && ended) {
      void this.refresh();
    } else if (ended) {
      this._ended.emit(id);
    } else if (!isKnown) {
      this._soon ??= setTimeout(() => void this.refresh(), SOON_MS);
    }
  }

  async cancel(id: string): Promise<void> {
    try {
      await this._client.cancelSearch(id);
    } catch (thrown) {
      this.error = asEsapError(thrown);
      this.emitChanged();
      return;
    }
    await this.refresh();
  }

  /** Show one that failed no longer. */
  dismiss(id: string): void {
    this.failed = this.failed.filter(({ state }) => state.id !== id);
    this.emitChanged();
  }

  dismissAll(): void {
    this.failed = [];
    this.emitChanged();
  }

  private async _look(): Promise<void> {
    // A refresh does not wait for the look that is under way: only the last one counts.
    const look = (this._looks += 1);
    try {
      const running = await this._client.searches();
      const ids = new Set(running.map(({ id }) => id));
      const gone = this._all.filter(({ id }) => !ids.has(id));
      const outcomes = await Promise.all(gone.map(search => this._outcome(search)));
      if (look !== this._looks) {
        return;
      }
      this._all = running;
      this.failed = [...outcomes.filter(outcome => outcome !== null), ...this.failed];
      this.error = null;
      gone.forEach(({ id }) => this._ended.emit(id));
      this._poll.frequency = { ...this._poll.frequency, interval: running.length > 0 ? BUSY_MS : IDLE_MS };
    } catch (thrown) {
      if (look !== this._looks) {
        return;
      }
      this.error = asEsapError(thrown);
      // Rejecting makes the poll wait longer each time.
      throw this.error;
    } finally {
      this.emitChanged();
    }
  }

  /** Why a search that has ended did not answer; null if it did, or its job tells. */
  private async _outcome(last: SearchState): Promise<FailedSearch | null> {
    let state: SearchState;
    try {
      state = await this._client.searchState(last.id);
    } catch (thrown) {
      const error = asEsapError(thrown);
      if (error.retryable) {
        throw error;
      }
      // Its table has been deleted, so nobody wants to know.
      return null;
    }
    if (hasJob(last) || hasJob(state)) {
      return null;
    }
    if (wasInterrupted(state)) {
      return { state, error: searchInterrupted() };
    }
    return state.error && { state, error: new EsapError(state.error) };
  }
}
