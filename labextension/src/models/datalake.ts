import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { DID, ReplicaOnRSE, Rule } from '../api/types';
import { Changing } from './changing';

/** One line of the tree; `children` is null until it has been opened. */
export interface Node {
  readonly key: string;
  readonly label: string;
  readonly service: string;
  /** Null for a service or a scope. */
  readonly did: DID | null;
  readonly level: number;
  readonly leaf: boolean;
  children: Node[] | null;
  /** There are more DIDs than are shown. */
  truncated: boolean;
  expanded: boolean;
  loading: boolean;
  error: EsapError | null;
}

/** What is known of the DID a person has chosen. */
export interface Details {
  service: string;
  did: DID;
  replicas: readonly ReplicaOnRSE[] | null;
  rules: readonly Rule[] | null;
  error: EsapError | null;
}

/** `scope:name` of a DID. */
export function nameOf(did: DID): string {
  return `${did.scope}:${did.name}`;
}

/** The data lakes as a tree that is read as it is opened: services, scopes, DIDs, what they hold. */
export class DataLake extends Changing {
  roots: readonly Node[] = [];
  /** What the last search found; null while none was made. */
  found: Node | null = null;
  details: Details | null = null;

  constructor(private readonly _client: EsapClient) {
    super();
  }

  /** The lines of the tree that are visible, top to bottom. */
  get visible(): Node[] {
    return (this.found ? [this.found] : this.roots).flatMap(withDescendants);
  }

  /** Show these data lakes; those that are shown already stay open as they are. */
  setServices(services: readonly { name: string; title: string }[]): void {
    const known = new Map(this.roots.map(node => [node.service, node]));
    this.roots = services.map(
      ({ name, title }) => known.get(name) ?? makeNode({ key: name, label: title || name, service: name })
    );
    const [only] = this.roots;
    if (this.roots.length === 1 && only?.children === null && !only.error) {
      void this.toggle(only, true);
    }
    this.emitChanged();
  }

  /** Open or close a line; what is in it is read when it is opened first. */
  async toggle(node: Node, expanded = !node.expanded): Promise<void> {
    node.expanded = expanded && !node.leaf;
    this.emitChanged();
    if (node.expanded && node.children === null && !node.loading) {
      await this._load(node, () => this._childrenOf(node));
    }
  }

  /** Look for DIDs: `scope:name` with the wildcard `*`. */
  async search(service: string, pattern: string): Promise<void> {
    const node = makeNode({ key: `found:${service}:${pattern}`, label: pattern, service });
    node.expanded = true;
    this.found = node;
    await this._load(node, () => this._dids(node, pattern));
  }

  clearSearch(): void {
    this.found = null;
    this.emitChanged();
  }

  /** Read where a DID is and which rules keep it there. */
  async choose(node: Node): Promise<void> {
    if (!node.did) {
      return;
    }
    const details: Details = { service: node.service, did: node.did, replicas: null, rules: null, error: null };
    this.details = details;
    this.emitChanged();
    try {
      const name = nameOf(node.did);
      const [{ replicas }, rules] = await Promise.all([
        this._client.replicas(node.service, name),
        this._client.rules(node.service, name)
      ]);
      details.replicas = replicas;
      details.rules = rules;
    } catch (thrown) {
      details.error = asEsapError(thrown);
    }
    this.emitChanged();
  }

  private async _load(node: Node, read: () => Promise<Node[]>): Promise<void> {
    node.loading = true;
    node.error = null;
    this.emitChanged();
    try {
      node.children = await read();
    } catch (thrown) {
      node.error = asEsapError(thrown);
    }
    node.loading = false;
    this.emitChanged();
  }

  private async _childrenOf(node: Node): Promise<Node[]> {
    if (node.did) {
      const content = await this._client.content(node.service, nameOf(node.did));
      node.truncated = content.more;
      return nodesOf(node, content.dids);
    }
    if (node.level === 0) {
      const scopes = await this._client.scopes(node.service);
      return scopes.map(scope =>
        makeNode({
          key: `${node.key}/${scope}`,
          label: scope,
          service: node.service,
          level: 1
        })
      );
    }
    return this._dids(node, `${node.label}:*`);
  }

  private async _dids(node: Node, pattern: string): Promise<Node[]> {
    const listing = await this._client.dids(node.service, pattern);
    node.truncated = listing.more;
    return nodesOf(node, listing.dids);
  }
}

function makeNode(given: Pick<Node, 'key' | 'label' | 'service'> & Partial<Node>): Node {
  return {
    did: null,
    level: 0,
    leaf: false,
    children: null,
    truncated: false,
    expanded: false,
    loading: false,
    error: null,
    ...given
  };
}

function nodesOf(parent: Node, dids: readonly DID[]): Node[] {
  return dids.map(did =>
    makeNode({
      key: `${parent.key}/${nameOf(did)}`,
      label: did.scope === parent.did?.scope || parent.level === 1 ? did.name : nameOf(did),
      service: parent.service,
      did,
      level: parent.level + 1,
      leaf: did.type === 'FILE'
    })
  );
}

function withDescendants(node: Node): Node[] {
  return [node, ...(node.expanded ? (node.children ?? []).flatMap(withDescendants) : [])];
}
