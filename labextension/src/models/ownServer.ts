import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { ServerLife, ServerSession, StorageRoom } from '../api/types';
import { Changing } from './changing';

const ASK_MS = 300_000;
const TICK_MS = 10_000;
/** Of the home, from which on the person is warned. */
const NEARLY_FULL = 0.9;
const MUCH_BYTES = 10e9;
/** An end that can be put off by less than this cannot be put off. */
const WORTH_MS = 60_000;

/** The server that the person works in: until when the hub lets it live, and how much room is left. */
export class OwnServer extends Changing {
  life: ServerLife | null = null;
  storage: StorageRoom | null = null;
  error: EsapError | null = null;
  private readonly _ending = new Signal<this, void>(this);
  private readonly _poll: Poll;
  private _ticking: ReturnType<typeof setInterval> | undefined;
  private _warnedOf = '';

  constructor(
    private readonly _client: EsapClient,
    private readonly _now: () => number = Date.now
  ) {
    super();
    this._poll = new Poll({
      name: 'esap-jupyter:own-server',
      auto: false,
      factory: () => this._look(),
      frequency: { interval: ASK_MS, backoff: true, max: 2 * ASK_MS },
      standby: 'when-hidden'
    });
  }

  /** Emitted once for each end that comes near. */
  get ending(): ISignal<this, void> {
    return this._ending;
  }

  /** Until the hub stops the server; null if it has no end. */
  get secondsLeft(): number | null {
    return this.life?.ends_at ? Math.max(Date.parse(this.life.ends_at) - this._now(), 0) / 1000 : null;
  }

  /** Whether the end is so near that the person is to be asked. */
  get isEnding(): boolean {
    const left = this.secondsLeft;
    return left !== null && left <= (this.life?.warn_minutes ?? 0) * 60;
  }

  /** Whether the end can be put off. */
  get canKeepAlive(): boolean {
    const { ends_at: end, at_most: most } = this.life ?? {};
    return !!end && !!most && Date.parse(most) - Date.parse(end) >= WORTH_MS;
  }

  /** How full the home is, from 0 to 1; null while it is being measured. */
  get fullness(): number | null {
    const used = this.storage?.used ?? null;
    return this.storage === null || used === null ? null : used / Math.max(used + this.storage.free, 1);
  }

  get isNearlyFull(): boolean {
    // On a machine of one's own nobody need be told while there is much room.
    const matters = this.life !== null || (this.storage?.free ?? 0) < MUCH_BYTES;
    return matters && (this.fullness ?? 0) >= NEARLY_FULL;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    clearInterval(this._ticking);
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Begin to look, and go on. */
  async start(): Promise<void> {
    await this._poll.start();
    this._ticking = setInterval(() => void this.lookAtClock(), TICK_MS);
  }

  /** Look now. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick;
  }

  /** Say that time has passed; shortly before the end, the hub is asked whether it still is the end. */
  async lookAtClock(): Promise<void> {
    this.emitChanged();
    if (this.isEnding && this._warnedOf !== this.life?.ends_at) {
      // In another tab somebody may have put it off.
      await this.refresh();
    }
  }

  /** Have the hub put off the end. */
  async keepAlive(): Promise<void> {
    try {
      this._take(await this._client.keepAlive());
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.emitChanged();
  }

  private async _look(): Promise<void> {
    try {
      this._take(await this._client.session());
    } catch (thrown) {
      this.error = asEsapError(thrown);
      throw this.error;
    } finally {
      this.emitChanged();
    }
    this._warn();
  }

  private _take({ life, storage }: ServerSession): void {
    this.life = life;
    this.storage = storage;
    this.error = null;
  }

  private _warn(): void {
    if (this.isEnding && this.life?.ends_at && this._warnedOf !== this.life.ends_at) {
      this._warnedOf = this.life.ends_at;
      this._ending.emit();
    }
  }
}
