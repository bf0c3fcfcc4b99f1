import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { AdqlMode, ColumnDescription, Example, Query, TableDescription } from '../api/types';
import { Changing } from './changing';
import { Search } from './search';

/** A query in the making: its text, whom it is for, and what that service has. */
export class AdqlQuery extends Changing {
  mode: AdqlMode = 'auto';
  rowLimit = '10000';
  search: Search | null = null;
  tables: readonly TableDescription[] | null = null;
  examples: readonly Example[] = [];
  /** Why the service's tables cannot be listed. */
  error: EsapError | null = null;
  private readonly _columns = new Map<string, readonly ColumnDescription[]>();
  private readonly _asked = new Map<string, Promise<readonly ColumnDescription[]>>();

  constructor(
    private readonly _client: EsapClient,
    private _service: string,
    private _adql: string
  ) {
    super();
  }

  get service(): string {
    return this._service;
  }

  get adql(): string {
    return this._adql;
  }

  set adql(text: string) {
    this._adql = text;
    this.emitChanged();
  }

  /** What is asked. */
  get query(): Query {
    const limit = Number(this.rowLimit);
    return {
      services: [this._service],
      adql: this._adql,
      row_limit: Number.isInteger(limit) && limit > 0 ? limit : null,
      product: 'sources',
      target: '',
      position: null,
      targets: [],
      radius: 0.1,
      keyword: '',
      parameters: {}
    };
  }

  /** What the service, or the server, refused the query for. */
  get rejection(): EsapError | null {
    return this.search?.error ?? null;
  }

  /** Ask another service; its tables and examples are read. */
  async setService(name: string): Promise<void> {
    this._service = name;
    this.tables = null;
    this.examples = [];
    this.error = null;
    this._columns.clear();
    this._asked.clear();
    this.emitChanged();
    try {
      const [tables, examples] = await Promise.all([
        this._client.tablesOf(name),
        // Few services have any.
        this._client.examples(name).catch(() => [])
      ]);
      if (this._service !== name) {
        return;
      }
      this.tables = tables;
      this.examples = examples;
      for (const table of tables) {
        if (table.columns) {
          this._columns.set(table.name, table.columns);
        }
      }
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.emitChanged();
  }

  /** The columns of a table as far as they are known; they are asked for if they are not. */
  columnsOf(table: string): readonly ColumnDescription[] {
    const known = this._columns.get(table);
    if (!known) {
      void this.readColumns(table).then(() => this.emitChanged());
    }
    return known ?? [];
  }

  /** The columns of a table, asked for once; none if the service does not tell. */
  async readColumns(table: string): Promise<readonly ColumnDescription[]> {
    const known = this._columns.get(table);
    if (known) {
      return known;
    }
    const asked = this._asked.get(table) ?? this._askColumns(table);
    this._asked.set(table, asked);
    return asked;
  }

  /** The tables that the query names. */
  get tablesNamed(): TableDescription[] {
    const text = this._adql.toLowerCase();
    return (this.tables ?? []).filter(table => text.includes(table.name.toLowerCase()));
  }

  edit(part: Partial<Pick<AdqlQuery, 'mode' | 'rowLimit'>>): void {
    Object.assign(this, part);
    this.emitChanged();
  }

  /** Send it; resolves when the service has answered. */
  async run(): Promise<void> {
    if (this.search?.running || !this._adql.trim() || !this._service) {
      return;
    }
    const search = new Search(this._client, this.query, this.mode);
    this.search = search;
    search.changed.connect(() => this.emitChanged());
    this.emitChanged();
    await search.run();
  }

  private async _askColumns(table: string): Promise<readonly ColumnDescription[]> {
    const service = this._service;
    const columns = await this._client.tableOf(service, table).then(
      described => described.columns ?? [],
      // Completion and tree go without; a query that needs it will be told why.
      () => []
    );
    if (service === this._service) {
      this._columns.set(table, columns);
    }
    return columns;
  }
}
