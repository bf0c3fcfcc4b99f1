import {
  addIcon,
  caretDownIcon,
  caretRightIcon,
  codeIcon,
  closeIcon,
  fileIcon,
  folderIcon,
  searchIcon,
  treeViewIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import { useRef, useState, type FormEvent, type KeyboardEvent, type ReactNode } from 'react';
import type { DID } from '../api/types';
import { codeOfDid } from '../code';
import { CommandIDs } from '../commandIds';
import { nameOf, type Details, type Node } from '../models/datalake';
import { useChanges, useView } from './context';
import { formatBytes, formatCount } from './format';
import { Button, Empty, ErrorNote, IconButton } from './parts';

/** The data lakes as a tree, a search with wildcards, and where the chosen DID is. */
export function DataLakePanel(): ReactNode {
  const { esap, trans } = useView();
  const { datalake, services } = esap;
  useChanges(datalake);
  const lakes = services.offering('datalake');
  if (lakes.length === 0) {
    return (
      <Empty icon={treeViewIcon}>
        <p>{trans.__('No data lake is configured.')}</p>
        <p className="esap-muted">{trans.__('Add a service with connector = "rucio" to esap.toml.')}</p>
      </Empty>
    );
  }
  return (
    <div className="esap-DataLake">
      <DIDSearch lakes={lakes} />
      {datalake.found && (
        <div className="esap-Actions">
          <span className="esap-grow esap-muted" role="status">
            {datalake.found.loading
              ? trans.__('Looking …')
              : trans._n(
                  '%2 found',
                  '%2 found',
                  datalake.found.children?.length ?? 0,
                  formatCount(datalake.found.children?.length ?? 0)
                )}
          </span>
          <IconButton
            icon={closeIcon}
            label={trans.__('Back to the tree')}
            onClick={() => datalake.clearSearch()}
          />
        </div>
      )}
      <Tree nodes={datalake.visible} />
      {datalake.details && <DetailsView details={datalake.details} />}
    </div>
  );
}

function DIDSearch({ lakes }: { lakes: readonly { name: string; title: string }[] }): ReactNode {
  const { esap, trans } = useView();
  const [pattern, setPattern] = useState('');
  const [chosen, setChosen] = useState(lakes[0]?.name ?? '');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (pattern.includes(':')) {
      void esap.datalake.search(chosen, pattern.trim());
    }
  };
  return (
    <form className="esap-Form esap-DIDSearch" role="search" onSubmit={submit} noValidate>
      {lakes.length > 1 && (
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Data lake')}
          value={chosen}
          onChange={event => setChosen(event.target.value)}
        >
          {lakes.map(lake => (
            <option key={lake.name} value={lake.name}>
              {lake.title || lake.name}
            </option>
          ))}
        </select>
      )}
      <div className="esap-Row">
        <input
          className="jp-mod-styled"
          type="text"
          aria-label={trans.__('DIDs to look for')}
          placeholder={trans.__('scope:name*')}
          title={trans.__('A scope and a name with the wildcard *')}
          autoComplete="off"
          spellCheck={false}
          value={pattern}
          onChange={event => setPattern(event.target.value)}
        />
        <Button submits icon={searchIcon} disabled={!pattern.includes(':')}>
          {trans.__('Find')}
        </Button>
      </div>
    </form>
  );
}

/** A tree as the ARIA practices want it: one tab stop, arrows to move, open and close. */
function Tree({ nodes }: { nodes: readonly Node[] }): ReactNode {
  const { esap, trans } = useView();
  const { datalake } = esap;
  const [focused, setFocused] = useState('');
  const lines = useRef(new Map<string, HTMLElement>());
  const current = nodes.find(node => node.key === focused) ?? nodes[0];

  const focus = (node: Node | undefined): void => {
    if (node) {
      setFocused(node.key);
      lines.current.get(node.key)?.focus();
    }
  };
  const activate = (node: Node): void => {
    setFocused(node.key);
    void datalake.choose(node);
    if (!node.leaf) {
      void datalake.toggle(node);
    }
  };
  const parentOf = (node: Node): Node | undefined =>
    nodes.slice(0, nodes.indexOf(node)).findLast(each => each.level < node.level);

  const onKeyDown = (event: KeyboardEvent, node: Node): void => {
    const here = nodes.indexOf(node);
    const deeds: Record<string, () => void> = {
      ArrowDown: () => focus(nodes[here + 1]),
      ArrowUp: () => focus(nodes[here - 1]),
      Home: () => focus(nodes[0]),
      End: () => focus(nodes.at(-1)),
      ArrowRight: () => {
        if (!node.leaf && !node.expanded) {
          void datalake.toggle(node, true);
        } else if (node.expanded) {
          focus(nodes[here + 1]);
        }
      },
      ArrowLeft: () => {
        if (node.expanded) {
          void datalake.toggle(node, false);
        } else {
          focus(parentOf(node));
        }
      },
      Enter: () => activate(node),
      ' ': () => activate(node)
    };
    const deed = event.target === event.currentTarget ? deeds[event.key] : undefined;
    if (deed) {
      event.preventDefault();
      deed();
    }
  };

  return (
    <div className="esap-Tree" role="tree" aria-label={trans.__('Data lake')}>
      {nodes.map(node => (
        <div
          key={node.key}
          ref={line => {
            if (line) {
              lines.current.set(node.key, line);
            } else {
              lines.current.delete(node.key);
            }
          }}
          className="esap-Node"
          role="treeitem"
          aria-level={node.level + 1}
          aria-expanded={node.leaf ? undefined : node.expanded}
          aria-selected={node.did !== null && node.did === datalake.details?.did}
          tabIndex={node === current ? 0 : -1}
          style={{ paddingInlineStart: `calc(${node.level} * 12px + 4px)` }}
          onClick={() => activate(node)}
          onKeyDown={event => onKeyDown(event, node)}
        >
          <NodeLine node={node} />
        </div>
      ))}
    </div>
  );
}

function NodeLine({ node }: { node: Node }): ReactNode {
  const { trans } = useView();
  const Caret = node.expanded ? caretDownIcon : caretRightIcon;
  const KindIcon = iconOf(node);
  return (
    <>
      <div className="esap-Node-head">
        {node.leaf ? <span className="esap-Icon" /> : <Caret.react tag="span" className="esap-Icon" />}
        <KindIcon.react tag="span" className="esap-Icon" />
        <span className="esap-Node-label" title={node.did ? nameOf(node.did) : node.label}>
          {node.label}
        </span>
        {node.did && <span className="esap-muted">{sizeOf(node.did)}</span>}
      </div>
      {node.loading && <div className="esap-Node-more esap-muted">{trans.__('Loading …')}</div>}
      {node.expanded && node.error && <ErrorNote error={node.error} />}
      {node.expanded && node.children?.length === 0 && (
        <div className="esap-Node-more esap-muted">{trans.__('Nothing here.')}</div>
      )}
      {node.expanded && node.truncated && (
        <div className="esap-Node-more esap-muted">
          {trans.__('The first %1; narrow it down by a pattern.', formatCount(node.children?.length ?? 0))}
        </div>
      )}
    </>
  );
}

function iconOf(node: Node): LabIcon {
  if (!node.did) {
    return node.level === 0 ? treeViewIcon : folderIcon;
  }
  return node.did.type === 'FILE' ? fileIcon : folderIcon;
}

function sizeOf(did: DID): string {
  return did.bytes === null ? '' : formatBytes(did.bytes);
}

function DetailsView({ details }: { details: Details }): ReactNode {
  const { esap, commands, trans } = useView();
  const { did, service, replicas, rules } = details;
  const name = nameOf(did);
  return (
    <section className="esap-Section esap-Details" aria-label={trans.__('About %1', name)}>
      <h3 title={name}>{name}</h3>
      <p className="esap-muted">
        {[did.type.toLowerCase(), sizeOf(did), did.adler32 && `adler32 ${did.adler32}`].filter(Boolean).join(' · ')}
      </p>
      <div className="esap-Actions">
        <Button accept icon={addIcon} onClick={() => void esap.addDid(service, name)}>
          {trans.__('Add to basket')}
        </Button>
        <IconButton
          icon={codeIcon}
          label={trans.__('Insert code that stages %1', name)}
          onClick={() => void commands.execute(CommandIDs.insertCode, { code: codeOfDid(name, service) })}
        />
      </div>
      {details.error && <ErrorNote error={details.error} />}
      {!replicas && !details.error && <p className="esap-muted">{trans.__('Asking where it is …')}</p>}
      {replicas && (
        <>
          <h4>{trans.__('Replicas')}</h4>
          {replicas.length === 0 && <p className="esap-muted">{trans.__('There are none.')}</p>}
          <ul className="esap-List esap-Replicas">
            {byRSE(replicas).map(([rse, state, files, bytes]) => (
              <li key={`${rse} ${state}`}>
                <span className="esap-grow">{rse}</span>
                <span className="esap-muted">
                  {[
                    state.toLowerCase(),
                    trans._n('%2 file', '%2 files', files, formatCount(files)),
                    formatBytes(bytes)
                  ].join(' · ')}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {rules && rules.length > 0 && (
        <>
          <h4>{trans.__('Rules')}</h4>
          <ul className="esap-List esap-Replicas">
            {rules.map(rule => (
              <li key={rule.id} title={rule.error || rule.id}>
                <span className="esap-grow">{rule.rse_expression}</span>
                <span className="esap-muted">{`${rule.state.toLowerCase()} · ${rule.account}`}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** Files and bytes of a DID on each RSE, by state. */
function byRSE(
  replicas: NonNullable<Details['replicas']>
): [rse: string, state: string, files: number, bytes: number][] {
  const sums = new Map<string, [string, string, number, number]>();
  for (const replica of replicas) {
    const key = `${replica.rse} ${replica.state}`;
    const [, , files, bytes] = sums.get(key) ?? ['', '', 0, 0];
    sums.set(key, [replica.rse, replica.state, files + 1, bytes + (replica.bytes ?? 0)]);
  }
  return [...sums.values()];
}
