import { asEsapError, type EsapError } from '../api/errors';
import { Changing } from './changing';

/** A list that the server keeps; after each deed it is read anew, as another window may have changed it, too. */
export abstract class ServerList<T> extends Changing {
  list: readonly T[] = [];
  error: EsapError | null = null;

  constructor(private readonly _read: () => Promise<readonly T[]>) {
    super();
  }

  async refresh(): Promise<void> {
    await this.doing(() => Promise.resolve());
  }

  /** Do something, and show what there is then. */
  protected async doing(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.list = await this._read();
      this.error = null;
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.emitChanged();
  }
}
