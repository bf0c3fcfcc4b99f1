import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { PastQuery, Product, Query, SearchState, Target } from '../api/types';
import { Changing } from './changing';
import { parametersOf, QueryForms, type FieldValues, type QueryField } from './queryForm';
import { Search } from './search';

export type RadiusUnit = 'deg' | 'arcmin' | 'arcsec';

export const DEGREES_PER: Record<RadiusUnit, number> = { deg: 1, arcmin: 1 / 60, arcsec: 1 / 3600 };

/** What a person has typed so far. */
export interface Form {
  target: string;
  /** Several targets instead of one. */
  targets: readonly Target[];
  radius: string;
  radiusUnit: RadiusUnit;
  product: Product;
  keyword: string;
  /** Rows wanted of each service; empty for all of it. */
  rowLimit: string;
  /** Names of the services chosen; null for all that offer the product. */
  services: readonly string[] | null;
  /** Of the services' own query forms. */
  parameters: FieldValues;
}

export type FormField = 'target' | 'radius' | 'keyword' | 'rowLimit' | 'services';

/** What a new user may try: the demo has it, and so have most archives of images. */
export const EXAMPLE: Pick<Form, 'target' | 'radius' | 'radiusUnit' | 'product'> = {
  target: 'M 51',
  radius: '6',
  radiusUnit: 'arcmin',
  product: 'images'
};

const EMPTY: Form = {
  target: '',
  targets: [],
  radius: '6',
  radiusUnit: 'arcmin',
  product: 'images',
  keyword: '',
  rowLimit: '10000',
  services: null,
  parameters: {}
};

/** The field of the form that cannot be used as it is, if any. */
export function fieldAtFault(form: Form): FormField | null {
  const asksForDids = form.product === 'dids';
  const narrowed = form.keyword.trim() !== '' || Object.keys(parametersOf(form.parameters, [])).length > 0;
  if (!narrowed && (asksForDids || (!form.target.trim() && form.targets.length === 0))) {
    return asksForDids ? 'keyword' : 'target';
  }
  const radius = Number(form.radius) * DEGREES_PER[form.radiusUnit];
  if (!asksForDids && !(radius > 0 && radius <= 180)) {
    return 'radius';
  }
  const limit = form.rowLimit.trim();
  if (limit !== '' && !(Number.isInteger(Number(limit)) && Number(limit) >= 1)) {
    return 'rowLimit';
  }
  return form.services?.length === 0 ? 'services' : null;
}

/** What is asked of the services. */
export function queryOf(form: Form, fields: readonly QueryField[] = []): Query {
  const asksForDids = form.product === 'dids';
  const limit = form.rowLimit.trim();
  return {
    services: [...(form.services ?? [])],
    product: form.product,
    target: asksForDids || form.targets.length > 0 ? '' : form.target.trim(),
    position: null,
    targets: asksForDids ? [] : [...form.targets],
    radius: asksForDids ? 0.1 : Number(form.radius) * DEGREES_PER[form.radiusUnit],
    keyword: form.keyword.trim(),
    adql: '',
    row_limit: limit === '' ? null : Number(limit),
    parameters: parametersOf(form.parameters, fields)
  };
}

/** The form that would ask this; the radius in the unit that reads best. */
export function formOf(query: Query): Form {
  const unit: RadiusUnit = query.radius >= 1 ? 'deg' : query.radius >= 1 / 60 ? 'arcmin' : 'arcsec';
  const { position } = query;
  return {
    target: query.target || (position ? `${position.ra} ${position.dec}` : ''),
    targets: query.targets,
    radius: String(Number((query.radius / DEGREES_PER[unit]).toPrecision(8))),
    radiusUnit: unit,
    product: query.product,
    keyword: query.keyword,
    rowLimit: query.row_limit === null ? '' : String(query.row_limit),
    services: query.services.length > 0 ? query.services : null,
    parameters: query.parameters
  };
}

/** The Discover panel's state: the form, the search that runs, and what was asked before. */
export class Discovery extends Changing {
  form: Form = EMPTY;
  /** Shown once a person has tried to send the form as it is. */
  fault: FormField | null = null;
  search: Search | null = null;
  history: readonly PastQuery[] = [];
  /** What is wrong with the list of targets that was given last. */
  listError: EsapError | null = null;
  /** Whether the panel says how it is used. */
  help = false;
  readonly forms: QueryForms;
  /** What was asked here last: one that was taken up may be another window's, and is not stopped for a new one. */
  private _begun: Search | null = null;

  constructor(private readonly _client: EsapClient) {
    super();
    this.forms = new QueryForms(_client);
    this.forms.changed.connect(() => this.emitChanged());
  }

  showHelp(shown: boolean): void {
    this.help = shown;
    this.emitChanged();
  }

  /** Take a list of targets, which the server reads; resolves to whether it could. */
  async takeList(list: { text: string } | { path: string }): Promise<boolean> {
    try {
      this.edit({ targets: await this._client.readTargets(list) });
      this.listError = null;
    } catch (thrown) {
      this.listError = asEsapError(thrown);
    }
    this.emitChanged();
    return this.listError === null;
  }

  clearList(): void {
    this.listError = null;
    this.edit({ targets: [] });
  }

  /** Type into a further field; empty says nothing. */
  setParameter(name: string, value: unknown): void {
    const others = Object.fromEntries(Object.entries(this.form.parameters).filter(([each]) => each !== name));
    this.edit({ parameters: value === '' ? others : { ...others, [name]: value } });
  }

  /** Whether nothing has been typed, nor asked. */
  get isFresh(): boolean {
    return this.form === EMPTY && this.search === null;
  }

  edit(part: Partial<Form>): void {
    this.form = { ...this.form, ...part };
    if (part.product !== undefined) {
      // The services that were chosen may not offer the other product.
      this.form.services = null;
      // Nor may they know the fields.
      this.form.parameters = {};
    }
    this.fault = this.fault && fieldAtFault(this.form);
    this.emitChanged();
  }

  /** What the form asks, or null if it is at fault, which is then shown. */
  queryIfSound(): Query | null {
    this.fault = fieldAtFault(this.form);
    this.emitChanged();
    return this.fault ? null : queryOf(this.form, this.forms.allFields(this.form.product));
  }

  /** Ask; a search that still runs is stopped. Returns the search, or null if the form is at fault. */
  submit(): Search | null {
    const query = this.queryIfSound();
    return query && this.start(query);
  }

  /** Ask only the services that failed once more. */
  retryFailed(): Search | null {
    if (!this.search) {
      return null;
    }
    const services = this.search.failed.map(report => report.service);
    return this.start({ ...this.search.query, services });
  }

  start(query: Query): Search {
    if (this._begun?.running) {
      void this._begun.cancel();
    }
    const search = new Search(this._client, query);
    this._begun = search;
    this._show(search, search.run());
    return search;
  }

  /** Show a search that was begun elsewhere, or before the page was reloaded. */
  takeUp(begun: SearchState, query: Query): void {
    const search = new Search(this._client, query);
    this._show(search, search.follow(begun));
  }

  /** Fill the form with what was asked before. */
  recall(query: Query): void {
    this.form = formOf(query);
    this.listError = null;
    this.fault = null;
    this.emitChanged();
  }

  private _show(search: Search, over: Promise<void>): void {
    this.search = search;
    search.changed.connect(() => this.emitChanged());
    this.emitChanged();
    void over.then(() => this.refreshHistory());
  }

  /** The history is a convenience: without it the panel works as well. */
  async refreshHistory(): Promise<void> {
    this.history = await this._client.history(20).catch(() => this.history);
    this.emitChanged();
  }
}
