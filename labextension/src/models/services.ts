import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Capability, ServiceStatus } from '../api/types';
import { Changing } from './changing';

/** The services that are offered here. */
export class Services extends Changing {
  list: readonly ServiceStatus[] = [];
  loading = false;
  error: EsapError | null = null;

  constructor(private readonly _client: EsapClient) {
    super();
  }

  /** Ask which there are; `check` also asks each whether it answers. */
  async refresh(check = false): Promise<void> {
    this.loading = true;
    this.emitChanged();
    try {
      await this._client.checkServer();
      this.list = await this._client.services(check);
      this.error = null;
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.loading = false;
    this.emitChanged();
  }

  /** Those that can be asked for this; those that are asked usually come first. */
  offering(capability: Capability): ServiceStatus[] {
    const able = this.list.filter(service => service.capabilities.includes(capability));
    return [...able.filter(service => service.usual), ...able.filter(service => !service.usual)];
  }

  /** A service's title, or its name if it has none. */
  titleOf(name: string): string {
    const title = this.list.find(service => service.name === name)?.title ?? '';
    return title === '' ? name : title;
  }
}
