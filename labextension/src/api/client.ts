import { ServerConnection } from '@jupyterlab/services';
import createClient, { type Client, type QuerySerializer } from 'openapi-fetch';
import type { ImageRegion } from '../models/viewport';
import { asEsapError, emptyAnswer, errorOfAnswer } from './errors';
import type { Schema } from '../models/queryForm';
import type { Page } from './page';
import type { Points } from './points';
import type { paths } from './schema';
import type {
  AccountUsage,
  Added,
  AdqlMode,
  Column,
  ColumnStatistics,
  Condition,
  CurveDescription,
  Density,
  DevicePrompt,
  DIDPage,
  DIDSearch,
  Example,
  FileContent,
  HeaderCard,
  FileTable,
  Histogram,
  ImageDescription,
  Item,
  Job,
  JobList,
  Link,
  NewRule,
  NewStaging,
  NewUpload,
  Order,
  PastQuery,
  PixelDescription,
  Position,
  Query,
  RegisteredService,
  ReplicaPage,
  RSE,
  Rule,
  SavedQuery,
  SearchState,
  ServerSession,
  ServiceStatus,
  SignInState,
  SkyDensity,
  TableDescription,
  TableDetails,
  TableSummary,
  Target,
  Uploads,
  Workspace,
  WritableRSE
} from './types';

export type { Page } from './page';
export type { Points } from './points';

/** The version of the server's resources that these panels are made for. */
const API_VERSION = 1;

/** Which rows of a table, and in which order. */
export interface Selection {
  conditions: readonly Condition[];
  order: readonly Order[];
}

/** A column along an axis, and which part of it. */
export interface PlotAxis {
  column: string;
  log: boolean;
  low?: number;
  high?: number;
}

/** Columns of positions, and which part of the sky in degrees. */
export interface OnSky {
  ra: string;
  dec: string;
  within?: { ra: number; dec: number; radius: number };
}

interface Answer<Data> {
  data?: Data;
  response: Response;
}

/** A plane of a cube, or an image, in a file; counted from 0. */
export interface PlaneOfFile {
  path: string;
  hdu: number;
  plane: number[];
}

/** A region of it as it is shown. */
export interface PixelsWanted {
  x: number;
  y: number;
  width: number;
  height: number;
  binning: number;
  how: 'mean' | 'nearest';
}

/** What the panels ask of the server; every method rejects with an `EsapError`. */
export class EsapClient {
  private readonly _http: Client<paths>;

  constructor(settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {
    this._http = createClient<paths>({
      baseUrl: settings.baseUrl.replace(/\/$/, ''),
      fetch: request => send(request, settings),
      querySerializer
    });
  }

  /** Reject unless the server extension is there and not older than these panels. */
  async checkServer(): Promise<void> {
    const status = await answered(this._http.GET('/esap/api/status'));
    if (status.api < API_VERSION) {
      throw errorOfAnswer(404, null);
    }
  }

  workspace(): Promise<Workspace> {
    return answered(this._http.GET('/esap/api/workspace'));
  }

  /** Until when the hub lets this server live, and how much room is left. */
  session(): Promise<ServerSession> {
    return answered(this._http.GET('/esap/api/session'));
  }

  keepAlive(): Promise<ServerSession> {
    return answered(this._http.POST('/esap/api/session'));
  }

  // Who the person is

  signInState(): Promise<SignInState> {
    return answered(this._http.GET('/esap/api/sign-in'));
  }

  /** Begin a sign-in, which the person confirms in any browser. */
  beginSignIn(): Promise<DevicePrompt> {
    return answered(this._http.POST('/esap/api/sign-in'));
  }

  giveUpSignIn(): Promise<void> {
    return done(this._http.DELETE('/esap/api/sign-in/prompt'));
  }

  signOut(): Promise<void> {
    return done(this._http.DELETE('/esap/api/sign-in'));
  }

  // Services

  services(check: boolean): Promise<ServiceStatus[]> {
    return answered(this._http.GET('/esap/api/services', { params: { query: { check } } }));
  }

  tablesOf(service: string): Promise<TableDescription[]> {
    return answered(this._http.GET('/esap/api/services/{service}/tables', { params: { path: { service } } }));
  }

  tableOf(service: string, table: string): Promise<TableDescription> {
    return answered(
      this._http.GET('/esap/api/services/{service}/tables/{table}', { params: { path: { service, table } } })
    );
  }

  examples(service: string): Promise<Example[]> {
    return answered(this._http.GET('/esap/api/services/{service}/examples', { params: { path: { service } } }));
  }

  links(service: string, url: string): Promise<Link[]> {
    return answered(
      this._http.GET('/esap/api/services/{service}/links', { params: { path: { service }, query: { url } } })
    );
  }

  /** The further fields of a service's queries, as JSON Schema. */
  queryForm(service: string): Promise<Schema> {
    return answered(
      this._http.GET('/esap/api/services/{service}/form', { params: { path: { service } } })
    );
  }

  /** Look in the registry. */
  findServices(keywords: string[], product: string, waveband: string, limit: number): Promise<RegisteredService[]> {
    const query = { keywords, product, waveband, limit };
    return answered(this._http.GET('/esap/api/registry', { params: { query } }));
  }

  registeredService(ivoid: string): Promise<RegisteredService> {
    return answered(this._http.GET('/esap/api/registry/record', { params: { query: { ivoid } } }));
  }

  // Finding

  /** Where a name or coordinates are on the sky. */
  resolve(target: string): Promise<Position> {
    return answered(this._http.GET('/esap/api/resolve', { params: { query: { target } } }));
  }

  /** Read a list of targets: a text, or a file as the file browser names it. */
  async readTargets(list: { text: string } | { path: string }): Promise<Target[]> {
    return (await answered(this._http.POST('/esap/api/targets', { body: list }))).targets;
  }

  savedQueries(): Promise<SavedQuery[]> {
    return answered(this._http.GET('/esap/api/saved-queries'));
  }

  saveQuery(name: string, query: Query): Promise<SavedQuery> {
    return answered(this._http.POST('/esap/api/saved-queries', { body: { name, query } }));
  }

  replaceSavedQuery(saved: number, name: string, query: Query): Promise<SavedQuery> {
    return answered(
      this._http.PUT('/esap/api/saved-queries/{saved}', { params: { path: { saved } }, body: { name, query } })
    );
  }

  deleteSavedQuery(saved: number): Promise<void> {
    return done(this._http.DELETE('/esap/api/saved-queries/{saved}', { params: { path: { saved } } }));
  }

  /** Ask services, by their forms or in ADQL, with which tables may go. */
  search(query: Query, mode: AdqlMode = 'auto', uploads: Uploads = {}): Promise<SearchState> {
    const rows = { row_limit: query.row_limit, all_rows: query.row_limit === null };
    if (query.adql) {
      const { adql } = query;
      const body = { service: query.services[0] ?? '', adql, mode, uploads, ...rows };
      return answered(this._http.POST('/esap/api/queries', { body }));
    }
    const { services, product, target, position, targets, radius, keyword, parameters } = query;
    const body = { services, product, target, position, targets, radius, keyword, parameters, ...rows };
    return answered(this._http.POST('/esap/api/searches', { body }));
  }

  /** Those of this server that go on, the newest first. */
  searches(): Promise<SearchState[]> {
    return answered(this._http.GET('/esap/api/searches'));
  }

  searchState(search: string): Promise<SearchState> {
    return answered(this._http.GET('/esap/api/searches/{search}', { params: { path: { search } } }));
  }

  cancelSearch(search: string): Promise<void> {
    return done(this._http.POST('/esap/api/searches/{search}/cancel', { params: { path: { search } } }));
  }

  history(limit: number): Promise<PastQuery[]> {
    return answered(this._http.GET('/esap/api/history', { params: { query: { limit } } }));
  }

  // Tables

  tables(): Promise<TableSummary[]> {
    return answered(this._http.GET('/esap/api/tables'));
  }

  pinTable(table: string): Promise<void> {
    return done(this._http.PUT('/esap/api/tables/{table}/pin', { params: { path: { table } } }));
  }

  unpinTable(table: string): Promise<void> {
    return done(this._http.DELETE('/esap/api/tables/{table}/pin', { params: { path: { table } } }));
  }

  deleteTable(table: string): Promise<void> {
    return done(this._http.DELETE('/esap/api/tables/{table}', { params: { path: { table } } }));
  }

  table(table: string): Promise<TableDetails> {
    return answered(this._http.GET('/esap/api/tables/{table}', { params: { path: { table } } }));
  }

  async page(
    table: string,
    offset: number,
    limit: number,
    selection: Selection,
    columns: readonly Column[] = []
  ): Promise<Page> {
    const query = {
      offset,
      limit,
      columns: columns.map(column => column.name),
      conditions: JSON.stringify(selection.conditions),
      order: JSON.stringify(selection.order)
    };
    const asked = answered(
      this._http.GET('/esap/api/tables/{table}/rows', {
        params: { path: { table }, query },
        parseAs: 'arrayBuffer'
      })
    );
    // Apache Arrow is large, and wanted only where there is a table.
    const [bytes, { readPage }] = await Promise.all([asked, import('./page')]);
    return readPage(new Uint8Array(bytes));
  }

  statistics(table: string, column: string, conditions: readonly Condition[]): Promise<ColumnStatistics> {
    const query = { column, conditions: JSON.stringify(conditions) };
    return answered(this._http.GET('/esap/api/tables/{table}/statistics', { params: { path: { table }, query } }));
  }

  histogram(table: string, column: string, conditions: readonly Condition[], bins: number): Promise<Histogram> {
    const query = { column, bins, conditions: JSON.stringify(conditions) };
    return answered(this._http.GET('/esap/api/tables/{table}/histogram', { params: { path: { table }, query } }));
  }

  /** Two columns of numbers as points. */
  async points(table: string, x: PlotAxis, y: PlotAxis, selection: Selection, limit: number): Promise<Points> {
    const query = { x: JSON.stringify(x), y: JSON.stringify(y), limit, ...written(selection) };
    const bytes = await answered(
      this._http.GET('/esap/api/tables/{table}/points', {
        params: { path: { table }, query },
        parseAs: 'arrayBuffer'
      })
    );
    return pointsOf(bytes);
  }

  /** How many rows lie where on a plane of two columns. */
  density(
    table: string,
    x: PlotAxis,
    y: PlotAxis,
    conditions: readonly Condition[],
    cells: { columns: number; rows: number }
  ): Promise<Density> {
    const query = { x: JSON.stringify(x), y: JSON.stringify(y), ...cells, conditions: JSON.stringify(conditions) };
    return answered(this._http.GET('/esap/api/tables/{table}/density', { params: { path: { table }, query } }));
  }

  /** Positions on the sky as points, in degrees. */
  async skyPoints(table: string, where: OnSky, selection: Selection, limit: number): Promise<Points> {
    const { ra, dec, within } = where;
    const query = { ra, dec, ...(within ? { within: JSON.stringify(within) } : {}), limit, ...written(selection) };
    const bytes = await answered(
      this._http.GET('/esap/api/tables/{table}/sky-points', {
        params: { path: { table }, query },
        parseAs: 'arrayBuffer'
      })
    );
    return pointsOf(bytes);
  }

  /** How many rows lie where on the sky. */
  skyDensity(table: string, where: OnSky, order: number, conditions: readonly Condition[]): Promise<SkyDensity> {
    const { ra, dec, within } = where;
    const query = {
      ra,
      dec,
      ...(within ? { within: JSON.stringify(within) } : {}),
      healpix_order: order,
      conditions: JSON.stringify(conditions)
    };
    return answered(this._http.GET('/esap/api/tables/{table}/sky-density', { params: { path: { table }, query } }));
  }

  /** Write a table into a file of the workspace; resolves to its path there. */
  async saveTable(table: string, path: string, replace: boolean, selection: Selection): Promise<string> {
    const body = { path, replace, conditions: [...selection.conditions], order: [...selection.order] };
    const saved = await answered(
      this._http.POST('/esap/api/tables/{table}/save', { params: { path: { table } }, body })
    );
    return saved.path;
  }

  // Files that are looked at

  fileContent(path: string): Promise<FileContent> {
    return answered(this._http.GET('/esap/api/files/content', { params: { query: { path } } }));
  }

  header(path: string, hdu: number): Promise<HeaderCard[]> {
    return answered(this._http.GET('/esap/api/files/header', { params: { query: { path, hdu } } }));
  }

  image(of: PlaneOfFile): Promise<ImageDescription> {
    return answered(this._http.GET('/esap/api/files/image', { params: { query: { ...of } } }));
  }

  /** Values of a region of an image, the lowest row first. */
  async pixels(of: PlaneOfFile, wanted: PixelsWanted, signal: AbortSignal): Promise<Float32Array> {
    const query = { ...of, ...wanted };
    const asked = this._http.GET('/esap/api/files/image/pixels', { params: { query }, parseAs: 'arrayBuffer', signal });
    return new Float32Array(await answered(asked));
  }

  /** Unit vectors of places of a region of an image on the sky. */
  async sky(of: PlaneOfFile, { x, y, width, height }: ImageRegion): Promise<Float64Array> {
    const query = { ...of, x, y, width, height };
    const asked = this._http.GET('/esap/api/files/image/sky', { params: { query }, parseAs: 'arrayBuffer' });
    return new Float64Array(await answered(asked));
  }

  /** What is at a place of an image, the middle of whose first pixel is 1, 1. */
  pixelAt(of: PlaneOfFile, x: number, y: number): Promise<PixelDescription> {
    return answered(this._http.GET('/esap/api/files/image/at', { params: { query: { ...of, x, y } } }));
  }

  /** A spectrum or a light curve; `y` is empty for the usual column. */
  curve(path: string, hdu: number | null, y: string): Promise<CurveDescription> {
    return answered(this._http.GET('/esap/api/files/curve', { params: { query: { path, hdu, y } } }));
  }

  /** All x of all series, then all y, then all errors. */
  async curvePoints(path: string, hdu: number | null, y: string): Promise<Float64Array> {
    const query = { path, hdu, y };
    const asked = this._http.GET('/esap/api/files/curve/points', { params: { query }, parseAs: 'arrayBuffer' });
    return new Float64Array(await answered(asked));
  }

  // Files as tables

  /** The tables of a file, by its path as the file browser has it. */
  fileTables(path: string): Promise<FileTable[]> {
    return answered(this._http.GET('/esap/api/files/tables', { params: { query: { path } } }));
  }

  /** Open a file as a table; `hdu` is of a FITS file, null for its first table. */
  openFile(path: string, hdu: number | null): Promise<TableDetails> {
    return answered(this._http.POST('/esap/api/files/tables', { body: { path, hdu } }));
  }

  // Data lakes

  scopes(service: string): Promise<string[]> {
    return answered(this._http.GET('/esap/api/datalakes/{service}/scopes', { params: { path: { service } } }));
  }

  /** DIDs of a scope by a pattern, kind and metadata, a page at a time. */
  dids(service: string, query: DIDSearch): Promise<DIDPage> {
    return answered(this._http.GET('/esap/api/datalakes/{service}/dids', { params: { path: { service }, query } }));
  }

  content(service: string, did: string, offset: number, limit: number): Promise<DIDPage> {
    const query = { did, offset, limit };
    return answered(
      this._http.GET('/esap/api/datalakes/{service}/content', { params: { path: { service }, query } })
    );
  }

  metadata(service: string, did: string): Promise<Record<string, unknown>> {
    return answered(
      this._http.GET('/esap/api/datalakes/{service}/metadata', { params: { path: { service }, query: { did } } })
    );
  }

  replicas(service: string, did: string, offset: number, limit: number): Promise<ReplicaPage> {
    const query = { did, offset, limit };
    return answered(
      this._http.GET('/esap/api/datalakes/{service}/replicas', { params: { path: { service }, query } })
    );
  }

  rules(service: string, did: string): Promise<Rule[]> {
    return answered(
      this._http.GET('/esap/api/datalakes/{service}/rules', { params: { path: { service }, query: { did } } })
    );
  }

  addRule(service: string, body: NewRule): Promise<Rule> {
    return answered(this._http.POST('/esap/api/datalakes/{service}/rules', { params: { path: { service } }, body }));
  }

  deleteRule(service: string, rule: string): Promise<void> {
    return done(
      this._http.DELETE('/esap/api/datalakes/{service}/rules/{rule}', { params: { path: { service, rule } } })
    );
  }

  /** The account that the data lake takes the person for. */
  async account(service: string): Promise<string> {
    const account = await answered(
      this._http.GET('/esap/api/datalakes/{service}/account', { params: { path: { service } } })
    );
    return account.name;
  }

  /** The RSE of the own site; empty if none is configured. */
  async siteRSE(service: string): Promise<string> {
    const site = await answered(
      this._http.GET('/esap/api/datalakes/{service}/site', { params: { path: { service } } })
    );
    return site.rse;
  }

  rses(service: string): Promise<RSE[]> {
    return answered(this._http.GET('/esap/api/datalakes/{service}/rses', { params: { path: { service } } }));
  }

  writableRSEs(service: string): Promise<WritableRSE[]> {
    return answered(this._http.GET('/esap/api/datalakes/{service}/writable-rses', { params: { path: { service } } }));
  }

  usage(service: string): Promise<AccountUsage[]> {
    return answered(this._http.GET('/esap/api/datalakes/{service}/usage', { params: { path: { service } } }));
  }

  /** Upload files, as the file browser names them. */
  upload(body: NewUpload): Promise<Job> {
    return answered(this._http.POST('/esap/api/uploads', { body }));
  }

  // Basket

  basket(): Promise<Item[]> {
    return answered(this._http.GET('/esap/api/basket'));
  }

  /** Rows by their numbers among those of their service. */
  addRows(table: string, rows: ReadonlyMap<string, readonly number[]>): Promise<Added> {
    const rows_of = Object.fromEntries([...rows].map(([service, numbers]) => [service, [...numbers]]));
    return answered(this._http.POST('/esap/api/basket/rows', { body: { table, rows_of } }));
  }

  addDid(service: string, did: string): Promise<Added> {
    return answered(this._http.POST('/esap/api/basket/dids', { body: { service, dids: [did] } }));
  }

  addLink(service: string, link: Link): Promise<Added> {
    const body = {
      service,
      url: link.access_url,
      title: link.description,
      media_type: link.content_type,
      size: link.content_length
    };
    return answered(this._http.POST('/esap/api/basket/files', { body }));
  }

  /** Put in what a link from elsewhere names. */
  addItemLink(item: string, service: string): Promise<Added> {
    return answered(this._http.POST('/esap/api/basket/links', { body: { item, service } }));
  }

  async removeFromBasket(ids: readonly string[]): Promise<void> {
    await answered(this._http.POST('/esap/api/basket/remove', { body: { ids: [...ids] } }));
  }

  async clearBasket(): Promise<void> {
    await answered(this._http.DELETE('/esap/api/basket'));
  }

  // Jobs

  stage(items: readonly string[], how: Omit<NewStaging, 'items'> = {}): Promise<Job> {
    return answered(this._http.POST('/esap/api/stagings', { body: { ...how, items: [...items] } }));
  }

  /** The jobs that changed since the version of an earlier answer; all of them since 0. */
  jobs(since: number): Promise<JobList> {
    return answered(this._http.GET('/esap/api/jobs', { params: { query: { since } } }));
  }

  job(job: string): Promise<Job> {
    return answered(this._http.GET('/esap/api/jobs/{job}', { params: { path: { job } } }));
  }

  cancelJob(job: string): Promise<Job> {
    return answered(this._http.POST('/esap/api/jobs/{job}/cancel', { params: { path: { job } } }));
  }

  resumeJob(job: string): Promise<Job> {
    return answered(this._http.POST('/esap/api/jobs/{job}/resume', { params: { path: { job } } }));
  }

  /** Start a new job that does the same again. */
  rerunJob(job: string): Promise<Job> {
    return answered(this._http.POST('/esap/api/jobs/{job}/rerun', { params: { path: { job } } }));
  }

  deleteJob(job: string): Promise<void> {
    return done(this._http.DELETE('/esap/api/jobs/{job}', { params: { path: { job } } }));
  }
}

function written({ conditions, order }: Selection): { conditions: string; order: string } {
  return { conditions: JSON.stringify(conditions), order: JSON.stringify(order) };
}

async function pointsOf(bytes: ArrayBuffer): Promise<Points> {
  // Apache Arrow is large, and wanted only where there is a table.
  const { readPoints } = await import('./points');
  return readPoints(new Uint8Array(bytes));
}

/** Send a request as Jupyter wants it: signed in, and with the XSRF token. */
async function send(request: Request, settings: ServerConnection.ISettings): Promise<Response> {
  const body = request.method === 'GET' ? '' : await request.text();
  const init: RequestInit = {
    method: request.method,
    headers: request.headers,
    // Without it Jupyter adds a parameter to each URL against caches; the answers forbid caching anyway.
    cache: 'no-cache',
    signal: request.signal,
    ...(body ? { body } : {})
  };
  return ServerConnection.makeRequest(request.url, init, settings);
}

/** Lists are repeated, and what is not given is left out. */
const querySerializer: QuerySerializer<unknown> = query => {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null) {
        given.append(name, String(each));
      }
    }
  }
  return given.toString();
};

async function answered<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const { data, response } = await answer(asked);
  if (data === undefined) {
    throw emptyAnswer(response.status);
  }
  return data;
}

async function done(asked: Promise<Answer<unknown>>): Promise<void> {
  await answer(asked);
}

async function answer<Data>(asked: Promise<Answer<Data> & { error?: unknown }>): Promise<Answer<Data>> {
  let given: Answer<Data> & { error?: unknown };
  try {
    given = await asked;
  } catch (thrown) {
    throw asEsapError(thrown);
  }
  if (!given.response.ok) {
    throw errorOfAnswer(given.response.status, given.error);
  }
  return given;
}
