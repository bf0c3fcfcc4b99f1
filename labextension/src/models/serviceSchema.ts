import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { ColumnDescription, TableDescription } from '../api/types';
import { aliasBehind, keyOf, namesIn, textsOf } from './adqlNames';
import { Changing } from './changing';

/** The tables of a service that takes ADQL; some services have very many. */
export class ServiceSchema extends Changing {
  tables: readonly TableDescription[] | null = null;
  /** All that a query can name: the tables that come with it, and those of the service as far as they are known. */
  all: readonly TableDescription[] = [];
  /** Names of the schemas that the tables are in. */
  schemas: readonly string[] = [];
  /** Why the service's tables cannot be listed. */
  error: EsapError | null = null;
  private _service = '';
  private _own: readonly TableDescription[] = [];
  private readonly _byKey = new Map<string, TableDescription>();
  private readonly _columns = new Map<string, readonly ColumnDescription[]>();
  private readonly _asked = new Map<string, Promise<readonly ColumnDescription[]>>();

  constructor(private readonly _client: EsapClient) {
    super();
  }

  /** Have tables that come with the query beside those of the service. */
  setOwn(own: readonly TableDescription[]): void {
    if (JSON.stringify(own) !== JSON.stringify(this._own)) {
      this._own = own;
      this._take(this.tables);
      this.emitChanged();
    }
  }

  /** Read which tables a service has. */
  async read(service: string): Promise<void> {
    this._service = service;
    this.error = null;
    this._columns.clear();
    this._asked.clear();
    this._take(null);
    this.emitChanged();
    try {
      const tables = await this._client.tablesOf(service);
      if (this._service === service) {
        this._take(tables);
      }
    } catch (thrown) {
      if (this._service === service) {
        this.error = asEsapError(thrown);
      }
    }
    this.emitChanged();
  }

  /** The columns of a table as far as they are known; they are asked for if they are not. */
  columnsOf(table: string): readonly ColumnDescription[] | undefined {
    const known = this._columns.get(table);
    if (!known) {
      void this.readColumns(table);
    }
    return known;
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

  /** The tables that a query names. */
  tablesIn(adql: string): TableDescription[] {
    const found = namesIn(adql).map(name => {
      // What is behind the table's name is a column's.
      const texts = textsOf(name);
      return texts.map((_, index) => this._byKey.get(keyOf(texts.slice(0, index + 1)))).findLast(Boolean);
    });
    return [...new Set(found.filter(table => table !== undefined))];
  }

  /** The table that a name, without its schema too, or an alias in a query stands for. */
  tableBehind(parts: readonly string[], adql: string): TableDescription | undefined {
    const wanted = keyOf(parts);
    const names = namesIn(adql);
    const meant = names.findIndex((name, index) => {
      const texts = textsOf(name);
      const isTable = this._byKey.has(keyOf(texts));
      return isTable && (aliasBehind(adql, names, index) === wanted || keyOf(texts.slice(-1)) === wanted);
    });
    const name = names[meant];
    return this._byKey.get(wanted) ?? (name && this._byKey.get(keyOf(textsOf(name))));
  }

  private _take(tables: readonly TableDescription[] | null): void {
    this.tables = tables;
    this.all = [...this._own, ...(tables ?? [])];
    this.schemas = [...new Set(this.all.map(table => table.schema_name).filter(Boolean))];
    this._byKey.clear();
    for (const table of this.all) {
      this._byKey.set(keyOf([table.name]), table);
      if (table.columns) {
        this._columns.set(table.name, table.columns);
      }
    }
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
      this.emitChanged();
    }
    return columns;
  }
}

/** The tables that have some text in name, title or description. */
export function tablesAbout(tables: readonly TableDescription[], text: string): readonly TableDescription[] {
  const wanted = text.trim().toLowerCase();
  return wanted === ''
    ? tables
    : tables.filter(table => `${table.name} ${table.title} ${table.description}`.toLowerCase().includes(wanted));
}
