import type { TranslationBundle } from '@jupyterlab/translation';
import type { Product, Query, TableSummary } from '../api/types';

/** One line for people: what was asked. */
export function describe(query: Query, trans: TranslationBundle): string {
  if (query.adql) {
    return query.adql.split(/\s+/).filter(Boolean).join(' ');
  }
  const products: Record<Product, string> = {
    images: trans.__('images'),
    spectra: trans.__('spectra'),
    sources: trans.__('sources'),
    observations: trans.__('observations'),
    dids: trans.__('files in the data lake')
  };
  const { position } = query;
  const where =
    query.target ||
    (position ? `${position.ra.toFixed(6)} ${position.dec.toFixed(6)}` : listed(query.targets));
  return [where, query.keyword, products[query.product]].filter(Boolean).join(' · ');
}

/** One line for people: what a table that is kept was found by. */
export function describeTable({ id, query, title }: TableSummary, trans: TranslationBundle): string {
  return query ? describe(query, trans) : title || id;
}

function listed(targets: Query['targets']): string {
  const names = targets.slice(0, 3).map(({ name, position }) => name || `${position?.ra ?? ''} ${position?.dec ?? ''}`);
  return targets.length > 3 ? `${names.join(', ')} … (${targets.length})` : names.join(', ');
}
