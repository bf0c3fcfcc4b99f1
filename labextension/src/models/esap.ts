import { Token } from '@lumino/coreutils';
import { type EsapClient } from '../api/client';
import type { Added, NewUpload, Query } from '../api/types';
import { Basket, type StagingHow } from './basket';
import { Changing } from './changing';
import { DataLake } from './datalake';
import { Discovery } from './discovery';
import { Jobs } from './jobs';
import { KeptTables } from './keptTables';
import { RegistrySearch } from './registry';
import { pauseAfter } from './retrying';
import { RunningSearches } from './runningSearches';
import { SavedQueries } from './savedQueries';
import { lookAtSearch } from './search';
import { byService, type PickedRows } from './serviceRows';
import { Services } from './services';
import { SignIn } from './signIn';

export type PanelName = 'discover' | 'basket' | 'jobs' | 'datalake' | 'sign-in';

export const PANELS: readonly PanelName[] = ['discover', 'basket', 'jobs', 'datalake', 'sign-in'];

/** All state of the panels; other extensions may require it. */
export class Esap extends Changing {
  readonly services: Services;
  readonly registry: RegistrySearch;
  readonly discovery: Discovery;
  readonly saved: SavedQueries;
  readonly tables: KeptTables;
  readonly basket: Basket;
  readonly jobs: Jobs;
  readonly searches: RunningSearches;
  readonly datalake: DataLake;
  readonly signIn: SignIn;
  private _panel: PanelName = 'discover';
  private _failures = 0;
  private _again: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly client: EsapClient) {
    super();
    this.services = new Services(client);
    this.registry = new RegistrySearch(client);
    this.discovery = new Discovery(client);
    this.saved = new SavedQueries(client);
    this.tables = new KeptTables(client);
    this.basket = new Basket(client);
    this.jobs = new Jobs(client);
    this.searches = new RunningSearches(client);
    this.datalake = new DataLake(client);
    this.signIn = new SignIn(client);
    this.services.changed.connect(() => {
      this.datalake.setServices(this.services.offering('datalake'));
    });
  }

  /** The panel that the side bar shows. */
  get panel(): PanelName {
    return this._panel;
  }

  set panel(name: PanelName) {
    this._panel = name;
    this.emitChanged();
  }

  /** Read everything from the server; tried again by itself until the server is back. */
  async refresh(): Promise<void> {
    await this.services.refresh();
    clearTimeout(this._again);
    const { error } = this.services;
    this._failures = error ? this._failures + 1 : 0;
    if (error?.retryable) {
      this._again = setTimeout(() => void this.refresh(), pauseAfter(this._failures));
    }
    if (!error) {
      await Promise.all([
        this.basket.refresh(),
        this.jobs.refresh(),
        this.searches.refresh(),
        this.discovery.refreshHistory(),
        this.saved.refresh()
      ]);
      await this._takeUpSearch();
    }
  }

  /** Go on looking at what runs at the server. */
  async start(): Promise<void> {
    await Promise.all([this.jobs.start(), this.searches.start()]);
  }

  /** The server says that a search has changed. */
  noteSearch(id: string, ended: boolean): void {
    lookAtSearch(id);
    this.searches.noteChange(id, ended);
  }

  /** An absolute path as the file browser has it; null if it does not reach there. */
  async pathInFileBrowser(path: string): Promise<string | null> {
    const { path: root, in_file_browser: inBrowser } = await this.client.workspace();
    const prefix = `${root.replace(/\/$/, '')}/`;
    return inBrowser !== null && path.startsWith(prefix)
      ? [inBrowser, path.slice(prefix.length)].filter(part => part !== '' && part !== '.').join('/')
      : null;
  }

  /** Fill the form with what was asked before, its services of the registry included. */
  async recall(query: Query): Promise<void> {
    this.discovery.recall(query);
    await this.services.registerAll(query.services);
  }

  /** After a reload, or in a second window, show the newest search of the form that still runs. */
  private async _takeUpSearch(): Promise<void> {
    const newest = this.searches.list.find(({ query }) => query?.adql === '');
    if (newest?.query && this.discovery.isFresh) {
      this.discovery.takeUp(newest, newest.query);
      await this.recall(newest.query);
    }
  }

  /** Ask once more what was asked before, and show how that fares. */
  async searchAgain(query: Query): Promise<void> {
    this.panel = 'discover';
    this.discovery.start(query);
    await this.recall(query);
  }

  /** Put what rows of a table stand for into the basket. */
  async addRows(table: string, picked: PickedRows): Promise<Added> {
    const added = await this.client.addRows(table, byService(picked));
    await this.basket.refresh();
    return added;
  }

  /** Put a DID into the basket and show it there. */
  async addDid(service: string, did: string): Promise<void> {
    await this.basket.addDid(service, did);
    this.panel = 'basket';
  }

  /** Bring items to where one computes and show the job. */
  async stage(ids: readonly string[] | null = null, how: StagingHow = {}): Promise<void> {
    const job = await this.basket.stage(ids, how);
    if (job) {
      this.panel = 'jobs';
      await this.jobs.refresh();
    }
  }

  /** Upload files into a data lake and show the job. */
  async upload(wanted: NewUpload): Promise<void> {
    await this.client.upload(wanted);
    this.panel = 'jobs';
    await this.jobs.refresh();
  }
}

export const IEsap = new Token<Esap>('esap-jupyter:IEsap', 'The state of the ESAP panels.');
