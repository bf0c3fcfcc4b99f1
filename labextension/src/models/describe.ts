import type { Query } from '../api/types';

/** One line for people: what was asked. */
export function describe(query: Query): string {
  if (query.adql) {
    return query.adql.split(/\s+/).filter(Boolean).join(' ');
  }
  const { position } = query;
  const where = query.target || (position ? `${position.ra.toFixed(6)} ${position.dec.toFixed(6)}` : '');
  return [where, query.keyword, query.product].filter(Boolean).join(' · ');
}
