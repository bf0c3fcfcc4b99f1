import type { Line } from '../../models/datalake';

const LINE = 24;
const REMARK = 20;
const ERROR = 112;
/** Lines drawn above and below those in sight. */
const BEYOND = 10;

/** Height of a line in pixels: the tree must know it before it is drawn. */
export function heightOf({ node, isMore }: Line): number {
  if (isMore) {
    return LINE;
  }
  if (node.expanded && node.error) {
    return LINE + ERROR;
  }
  const remark = (node.loading && !node.children) || (node.expanded && node.children?.length === 0);
  return remark ? LINE + REMARK : LINE;
}

/** Where each line begins, and at last where all end. */
export function topsOf(lines: readonly Line[]): number[] {
  const tops = [0];
  let top = 0;
  for (const line of lines) {
    top += heightOf(line);
    tops.push(top);
  }
  return tops;
}

/** The lines to be drawn: those in sight, and the one that has the focus. */
export function linesIn(tops: readonly number[], top: number, height: number, focused: number): number[] {
  const count = tops.length - 1;
  const first = Math.max(lineAt(tops, top) - BEYOND, 0);
  const last = Math.min(lineAt(tops, top + height) + BEYOND, count - 1);
  const drawn: number[] = [];
  for (let at = first; at <= last; at += 1) {
    drawn.push(at);
  }
  if (focused < first && focused < count) {
    drawn.unshift(focused);
  } else if (focused > last && focused < count) {
    drawn.push(focused);
  }
  return drawn;
}

/** The line at a height. */
function lineAt(tops: readonly number[], height: number): number {
  let [low, high] = [0, Math.max(tops.length - 2, 0)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((tops[middle] ?? 0) <= height) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
