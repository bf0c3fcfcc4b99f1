import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { NewUpload, WritableRSE } from '../api/types';
import { Changing } from './changing';
import { secondsOfDays } from './lifetimes';

/** What a person is asked before files go into a data lake. */
export class Upload extends Changing {
  service = '';
  rse = '';
  scope = '';
  dataset = '';
  days = '';
  rses: readonly WritableRSE[] = [];
  scopes: readonly string[] = [];
  loading = false;
  error: EsapError | null = null;

  constructor(
    private readonly _client: EsapClient,
    readonly files: readonly string[]
  ) {
    super();
  }

  /** Whether enough is known to begin. */
  get ready(): boolean {
    return !this.loading && this.rse !== '' && this.scope.trim() !== '' && secondsOfDays(this.days) !== undefined;
  }

  /** What is asked of the server. */
  get request(): NewUpload {
    const scope = this.scope.trim();
    const dataset = this.dataset.trim();
    return {
      service: this.service,
      files: [...this.files],
      to: dataset ? `${scope}:${dataset}` : scope,
      rse: this.rse,
      lifetime: secondsOfDays(this.days) ?? null
    };
  }

  change(values: Partial<Pick<Upload, 'rse' | 'scope' | 'dataset' | 'days'>>): void {
    Object.assign(this, values);
    this.emitChanged();
  }

  /** Choose a data lake, and learn where in it one may write. */
  async choose(service: string): Promise<void> {
    Object.assign(this, { service, rse: '', scope: '', rses: [], scopes: [], loading: true, error: null });
    this.emitChanged();
    try {
      const [rses, scopes, account] = await Promise.all([
        this._client.writableRSEs(service),
        this._client.scopes(service),
        this._client.account(service)
      ]);
      if (this.service !== service) {
        return;
      }
      const own = `user.${account}`;
      this.rses = rses;
      this.scopes = scopes;
      this.rse = rses[0]?.name ?? '';
      this.scope = scopes.includes(own) ? own : (scopes[0] ?? '');
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.loading = false;
    this.emitChanged();
  }
}
