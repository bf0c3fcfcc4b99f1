/** What a link from elsewhere asks to put into the basket. */
export interface ItemLink {
  item: string;
  /** Which data lake, if the link says so. */
  service: string;
}

const ITEM = 'esap-item';
const SERVICE = 'esap-service';

/** Read what the address of the page asks for; null if it asks for nothing. */
export function readItemLink(address: string): ItemLink | null {
  const asked = new URL(address).searchParams;
  const item = asked.get(ITEM)?.trim();
  return item ? { item, service: asked.get(SERVICE)?.trim() ?? '' } : null;
}

/** The address without it, so that the page may be loaded again. */
export function withoutItemLink(address: string): string {
  const url = new URL(address);
  url.searchParams.delete(ITEM);
  url.searchParams.delete(SERVICE);
  return url.href;
}
