import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { describe, expect, it, vi } from 'vitest';
import type { ColumnDescription, TableDescription } from '../src/api/types';
import { completeAdql } from '../src/documents/adqlLanguage';
import { AdqlQuery } from '../src/models/adqlQuery';
import { ServiceSchema } from '../src/models/serviceSchema';
import { fakeClient, makeState } from './fakes';

const TABLE: TableDescription = {
  name: 'demo.sources',
  schema_name: 'demo',
  title: '',
  description: 'Stars',
  rows: null,
  columns: null
};
const COLUMN: ColumnDescription = {
  name: 'parallax',
  datatype: 'double',
  unit: 'mas',
  ucd: 'pos.parallax',
  utype: '',
  xtype: '',
  description: 'Parallax',
  indexed: false
};

function makeTable(name: string, given: Partial<TableDescription> = {}): TableDescription {
  return { ...TABLE, name, schema_name: name.split('.').at(-2) ?? '', ...given };
}

/** What is offered where the text ends, or at `|`, and what would stand there if the first was taken. */
async function complete(
  written: string,
  tables: readonly TableDescription[] = [TABLE],
  tableOf: (service: string, table: string) => Promise<TableDescription> = (_, name) =>
    Promise.resolve(makeTable(name, { columns: [COLUMN, { ...COLUMN, name: 'B-V' }] }))
): Promise<{ labels: string[]; become: string; schema: ServiceSchema }> {
  const schema = new ServiceSchema(fakeClient({ tablesOf: () => Promise.resolve(tables), tableOf }));
  await schema.read('archive');
  const place = written.includes('|') ? written.indexOf('|') : written.length;
  const text = written.replace('|', '');
  const state = EditorState.create({ doc: text });
  // What is read in the background is there the second time.
  await completeAdql(new CompletionContext(state, place, false), schema);
  await Promise.resolve();
  const result = await completeAdql(new CompletionContext(state, place, false), schema);
  const labels = result?.options.map(option => option.label) ?? [];
  const become = result ? text.slice(0, result.from) + (labels[0] ?? '') + text.slice(result.to ?? place) : text;
  return { labels, become, schema };
}

describe('completion', () => {
  it('offers columns behind an alias, and nothing else', async () => {
    expect((await complete('SELECT * FROM demo.sources AS s WHERE s.')).labels).toEqual(['parallax', '"B-V"']);
    expect((await complete('SELECT * FROM demo.sources s WHERE s.')).labels).toEqual(['parallax', '"B-V"']);
    expect((await complete('SELECT s.| FROM demo.sources AS s')).become).toBe('SELECT s.parallax FROM demo.sources AS s');
  });

  it('offers columns behind the name of the table, in quotes or without its schema', async () => {
    expect((await complete('SELECT * FROM demo.sources WHERE sources.p')).labels).toEqual(['parallax', '"B-V"']);
    const tables = [makeTable('"I/239/hip_main"'), makeTable('other')];
    expect((await complete('SELECT * FROM "I/239/hip_main" WHERE "I/239/hip_main".p', tables)).labels).toEqual([
      'parallax',
      '"B-V"'
    ]);
  });

  it('offers schemas, tables, and columns of the tables that are named', async () => {
    const { labels } = await complete('SELECT p');
    expect(labels).toContain('demo');
    expect(labels).toContain('demo.sources');
    expect(labels).not.toContain('parallax');
    expect((await complete('SELECT * FROM demo.sources WHERE p')).labels[0]).toBe('parallax');
  });

  it('takes whole names only for those of tables', async () => {
    const { schema } = await complete('SELECT 1');
    expect(schema.tablesIn('SELECT * FROM demo.sources2')).toEqual([]);
    expect(schema.tablesIn("SELECT 'demo.sources' -- demo.sources")).toEqual([]);
    expect(schema.tablesIn('SELECT demo.sources.parallax FROM Demo."sources"')).toEqual([TABLE]);
  });

  it('puts names that are no plain words in quotes, and keeps those that were typed', async () => {
    const tables = [makeTable('J/A+A/616/A1', { schema_name: '' })];
    for (const typed of ['"J/A+A/61', 'A1']) {
      expect((await complete(`SELECT "x" FROM ${typed}`, tables)).become).toBe('SELECT "x" FROM "J/A+A/616/A1"');
    }
    expect((await complete('SELECT * FROM "J/A|"', tables)).become).toBe('SELECT * FROM "J/A+A/616/A1"');
  });

  it('offers what is known while columns are on their way, and does not ask for those of all tables', async () => {
    const tables = Array.from({ length: 50_000 }, (_, index) => makeTable(`t${index}`));
    const tableOf = vi.fn(() => new Promise<TableDescription>(() => undefined));
    const { labels } = await complete('SELECT * FROM t49999 WHERE t4999', tables, tableOf);
    expect(labels).toContain('t49999');
    expect(labels.length).toBeLessThan(1000);
    expect(tableOf.mock.calls).toEqual([['archive', 't49999'], ['archive', 't4999']]);
  });

  it('is silent where nothing has been typed, and in texts', async () => {
    expect((await complete('SELECT ')).labels).toEqual([]);
    expect((await complete("SELECT * FROM t WHERE name = 'p")).labels).toEqual([]);
  });
});

describe('a query', () => {
  it('keeps where the service found it wrong', async () => {
    const error = { code: 'query-rejected', message: 'No such column', line: 2, column: 7 };
    const client = fakeClient({ search: () => Promise.resolve(makeState({ ended: true, error: error as never })) });
    const query = new AdqlQuery(client, 'archive', 'SELECT 1\nWHERE x');
    await query.run();
    expect(query.rejection).toMatchObject({ message: 'No such column', line: 2, column: 7 });
  });

  it('tells when it has been asked, however it went', async () => {
    const search = vi.fn(() => Promise.resolve(makeState({ ended: true }))).mockRejectedValueOnce(new TypeError('none'));
    const query = new AdqlQuery(fakeClient({ search }), 'archive', 'SELECT 1');
    const ended = vi.fn();
    query.ended.connect(ended);
    await query.run();
    expect(ended).toHaveBeenCalledTimes(1);
    await query.run();
    expect(ended).toHaveBeenCalledTimes(2);
  });

  it('forgets the tables of the service it no longer asks', async () => {
    const client = fakeClient({
      tablesOf: (name: string) =>
        name === 'a' ? Promise.resolve([TABLE]) : Promise.reject(new TypeError('Failed to fetch')),
      examples: () => Promise.reject(new TypeError('none'))
    });
    const query = new AdqlQuery(client, '', '');
    await query.setService('a');
    expect(query.schema.tables).toEqual([TABLE]);
    await query.setService('b');
    expect(query.schema.tables).toBeNull();
    expect(query.schema.error).not.toBeNull();
  });

  it('does not have its tables drawn again while one types', async () => {
    const client = fakeClient({ tablesOf: () => Promise.resolve([TABLE]), examples: () => Promise.resolve([]) });
    const query = new AdqlQuery(client, '', '');
    await query.setService('a');
    const drawn = vi.fn();
    query.schema.changed.connect(drawn);
    query.adql = 'SELECT';
    expect(drawn).not.toHaveBeenCalled();
  });
});
