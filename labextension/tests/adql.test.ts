import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { describe, expect, it, vi } from 'vitest';
import type { ColumnDescription, TableDescription } from '../src/api/types';
import { completeAdql } from '../src/documents/adqlLanguage';
import { AdqlQuery } from '../src/models/adqlQuery';
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

async function complete(text: string): Promise<{ labels: string[]; readColumns: ReturnType<typeof vi.fn> }> {
  const readColumns = vi.fn(() => Promise.resolve([COLUMN]));
  const state = EditorState.create({ doc: text });
  const named = text.includes(TABLE.name) ? [TABLE] : [];
  const vocabulary = { tables: [TABLE], tablesNamed: named, readColumns };
  const result = await completeAdql(new CompletionContext(state, text.length, false), vocabulary);
  return { labels: result?.options.map(option => option.label) ?? [], readColumns };
}

describe('completion', () => {
  it('offers columns behind an alias, and nothing else', async () => {
    expect((await complete('SELECT * FROM demo.sources AS s WHERE s.')).labels).toEqual(['parallax']);
    expect((await complete('SELECT * FROM demo.sources s WHERE s.')).labels).toEqual(['parallax']);
  });

  it('offers tables, and columns of the tables that are named', async () => {
    const { labels } = await complete('SELECT p');
    expect(labels).toContain('demo.sources');
    expect(labels).not.toContain('parallax');
    expect((await complete('SELECT * FROM demo.sources WHERE p')).labels[0]).toBe('parallax');
  });

  it('is silent where nothing has been typed', async () => {
    expect((await complete('SELECT ')).labels).toEqual([]);
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

  it('forgets the tables of the service it no longer asks', async () => {
    const client = fakeClient({
      tablesOf: (name: string) =>
        name === 'a' ? Promise.resolve([TABLE]) : Promise.reject(new TypeError('Failed to fetch')),
      examples: () => Promise.reject(new TypeError('none'))
    });
    const query = new AdqlQuery(client, '', '');
    await query.setService('a');
    expect(query.tables).toEqual([TABLE]);
    await query.setService('b');
    expect(query.tables).toBeNull();
    expect(query.error).not.toBeNull();
  });
});
