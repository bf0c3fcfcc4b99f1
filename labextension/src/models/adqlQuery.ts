import { Signal, type ISignal } from '@lumino/signaling';
import { type EsapClient } from '../api/client';
import type { EsapError } from '../api/errors';
import type { AdqlMode, Example, Query } from '../api/types';
import { Changing } from './changing';
import { OwnTables, uploadsOf, type OwnTable } from './ownTables';
import { Search } from './search';
import { ServiceSchema } from './serviceSchema';

/** A query in the making: its text, whom it is for, and what that service has. */
export class AdqlQuery extends Changing {
  mode: AdqlMode = 'auto';
  rowLimit = '10000';
  search: Search | null = null;
  examples: readonly Example[] = [];
  /** Apart, since it changes seldom and takes a while to draw. */
  readonly schema: ServiceSchema;
  /** Tables of one's own that go along. */
  readonly own: OwnTables;

  private readonly _ended = new Signal<this, void>(this);

  constructor(
    private readonly _client: EsapClient,
    private _service: string,
    private _adql: string,
    own: readonly OwnTable[] = []
  ) {
    super();
    this.schema = new ServiceSchema(_client);
    this.own = new OwnTables(_client, own, _adql);
    this.own.changed.connect(this._onOwn, this);
    this._onOwn();
  }

  /** Emitted when a run is over, however it ended. */
  get ended(): ISignal<this, void> {
    return this._ended;
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

  /** What is wrong with a table that went along. */
  get uploadRejection(): EsapError | null {
    return /^uploads(\.|$)/.test(this.rejection?.field ?? '') ? this.rejection : null;
  }

  /** Ask another service; its tables and examples are read. */
  async setService(name: string): Promise<void> {
    this._service = name;
    this.examples = [];
    this.emitChanged();
    const [examples] = await Promise.all([
      // Few services have any.
      this._client.examples(name).catch(() => []),
      this.schema.read(name)
    ]);
    if (this._service === name) {
      this.examples = examples;
      this.emitChanged();
    }
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
    if (!this.own.check(this._adql)) {
      return;
    }
    const search = new Search(this._client, this.query, this.mode, uploadsOf(this.own.namedIn(this._adql)));
    this.search = search;
    search.changed.connect(() => this.emitChanged());
    this.emitChanged();
    await search.run();
    if (this.uploadRejection) {
      this.own.shown = true;
    }
    this._ended.emit();
  }

  private _onOwn(): void {
    this.schema.setOwn(this.own.descriptions);
    this.emitChanged();
  }
}
