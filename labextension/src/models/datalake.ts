import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { AccountUsage, DID, DIDPage, NewRule, ReplicaOnRSE, RSE, Rule } from '../api/types';
import { Changing } from './changing';
import { filtersOf, USUAL_KEYS, type MetadataCondition } from './metadataFilter';

/** DIDs, or replicas, that are asked for at once. */
const PAGE = 500;

/** One line of the tree; `children` is null until it has been opened. */
export interface Node {
  readonly key: string;
  readonly label: string;
  readonly service: string;
  /** Null for a service or a scope. */
  readonly did: DID | null;
  readonly level: number;
  readonly leaf: boolean;
  /** Reads what is in it, a page from this offset. */
  readonly read: (offset: number) => Promise<{ nodes: Node[]; more: boolean }>;
  children: Node[] | null;
  /** There are more children than have been read. */
  more: boolean;
  expanded: boolean;
  loading: boolean;
  error: EsapError | null;
}

/** A line of the tree as it is drawn: a node, or below its children the way to more of them. */
export interface Line {
  readonly node: Node;
  readonly isMore: boolean;
}

export type Kind = 'all' | 'collection' | 'dataset' | 'container' | 'file';

/** What is looked for. */
export interface Wanted {
  service: string;
  /** `scope:name`, with the wildcard `*`. */
  pattern: string;
  kind: Kind;
  conditions: readonly MetadataCondition[];
}

/** What is known of the DID a person has chosen. */
export interface Details {
  service: string;
  did: DID;
  replicas: readonly ReplicaOnRSE[] | null;
  moreReplicas: boolean;
  rules: readonly Rule[] | null;
  metadata: Readonly<Record<string, unknown>> | null;
  error: EsapError | null;
  /** Why a rule could not be made or deleted. */
  ruleError: EsapError | null;
}

/** What is known of a data lake itself. */
export interface Lake {
  account: string;
  siteRSE: string;
  rses: readonly RSE[];
  usage: readonly AccountUsage[] | null;
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
  /** By service, as far as they were asked. */
  readonly lakes = new Map<string, Lake>();
  private readonly _keys = new Set(USUAL_KEYS);

  constructor(private readonly _client: EsapClient) {
    super();
  }

  /** The lines of the tree that are visible, top to bottom. */
  get lines(): Line[] {
    const lines: Line[] = [];
    (this.found ? [this.found] : this.roots).forEach(node => addLines(node, lines));
    return lines;
  }

  /** The nodes among the lines. */
  get visible(): Node[] {
    return this.lines.filter(line => !line.isMore).map(line => line.node);
  }

  /** Names of metadata that can be asked for: the usual ones, and those of the DIDs that were looked at. */
  get metadataKeys(): string[] {
    return [...this._keys].sort();
  }

  /** Show these data lakes; those that are shown already stay open as they are. */
  setServices(services: readonly { name: string; title: string }[]): void {
    const known = new Map(this.roots.map(node => [node.service, node]));
    this.roots = services.map(({ name, title }) => known.get(name) ?? this._rootOf(name, title || name));
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
      await this._load(node);
    }
  }

  /** Read the next children of a node. */
  async loadMore(node: Node): Promise<void> {
    if (node.more && !node.loading) {
      await this._load(node);
    }
  }

  /** Look for DIDs. */
  async search({ service, pattern, kind, conditions }: Wanted): Promise<void> {
    const filters = filtersOf(conditions);
    const node = this._nodeOf({
      key: `found:${service}:${pattern}:${kind}:${filters}`,
      label: filters ? `${pattern} (${filters})` : pattern,
      service,
      read: offset => this._dids(node, pattern, offset, kind, filters)
    });
    node.expanded = true;
    this.found = node;
    await this._load(node);
  }

  clearSearch(): void {
    this.found = null;
    this.emitChanged();
  }

  /** Read where a DID is, which rules keep it there, and what is said of it. */
  async choose(node: Node): Promise<void> {
    if (!node.did) {
      return;
    }
    const details: Details = {
      service: node.service,
      did: node.did,
      replicas: null,
      moreReplicas: false,
      rules: null,
      metadata: null,
      error: null,
      ruleError: null
    };
    this.details = details;
    this.emitChanged();
    const name = nameOf(node.did);
    const keep = async (read: Promise<void>): Promise<void> => {
      try {
        await read;
      } catch (thrown) {
        details.error ??= asEsapError(thrown);
      }
      this.emitChanged();
    };
    await Promise.all([
      keep(this._readReplicas(details)),
      keep(this._client.rules(node.service, name).then(rules => void (details.rules = rules))),
      keep(
        this._client.metadata(node.service, name).then(metadata => {
          details.metadata = metadata;
          Object.keys(metadata).forEach(key => this._keys.add(key));
        })
      ),
      keep(this.loadLake(node.service))
    ]);
  }

  /** Read the next replicas of the chosen DID. */
  async loadMoreReplicas(): Promise<void> {
    const { details } = this;
    if (details?.moreReplicas) {
      try {
        await this._readReplicas(details);
      } catch (thrown) {
        details.error = asEsapError(thrown);
      }
      this.emitChanged();
    }
  }

  /** Make a rule on the chosen DID; resolves to whether it was made. */
  addRule(rule: Omit<NewRule, 'did'>): Promise<boolean> {
    return this._changeRules(({ service, did }) => this._client.addRule(service, { ...rule, did: nameOf(did) }));
  }

  /** Delete a rule of the chosen DID. */
  deleteRule(rule: Rule): Promise<boolean> {
    return this._changeRules(({ service }) => this._client.deleteRule(service, rule.id));
  }

  /** Learn of a data lake itself: who one is there, its RSEs; once. */
  async loadLake(service: string): Promise<void> {
    if (this.lakes.has(service)) {
      return;
    }
    const lake: Lake = { account: '', siteRSE: '', rses: [], usage: null, error: null };
    this.lakes.set(service, lake);
    try {
      lake.siteRSE = await this._client.siteRSE(service);
      [lake.account, lake.rses] = await Promise.all([this._client.account(service), this._client.rses(service)]);
    } catch (thrown) {
      // To be asked again: it may be up, or the person signed in, by then.
      this.lakes.delete(service);
      throw thrown;
    } finally {
      this.emitChanged();
    }
  }

  /** Read what one uses, and may use, on each RSE. */
  async loadUsage(service: string): Promise<void> {
    let error: EsapError | null = null;
    let usage: readonly AccountUsage[] | null = null;
    try {
      await this.loadLake(service);
      usage = await this._client.usage(service);
    } catch (thrown) {
      error = asEsapError(thrown);
    }
    const known = this.lakes.get(service) ?? { account: '', siteRSE: '', rses: [] };
    this.lakes.set(service, { ...known, usage, error });
    this.emitChanged();
    if (error && !known.account) {
      this.lakes.delete(service);
    }
  }

  private async _changeRules(change: (details: Details) => Promise<unknown>): Promise<boolean> {
    const { details } = this;
    if (!details) {
      return false;
    }
    details.ruleError = null;
    try {
      await change(details);
      details.rules = await this._client.rules(details.service, nameOf(details.did));
    } catch (thrown) {
      details.ruleError = asEsapError(thrown);
    }
    this.emitChanged();
    return details.ruleError === null;
  }

  private async _readReplicas(details: Details): Promise<void> {
    const have = details.replicas ?? [];
    const page = await this._client.replicas(details.service, nameOf(details.did), have.length, PAGE);
    details.replicas = [...have, ...page.replicas];
    details.moreReplicas = page.more;
  }

  private async _load(node: Node): Promise<void> {
    node.loading = true;
    node.error = null;
    this.emitChanged();
    try {
      const page = await node.read(node.children?.length ?? 0);
      node.children = [...(node.children ?? []), ...page.nodes];
      node.more = page.more;
    } catch (thrown) {
      node.error = asEsapError(thrown);
    }
    node.loading = false;
    this.emitChanged();
  }

  private _rootOf(service: string, title: string): Node {
    const root = this._nodeOf({
      key: service,
      label: title,
      service,
      read: async () => {
        const scopes = await this._client.scopes(service);
        return { nodes: scopes.map(scope => this._scopeOf(root, scope)), more: false };
      }
    });
    return root;
  }

  private _scopeOf(root: Node, scope: string): Node {
    const node = this._nodeOf({
      key: `${root.key}/${scope}`,
      label: scope,
      service: root.service,
      level: 1,
      read: offset => this._dids(node, `${scope}:*`, offset)
    });
    return node;
  }

  private async _dids(
    parent: Node,
    pattern: string,
    offset: number,
    kind: Kind = 'all',
    filters = ''
  ): Promise<{ nodes: Node[]; more: boolean }> {
    const colon = pattern.indexOf(':');
    const query = { scope: pattern.slice(0, colon), pattern: pattern.slice(colon + 1) || '*', kind, filters };
    return this._pageOf(parent, await this._client.dids(parent.service, { ...query, offset, limit: PAGE }));
  }

  private _pageOf(parent: Node, page: DIDPage): { nodes: Node[]; more: boolean } {
    const nodes = page.dids.map(did => {
      const node: Node = this._nodeOf({
        key: `${parent.key}/${nameOf(did)}`,
        label: did.scope === parent.did?.scope || parent.level === 1 ? did.name : nameOf(did),
        service: parent.service,
        did,
        level: parent.level + 1,
        leaf: did.type === 'FILE',
        read: async offset =>
          this._pageOf(node, await this._client.content(parent.service, nameOf(did), offset, PAGE))
      });
      return node;
    });
    return { nodes, more: page.more };
  }

  private _nodeOf(given: Pick<Node, 'key' | 'label' | 'service' | 'read'> & Partial<Node>): Node {
    return {
      did: null,
      level: 0,
      leaf: false,
      children: null,
      more: false,
      expanded: false,
      loading: false,
      error: null,
      ...given
    };
  }
}

function addLines(node: Node, lines: Line[]): void {
  lines.push({ node, isMore: false });
  if (node.expanded && node.children) {
    for (const child of node.children) {
      addLines(child, lines);
    }
    if (node.more) {
      lines.push({ node, isMore: true });
    }
  }
}
