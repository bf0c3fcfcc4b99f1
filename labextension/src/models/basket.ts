import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Added, Item, Job, Link, NewStaging } from '../api/types';
import { Changing } from './changing';
import type { ItemLink } from './itemLink';

/** Download into the workspace, or replicate by a rule, and to which RSE. */
export type StagingHow = Pick<NewStaging, 'mode' | 'rse_expression'>;

/** The items a person has gathered; the same as in the notebook. */
export class Basket extends Changing {
  items: readonly Item[] = [];
  loaded = false;
  error: EsapError | null = null;

  constructor(private readonly _client: EsapClient) {
    super();
  }

  /** Bytes of all items whose size is known, and how many there are whose size is not. */
  get size(): { bytes: number; unknown: number } {
    const known = this.items.filter(item => item.size !== null);
    return {
      bytes: known.reduce((sum, item) => sum + (item.size ?? 0), 0),
      unknown: this.items.length - known.length
    };
  }

  has(id: string): boolean {
    return this.items.some(item => item.id === id);
  }

  refresh(): Promise<void> {
    return this._do(() => Promise.resolve());
  }

  /** Put in a DID of a data lake. */
  addDid(service: string, did: string): Promise<Added | null> {
    return this._add(() => this._client.addDid(service, did));
  }

  /** Put in a file that a DataLink document names. */
  addLink(service: string, link: Link): Promise<Added | null> {
    return this._add(() => this._client.addLink(service, link));
  }

  /** Put in what a link from elsewhere names. */
  addItemLink({ item, service }: ItemLink): Promise<Added | null> {
    return this._add(() => this._client.addItemLink(item, service));
  }

  remove(ids: readonly string[]): Promise<void> {
    return this._do(() => this._client.removeFromBasket(ids));
  }

  clear(): Promise<void> {
    return this._do(() => this._client.clearBasket());
  }

  /** Bring these items' files, or those of all, to where one computes; resolves to the job, or null if refused. */
  async stage(ids: readonly string[] | null = null, how: StagingHow = {}): Promise<Job | null> {
    try {
      const job = await this._client.stage(ids ?? this.items.map(item => item.id), how);
      this.error = null;
      return job;
    } catch (thrown) {
      this.error = asEsapError(thrown);
      return null;
    } finally {
      this.emitChanged();
    }
  }

  private async _add(add: () => Promise<Added>): Promise<Added | null> {
    let added: Added | null = null;
    await this._do(async () => {
      added = await add();
    });
    return added;
  }

  private async _do(change: () => Promise<unknown>): Promise<void> {
    try {
      await change();
      this.items = await this._client.basket();
      this.error = null;
      this.loaded = true;
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.emitChanged();
  }
}
