import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Query, SavedQuery } from '../api/types';
import { Changing } from './changing';

/** The queries that a person saved under names of their own. */
export class SavedQueries extends Changing {
  list: readonly SavedQuery[] = [];
  error: EsapError | null = null;

  constructor(private readonly _client: EsapClient) {
    super();
  }

  async refresh(): Promise<void> {
    await this._doing(() => Promise.resolve());
  }

  async save(name: string, query: Query): Promise<void> {
    await this._doing(() => this._client.saveQuery(name, query));
  }

  async rename(saved: SavedQuery, name: string): Promise<void> {
    await this._doing(() => this._client.replaceSavedQuery(saved.id, name, saved.query));
  }

  async delete(saved: SavedQuery): Promise<void> {
    await this._doing(() => this._client.deleteSavedQuery(saved.id));
  }

  /** Do something, and show what there is then; another window may have changed it too. */
  private async _doing(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.list = await this._client.savedQueries();
      this.error = null;
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.emitChanged();
  }
}
