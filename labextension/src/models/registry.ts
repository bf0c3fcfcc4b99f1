import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Product, RegisteredService } from '../api/types';
import { Changing } from './changing';

/** The terms of http://www.ivoa.net/rdf/messenger that a service may be found by. */
export const WAVEBANDS = [
  'radio',
  'millimeter',
  'infrared',
  'optical',
  'uv',
  'euv',
  'x-ray',
  'gamma-ray',
  'photon',
  'neutrino'
] as const;

const MOST_FOUND = 100;

/** Looking in the registry for services that are not in the configuration. */
export class RegistrySearch extends Changing {
  keywords = '';
  waveband = '';
  found: readonly RegisteredService[] | null = null;
  loading = false;
  error: EsapError | null = null;
  private _last = 0;

  constructor(private readonly _client: EsapClient) {
    super();
  }

  edit(part: Partial<Pick<RegistrySearch, 'keywords' | 'waveband'>>): void {
    Object.assign(this, part);
    this.emitChanged();
  }

  /** What was found for one product says nothing of another. */
  forget(): void {
    this._last += 1;
    this.found = null;
    this.error = null;
    this.loading = false;
    this.emitChanged();
  }

  async find(product: Product): Promise<void> {
    this.forget();
    const asked = this._last;
    this.loading = true;
    this.emitChanged();
    let outcome: Partial<RegistrySearch>;
    try {
      const keywords = this.keywords.split(/\s+/).filter(Boolean);
      outcome = { found: await this._client.findServices(keywords, product, this.waveband, MOST_FOUND) };
    } catch (thrown) {
      outcome = { error: asEsapError(thrown) };
    }
    if (asked === this._last) {
      Object.assign(this, outcome, { loading: false });
      this.emitChanged();
    }
  }
}
