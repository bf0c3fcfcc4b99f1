import { type EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { ColumnDescription, TableDescription, TableDetails, Uploads } from '../api/types';
import type { TableSource } from '../code';
import { isReserved, keyOf, namesIn, textsOf } from './adqlNames';
import { Changing } from './changing';

/** What TAP calls the schema of tables that come with a query (TAP 1.1, section 2.5). */
const SCHEMA = 'TAP_UPLOAD';
const LONGEST_NAME = 64;
const LONGEST_PROPOSED = 30;

/** A table of one's own that a query may name: a file as the file browser has it, or else a table by its id. */
export interface OwnTable {
  name: string;
  path: string;
  table: string;
  /** What a person knows it as. */
  title: string;
}

/** What is wrong with a name: ADQL cannot write it, has it as a word of its own, or another table has it. */
export type NameFault = 'form' | 'reserved' | 'taken';

/** The tables of one's own that go with a query, as `TAP_UPLOAD.<name>`. */
export class OwnTables extends Changing {
  list: readonly OwnTable[] = [];
  /** Tables that the query names and that are not here, found when it was to be sent. */
  missing: readonly string[] = [];
  private _shown = false;
  private readonly _details = new Map<string, TableDetails>();
  private readonly _errors = new Map<string, EsapError>();

  constructor(
    private readonly _client: EsapClient,
    given: readonly OwnTable[],
    adql: string
  ) {
    super();
    this.list = given;
    this._shown = given.length > 0 || namesOfUploads(adql).length > 0;
    given.forEach(table => void this._describe(table));
  }

  /** Whether they are open to be looked at. */
  get shown(): boolean {
    return this._shown;
  }

  set shown(wanted: boolean) {
    this._shown = wanted;
    this.emitChanged();
  }

  /** Take a table, under a name like the proposed one; a table that is here already stays as it is. */
  add(source: Omit<OwnTable, 'name'>, proposed: string): void {
    if (!this.list.some(each => keyOfSource(each) === keyOfSource(source))) {
      const taken = this.list.map(each => each.name.toLowerCase());
      this._become([...this.list, { ...source, name: fitName(proposed, taken) }]);
    }
    void this._describe({ ...source, name: '' });
  }

  rename(table: OwnTable, name: string): void {
    this._become(this.list.map(each => (each === table ? { ...table, name: name.trim() } : each)));
  }

  remove(table: OwnTable): void {
    this._become(this.list.filter(each => each !== table));
  }

  faultOf({ name }: OwnTable): NameFault | null {
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name.length > LONGEST_NAME) {
      return 'form';
    }
    if (isReserved(name)) {
      return 'reserved';
    }
    const same = this.list.filter(each => each.name.toLowerCase() === name.toLowerCase());
    return same.length > 1 ? 'taken' : null;
  }

  /** What is known of a table. */
  detailsOf(table: OwnTable): TableDetails | undefined {
    return this._details.get(keyOfSource(table));
  }

  /** What says in code how it is opened; a file by its absolute path, as far as that is known. */
  sourceOf(table: OwnTable): TableSource {
    const { path: file } = table;
    return { id: table.table, details: this.detailsOf(table) ?? (file ? { file, hdu: null } : null) };
  }

  /** Why a table cannot be read. */
  errorOf(table: OwnTable): EsapError | undefined {
    return this._errors.get(keyOfSource(table));
  }

  /** As tables that a service has, for completion. */
  get descriptions(): TableDescription[] {
    return this.list.map(table => ({
      name: uploadName(table),
      schema_name: SCHEMA,
      title: table.title,
      description: '',
      rows: this.detailsOf(table)?.rows ?? null,
      columns: this.detailsOf(table)?.columns.map(asDescription) ?? []
    }));
  }

  /** Those that a query names, which go along with it. */
  namedIn(adql: string): OwnTable[] {
    const names = namesOfUploads(adql);
    return this.list.filter(({ name }) => names.includes(name.toLowerCase()));
  }

  /** Look whether all that a query names is here, and under a sound name; if not, it is shown. */
  check(adql: string): boolean {
    const here = this.list.map(({ name }) => name.toLowerCase());
    this.missing = namesOfUploads(adql).filter(name => !here.includes(name));
    const sound = this.missing.length === 0 && this.namedIn(adql).every(table => this.faultOf(table) === null);
    if (!sound) {
      this._shown = true;
    }
    this.emitChanged();
    return sound;
  }

  private _become(list: readonly OwnTable[]): void {
    this.list = list;
    this.missing = [];
    this._shown = true;
    this.emitChanged();
  }

  /** Read which columns it has: for completion, and so that a file that is no table is told at once. */
  private async _describe(table: OwnTable): Promise<void> {
    const key = keyOfSource(table);
    try {
      const { path } = table;
      this._details.set(key, await (path ? this._client.openFile(path, null) : this._client.table(table.table)));
      this._errors.delete(key);
    } catch (thrown) {
      this._errors.set(key, asEsapError(thrown));
    }
    this.emitChanged();
  }
}

/** What a query calls a table of one's own. */
export function uploadName({ name }: OwnTable): string {
  return `${SCHEMA}.${name}`;
}

/** What is sent with a query. */
export function uploadsOf(tables: readonly OwnTable[]): Uploads {
  return Object.fromEntries(tables.map(({ name, path, table }) => [name, { path, table }]));
}

/** A name that ADQL can write, like a proposed one, and not among those that are taken (in small letters). */
export function fitName(proposed: string, taken: readonly string[]): string {
  const words = proposed.normalize('NFKD').replace(/\p{M}/gu, '').replace(/[^A-Za-z0-9]+/g, '_');
  const plain = words.replace(/^[^A-Za-z]+/, '').slice(0, LONGEST_PROPOSED).replace(/_+$/, '') || 'mine';
  const name = isReserved(plain) ? `my_${plain}` : plain;
  let fit = name;
  for (let number = 2; taken.includes(fit.toLowerCase()); number++) {
    fit = `${name}_${number}`;
  }
  return fit;
}

/** The name of a file without its folders and its suffix. */
export function stemOf(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.gz$/i, '').replace(/\.[^.]*$/, '');
}

/** The tables that were kept with a document, if that is what they are. */
export function asOwnTables(kept: unknown): OwnTable[] {
  const all: readonly unknown[] = Array.isArray(kept) ? kept : [];
  return all.map(each => {
    const { name, path, table, title } = (each ?? {}) as Partial<Record<keyof OwnTable, unknown>>;
    return { name: textOf(name), path: textOf(path), table: textOf(table), title: textOf(title) };
  }).filter(({ path, table }) => path !== '' || table !== '');
}

/** What stands behind `TAP_UPLOAD.` in a query, in small letters. */
function namesOfUploads(adql: string): string[] {
  const names = namesIn(adql).map(textsOf).filter(([schema]) => schema?.toUpperCase() === SCHEMA);
  return [...new Set(names.map(([, name]) => keyOf([name ?? ''])).filter(Boolean))];
}

function keyOfSource({ path, table }: Pick<OwnTable, 'path' | 'table'>): string {
  return path ? `file ${path}` : `table ${table}`;
}

function asDescription({ name, type, unit, ucd, description }: TableDetails['columns'][number]): ColumnDescription {
  return { name, datatype: type, unit, ucd, utype: '', xtype: '', description, indexed: false };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
