import {
  caretDownIcon,
  caretRightIcon,
  fileIcon,
  folderIcon,
  treeViewIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import type { DID } from '../../api/types';
import { codeOfDid } from '../../code';
import { dragWhenMoved } from '../../dragging';
import { nameOf, type Line, type Node } from '../../models/datalake';
import { useView } from '../context';
import { formatBytes, formatCount } from '../format';
import { ErrorNote } from '../parts';
import { heightOf, linesIn, topsOf } from './window';

const keyOf = ({ node, isMore }: Line): string => (isMore ? `${node.key} more` : node.key);

/** A tree as the ARIA practices want it: one tab stop, arrows to move, open and close. Only lines in sight are drawn. */
export function Tree({ lines }: { lines: readonly Line[] }): ReactNode {
  const { esap, trans } = useView();
  const { datalake } = esap;
  const box = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState('');
  const [view, setView] = useState({ top: 0, height: 600 });
  const wantsFocus = useRef(false);
  const tops = topsOf(lines);
  const total = tops[lines.length] ?? 0;
  const here = Math.max(
    useMemo(() => lines.findIndex(line => keyOf(line) === focused), [lines, focused]),
    0
  );

  const look = (): void => {
    if (box.current) {
      setView({ top: box.current.scrollTop, height: box.current.clientHeight });
    }
  };
  useEffect(() => {
    const watched = box.current;
    if (!watched) {
      return;
    }
    const observer = new ResizeObserver(look);
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (wantsFocus.current) {
      wantsFocus.current = false;
      box.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
    }
  });

  const focus = (at: number): void => {
    const line = lines[at];
    if (!line || !box.current) {
      return;
    }
    const top = tops[at] ?? 0;
    const bottom = top + heightOf(line);
    if (top < box.current.scrollTop) {
      box.current.scrollTop = top;
    } else if (bottom > box.current.scrollTop + box.current.clientHeight) {
      box.current.scrollTop = bottom - box.current.clientHeight;
    }
    wantsFocus.current = true;
    setFocused(keyOf(line));
    look();
  };
  const drag = (event: PointerEvent, { node: { did, service }, isMore }: Line): void => {
    if (did && !isMore) {
      const name = nameOf(did);
      dragWhenMoved(event, () => ({ title: name, code: codeOfDid(name, service) }));
    }
  };
  const activate = (line: Line): void => {
    const { node, isMore } = line;
    if (isMore) {
      // What comes takes the place of this line.
      wantsFocus.current = true;
      const next = node.children?.length ?? 0;
      void datalake.loadMore(node).then(() => {
        wantsFocus.current = true;
        setFocused(node.children?.[next]?.key ?? node.key);
      });
      return;
    }
    setFocused(node.key);
    void datalake.choose(node);
    if (!node.leaf) {
      void datalake.toggle(node);
    }
  };

  const onKeyDown = (event: KeyboardEvent, line: Line, at: number): void => {
    const { node, isMore } = line;
    const closed = !isMore && !node.leaf && !node.expanded;
    const deeds: Record<string, () => void> = {
      ArrowDown: () => focus(at + 1),
      ArrowUp: () => focus(at - 1),
      PageDown: () => focus(Math.min(at + 20, lines.length - 1)),
      PageUp: () => focus(Math.max(at - 20, 0)),
      Home: () => focus(0),
      End: () => focus(lines.length - 1),
      ArrowRight: () => (closed ? void datalake.toggle(node, true) : focus(at + 1)),
      ArrowLeft: () => {
        if (!isMore && node.expanded) {
          void datalake.toggle(node, false);
        } else {
          const level = isMore ? node.level + 1 : node.level;
          focus(lines.slice(0, at).findLastIndex(each => !each.isMore && each.node.level < level));
        }
      },
      Enter: () => activate(line),
      ' ': () => activate(line)
    };
    const deed = event.target === event.currentTarget ? deeds[event.key] : undefined;
    if (deed) {
      event.preventDefault();
      deed();
    }
  };

  const drawn = linesIn(tops, view.top, view.height, here);
  return (
    <div ref={box} className="esap-Tree" role="tree" aria-label={trans.__('Data lake')} onScroll={look}>
      <div role="none" className="esap-Tree-all" style={{ height: total }}>
        {drawn.map(at => {
          const line = lines[at];
          if (!line) {
            return null;
          }
          const { node, isMore } = line;
          const level = isMore ? node.level + 1 : node.level;
          return (
            <div
              key={keyOf(line)}
              className="esap-Node"
              role="treeitem"
              aria-level={level + 1}
              aria-expanded={isMore || node.leaf ? undefined : node.expanded}
              aria-selected={!isMore && node.did !== null && node.did === datalake.details?.did}
              tabIndex={at === here ? 0 : -1}
              style={{
                top: tops[at],
                height: heightOf(line),
                paddingInlineStart: `calc(${level} * 12px + 4px)`
              }}
              onClick={() => activate(line)}
              onPointerDown={event => drag(event, line)}
              onKeyDown={event => onKeyDown(event, line, at)}
            >
              {isMore ? <MoreLine node={node} /> : <NodeLine node={node} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function MoreLine({ node }: { node: Node }): ReactNode {
  const { trans } = useView();
  const count = formatCount(node.children?.length ?? 0);
  return (
    <div className="esap-Node-head esap-Node-next">
      <span className="esap-Icon" />
      {node.loading ? trans.__('Loading …') : trans.__('Show more (%1 so far)', count)}
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
      {node.loading && !node.children && <div className="esap-Node-more esap-muted">{trans.__('Loading …')}</div>}
      {node.expanded && node.error && <ErrorNote error={node.error} />}
      {node.expanded && node.children?.length === 0 && (
        <div className="esap-Node-more esap-muted">{trans.__('Nothing here.')}</div>
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
