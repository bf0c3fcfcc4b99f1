import { type EsapClient } from '../api/client';
import type { Query, SavedQuery } from '../api/types';
import { ServerList } from './serverList';

/** The queries that a person saved under names of their own. */
export class SavedQueries extends ServerList<SavedQuery> {
  constructor(private readonly _client: EsapClient) {
    super(() => _client.savedQueries());
  }

  async save(name: string, query: Query): Promise<void> {
    await this.doing(() => this._client.saveQuery(name, query));
  }

  async rename(saved: SavedQuery, name: string): Promise<void> {
    await this.doing(() => this._client.replaceSavedQuery(saved.id, name, saved.query));
  }

  async delete(saved: SavedQuery): Promise<void> {
    await this.doing(() => this._client.deleteSavedQuery(saved.id));
  }
}
