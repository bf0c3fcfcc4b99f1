import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { KnownToken, SignInState } from '../api/types';
import { Changing } from './changing';

const WAITING_MS = 2_000;
const IDLE_MS = 30_000;

/** Seconds that a token lives yet; null if it does not say, or there is none. */
export function secondsToLive(token: KnownToken, now: number = Date.now()): number | null {
  return token.expires_at === null ? null : Math.max((Date.parse(token.expires_at) - now) / 1000, 0);
}

/** Milliseconds until something may be otherwise: the person confirms elsewhere, or a token ends. */
export function lookAgainAfter(state: SignInState, now: number = Date.now()): number {
  if (state.prompt || state.problem) {
    return WAITING_MS;
  }
  const lives = state.tokens.map(token => secondsToLive(token, now)).filter(life => life !== null);
  return Math.max(Math.min(IDLE_MS, ...lives.map(life => life * 1000)), WAITING_MS);
}

/** Who the person is to the services; looked at while it is shown, often while a sign-in waits for the person. */
export class SignIn extends Changing {
  state: SignInState | null = null;
  /** What the person asked for is being done. */
  busy = false;
  error: EsapError | null = null;
  private readonly _poll: Poll;

  constructor(private readonly _client: EsapClient) {
    super();
    this._poll = new Poll({
      name: 'esap-jupyter:sign-in',
      auto: false,
      factory: () => this._look(),
      frequency: { interval: IDLE_MS, backoff: true, max: 120_000 },
      standby: 'when-hidden'
    });
  }

  /** Whether the services know the person. */
  get signedIn(): boolean {
    return Boolean(this.state && this.state.tokens.length > 0);
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Look as long as somebody sees it. */
  async start(): Promise<void> {
    await this._poll.start();
  }

  async stop(): Promise<void> {
    await this._poll.stop();
  }

  /** Look now. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick;
  }

  /** Ask for a code that the person confirms in any browser. */
  begin(): Promise<void> {
    return this._do(() => this._client.beginSignIn());
  }

  /** Wait for the person no longer. */
  giveUp(): Promise<void> {
    return this._do(() => this._client.giveUpSignIn());
  }

  signOut(): Promise<void> {
    return this._do(() => this._client.signOut());
  }

  private async _do(change: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    this.emitChanged();
    try {
      await change();
      await this.refresh();
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.busy = false;
    this.emitChanged();
  }

  private async _look(): Promise<void> {
    try {
      this.state = await this._client.signInState();
      this.error = null;
      this._poll.frequency = { ...this._poll.frequency, interval: lookAgainAfter(this.state) };
    } catch (thrown) {
      this.error = asEsapError(thrown);
      // Rejecting makes the poll wait longer each time.
      throw this.error;
    } finally {
      this.emitChanged();
    }
  }
}
