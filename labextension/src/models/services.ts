import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { Capability, RegisteredService, ServiceStatus } from '../api/types';
import { Changing } from './changing';

/** The services that are offered here. */
export class Services extends Changing {
  list: readonly ServiceStatus[] = [];
  /** Those that a person found in the registry and chose; the others are configured. */
  registered: readonly RegisteredService[] = [];
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
    const registered = this.registered.filter(service => service.capabilities.includes(capability)).map(asStatus);
    return [...able.filter(service => service.usual), ...able.filter(service => !service.usual), ...registered];
  }

  /** Offer a service of the registry beside the configured ones. */
  register(service: RegisteredService): void {
    if (!this.registered.some(each => each.ivoid === service.ivoid)) {
      // What is remembered is no more than what is shown.
      this.registered = [...this.registered, { ...service, description: '' }];
      this.emitChanged();
    }
  }

  unregister(ivoid: string): void {
    this.registered = this.registered.filter(service => service.ivoid !== ivoid);
    this.emitChanged();
  }

  /** Offer those that were remembered. */
  restore(registered: readonly RegisteredService[]): void {
    this.registered = registered;
    this.emitChanged();
  }

  /** Offer the services of a query that only the registry knows; one that it knows no longer fails when asked. */
  async registerAll(names: readonly string[]): Promise<void> {
    const unknown = names.filter(
      name => name.startsWith('ivo://') && !this.registered.some(service => service.ivoid === name)
    );
    const records = await Promise.all(
      unknown.map(name => this._client.registeredService(name).catch(() => null))
    );
    records.forEach(record => record && this.register(record));
  }

  /** A service's title, or its name if it has none. */
  titleOf(name: string): string {
    const title =
      this.list.find(service => service.name === name)?.title ??
      this.registered.find(service => service.ivoid === name)?.title ??
      '';
    return title === '' ? name : title;
  }
}

function asStatus(service: RegisteredService): ServiceStatus {
  return {
    name: service.ivoid,
    title: service.title,
    connector: 'vo',
    capabilities: service.capabilities,
    usual: false,
    address: service.ivoid,
    answers: null,
    seconds: null,
    detail: '',
    hint: ''
  };
}
