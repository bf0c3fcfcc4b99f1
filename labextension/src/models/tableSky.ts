import { type OnSky } from '../api/client';
import { asEsapError } from '../api/errors';
import type { SkyDensity } from '../api/types';
import { DrawnRows, MOST_DRAWN } from './drawnRows';
import { cellPlace } from './healpix';
import { positionColumns } from './plotColumns';
import { fieldOfView, readRegion, type Place, type Region } from './regions';
import type { TableRows } from './tableRows';

/** Footprints that are drawn at most; they are read with their rows, a page at a time. */
export const MOST_REGIONS = 5000;
const PAGE_ROWS = 1000;
const SETTLED_MS = 200;
const FIRST_ORDER = 5;

/** A footprint, and whose it is. */
export interface RowRegion {
  row: number;
  region: Region;
}

/** What of the sky is looked at. */
export interface Seen {
  within: NonNullable<OnSky['within']>;
  /** As fine as cells of HEALPix can be seen. */
  order: number;
}

/** The rows of a table, as it is filtered and sorted, on the sky. */
export class TableSky extends DrawnRows<SkyDensity> {
  ra = '';
  dec = '';
  regions: readonly RowRegion[] = [];
  /** Where the search was, if it was at a place. */
  searched: Region | null = null;
  /** Rows that have no footprint drawn because there are too many. */
  leftOut = 0;
  private _asked = '';
  private _seen: Seen | null = null;

  constructor(rows: TableRows) {
    super(rows);
    this.onRows();
  }

  /** The places that are drawn. */
  get places(): Place[] {
    const { points, density } = this;
    if (points) {
      return [...points.first].map((ra, index): Place => [ra, points.second[index] ?? NaN]);
    }
    return (density?.cells ?? []).map(cell => cellPlace(density?.order ?? 0, cell));
  }

  choose(wanted: Partial<Pick<TableSky, 'ra' | 'dec'>>): void {
    Object.assign(this, wanted);
    this.onRows();
  }

  /** Look at a part of the sky; a map of many rows is then drawn anew. */
  lookAt(seen: Seen): void {
    const isAll = this.points !== null && this.points.rows.length === this.points.total && this._seen === null;
    if (isAll || this._asked === '') {
      return;
    }
    this.readSoon(() => this._readPlaces(seen), SETTLED_MS);
  }

  protected override onRows(): void {
    const { order, conditions, rowCount, columns } = this.rows;
    const isThere = (name: string): boolean => columns.some(column => column.name === name);
    if (!isThere(this.ra) || !isThere(this.dec)) {
      Object.assign(this, positionColumns(columns) ?? { ra: '', dec: '' });
    }
    const asked = JSON.stringify([this.ra, this.dec, order, conditions, rowCount]);
    if (this.ra && this.dec && rowCount > 0 && asked !== this._asked) {
      this._asked = asked;
      void this._readAll();
    }
    this.emitChanged();
  }

  private async _readAll(): Promise<void> {
    const asked = this._asked;
    await Promise.all([this._readPlaces(null), this._findSearched()]);
    await this._readRegions(() => asked === this._asked && !this.isDisposed);
  }

  private _readPlaces(seen: Seen | null): Promise<void> {
    const { client, id, selection } = this.rows;
    const where: OnSky = { ra: this.ra, dec: this.dec, ...(seen ? { within: seen.within } : {}) };
    return this.read(
      () => client.skyDensity(id, where, seen?.order ?? FIRST_ORDER, selection.conditions),
      () => client.skyPoints(id, where, selection, MOST_DRAWN),
      (points, density) => {
        const all: Seen = { within: { ra: 0, dec: 0, radius: 180 }, order: FIRST_ORDER };
        this._seen = points && !density ? null : (seen ?? all);
        if (!seen) {
          // Other rows or columns: what is seen is fitted anew.
          this.version += 1;
          this.regions = [];
          this.leftOut = 0;
        }
      }
    );
  }

  /** A search by name was where its name is. */
  private async _findSearched(): Promise<void> {
    const query = this.rows.details?.query;
    if (!query || this.searched || !(query.radius > 0) || query.adql) {
      return;
    }
    try {
      const place = query.position ?? (query.target ? await this.rows.client.resolve(query.target) : null);
      this.searched = place && { kind: 'circle', center: [place.ra, place.dec], radius: query.radius };
    } catch {
      // Without its circle the table is on the sky all the same.
      this.searched = null;
    }
  }

  /** Footprints, and where there are none, fields of view. */
  private async _readRegions(isCurrent: () => boolean): Promise<void> {
    const { client, id, selection, columns, rowCount } = this.rows;
    const outline = columns.find(
      column => column.name === 's_region' || column.ucd.startsWith('pos.outline') || /^(polygon|circle|shape)$/.test(column.xtype)
    );
    const field = columns.find(column => column.name === 's_fov');
    const [ra, dec] = [this.ra, this.dec].map(name => columns.find(column => column.name === name));
    const wanted = [outline, field, ra, dec].filter(column => column !== undefined);
    if (!outline && !field) {
      return;
    }
    const regions: RowRegion[] = [];
    const count = Math.min(rowCount, MOST_REGIONS);
    try {
      for (let first = 0; first < count; first += PAGE_ROWS) {
        const page = await client.page(id, first, Math.min(PAGE_ROWS, count - first), selection, wanted);
        if (!isCurrent()) {
          return;
        }
        for (let index = 0; index < page.count; index++) {
          const region =
            (outline && readRegion(page.value(index, outline.name), outline.xtype)) ??
            (field && fieldOfView(page.value(index, this.ra), page.value(index, this.dec), page.value(index, field.name)));
          if (region) {
            regions.push({ row: first + index, region });
          }
        }
      }
      this.regions = regions;
      this.leftOut = rowCount - count;
      this.version += 1;
    } catch (thrown) {
      this.error = asEsapError(thrown);
    }
    this.emitChanged();
  }
}
