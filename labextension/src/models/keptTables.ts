import { type EsapClient } from '../api/client';
import type { TableSummary } from '../api/types';
import { ServerList } from './serverList';

/** The tables in the cache, the newest first. */
export class KeptTables extends ServerList<TableSummary> {
  constructor(private readonly _client: EsapClient) {
    super(() => _client.tables());
  }

  /** Keep a table when the cache is full, or no longer. */
  async setPinned(table: TableSummary, pinned: boolean): Promise<void> {
    await this.doing(() => (pinned ? this._client.pinTable(table.id) : this._client.unpinTable(table.id)));
  }

  async delete(table: TableSummary): Promise<void> {
    await this.doing(() => this._client.deleteTable(table.id));
  }
}
