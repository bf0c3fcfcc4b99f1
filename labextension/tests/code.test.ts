import { describe, expect, it } from 'vitest';
import { codeOfDid, codeOfItems, codeOfQuery, codeOfRows, codeOfTable, pythonString } from '../src/code';
import { codeOfShown } from '../src/codeOfSelection';
import type { Condition } from '../src/api/types';
import { makeColumn, makeQuery } from './fakes';

describe('the code of', () => {
  it('a search asks the same', () => {
    expect(codeOfQuery(makeQuery({ target: 'M 51', services: ['archive'], row_limit: null }))).toBe(
      [
        'import esap_jupyter as esap',
        '',
        'table = esap.search(',
        '    "M 51",',
        '    radius=0.1,',
        '    product="images",',
        '    services=["archive"],',
        '    row_limit=None,',
        ')',
        'table'
      ].join('\n')
    );
  });

  it('an ADQL query keeps its lines', () => {
    const adql = 'SELECT *\nFROM "t"';
    expect(codeOfQuery(makeQuery({ adql, services: ['gaia'] }))).toContain('service="gaia"');
    expect(codeOfQuery(makeQuery({ adql: 'SELECT *\nFROM t' }))).toContain('"""\nSELECT *\nFROM t\n"""');
    expect(codeOfQuery(makeQuery({ adql }))).toContain(String.raw`"SELECT *\nFROM \"t\""`);
  });

  it('an ADQL query is sent in the same way', () => {
    const query = makeQuery({ adql: 'SELECT 1' });
    expect(codeOfQuery(query, 'auto')).not.toContain('mode=');
    expect(codeOfQuery(query, 'async')).toContain('    row_limit=10000,\n    mode="async",\n)');
  });

  it('an ADQL query takes tables along, as their file or by their id', () => {
    const uploads = { mine: { id: 't1', details: { file: '/home/my stars.fits', hdu: 2 } }, found: { id: 't2' } };
    expect(codeOfQuery(makeQuery({ adql: 'SELECT 1' }), 'auto', uploads)).toContain(
      [
        '    row_limit=10000,',
        '    uploads={',
        '        "mine": esap.open_table("/home/my stars.fits", hdu=2),',
        '        "found": esap.table("t2"),',
        '    },',
        ')'
      ].join('\n')
    );
  });

  it('a table takes the rows that are shown, in their order', () => {
    const table = { id: 't1', columns: [makeColumn('flux', 'number'), makeColumn('ra', 'number')] };
    expect(codeOfShown(table, { conditions: [], order: [] })).toBe(codeOfTable({ id: 't1' }));
    const conditions: Condition[] = [
      { column: 'flux', operator: '>', value: '1.5' },
      { column: 'ra', operator: 'is-not-empty', value: null }
    ];
    expect(codeOfShown(table, { conditions, order: [{ column: 'ra', descending: true }] })).toBe(
      [
        'import esap_jupyter as esap',
        '',
        'table = esap.table("t1")',
        'rows = table.where("flux", ">", 1.5)',
        'rows = rows.where("ra", "is-not-empty")',
        'rows = rows.sort("ra", descending=True)',
        'rows'
      ].join('\n')
    );
    expect(codeOfShown(table, { conditions: [], order: [{ column: 'ra', descending: false }] })).toContain(
      'rows = table.sort("ra")\n'
    );
    const order = [
      { column: 'ra', descending: false },
      { column: 'flux', descending: true }
    ];
    expect(codeOfShown(table, { conditions: [], order })).toContain('.sort("ra", "flux", descending=[False, True])');
  });

  it.each([
    ['number', '9223372036854775807', '9223372036854775807'],
    ['number', 1e-7, '1e-7'],
    ['number', '-.5e+3', '-.5e+3'],
    ['number', '0', '0'],
    // No integer of Python begins with 0.
    ['number', '007', '"007"'],
    ['number', '1_000', '"1_000"'],
    ['number', 'inf', '"inf"'],
    ['text', '15', '"15"'],
    ['text', 'it\'s "M 51" \\\n', String.raw`"it's \"M 51\" \\\n"`],
    ['truth', true, 'True'],
    ['truth', false, 'False'],
    ['time', '2026-01-02', '"2026-01-02"']
  ] as const)('a condition on a column of the kind %s keeps %j', (kind, value, literal) => {
    const conditions = [{ column: 'c', operator: '=' as const, value }];
    expect(codeOfShown({ id: 't1', columns: [makeColumn('c', kind)] }, { conditions, order: [] })).toContain(
      `.where("c", "=", ${literal})\n`
    );
  });

  it('tables, items and DIDs', () => {
    expect(codeOfTable({ id: 't1' })).toContain('esap.table("t1")');
    expect(codeOfTable({ id: 't1', details: { file: '/home/a.fits', hdu: 2 } })).toContain(
      'esap.open_table("/home/a.fits", hdu=2)'
    );
    const counts = [['a', 5]] as const;
    expect(codeOfRows({ id: 't1' }, { numbers: [3, 1], counts })).toContain(
      'esap.stage(esap.items(table, rows=[3, 1]))'
    );
    expect(codeOfRows({ id: 't1' }, { numbers: [1, 2, 3, 4], counts })).toContain('rows=range(1, 5)');
    expect(codeOfItems(null)).toContain('esap.stage()');
    expect(codeOfDid('demo:M51', 'lake')).toContain('esap.datalake.item("demo:M51", service="lake")');
  });

  it('rows of several services counts those of each, which stay the same while more come', () => {
    const counts = [['a', 3], ['none', 0], ['b', 9]] as const;
    expect(codeOfRows({ id: 't1' }, { numbers: [2, 3, 5], counts })).toBe(
      [
        'import esap_jupyter as esap',
        '',
        'table = esap.table("t1")',
        'files = esap.stage(',
        '    esap.items(table, rows=[2], service="a")',
        '    + esap.items(table, rows=[0, 2], service="b")',
        ')',
        'files'
      ].join('\n')
    );
    expect(codeOfRows({ id: 't1' }, { numbers: [4], counts })).toContain(
      'esap.stage(esap.items(table, rows=[1], service="b"))'
    );
  });

  it('text cannot get out of its quotes', () => {
    expect(pythonString('a"; import os #\\\n')).toBe(String.raw`"a\"; import os #\\\n"`);
  });
});
