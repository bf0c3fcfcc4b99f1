import { describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import type { TableDetails } from '../src/api/types';
import { AdqlQuery } from '../src/models/adqlQuery';
import { asOwnTables, fitName, OwnTables, stemOf, type OwnTable } from '../src/models/ownTables';
import { fakeClient, makeState } from './fakes';

const FILE: OwnTable = { name: 'stars', path: 'data/stars.csv', table: '', title: 'stars.csv' };
const FOUND: OwnTable = { name: 'm_42', path: '', table: 't1', title: 'M 42' };
const CROSS_MATCH = 'SELECT * FROM demo.sources AS s JOIN TAP_UPLOAD.Stars AS m ON s.id = m.id';

function makeDetails(given: Partial<TableDetails>): TableDetails {
  const column = { name: 'ra', type: 'double', kind: 'number', unit: 'deg', ucd: 'pos.eq.ra', description: '' };
  return { id: 'f1', file: '/home/data/stars.csv', hdu: null, rows: 2, columns: [column], ...given } as TableDetails;
}

/** What a query needs of the server, which knows both tables. */
function makeClient(methods: object = {}) {
  const openFile = vi.fn(() => Promise.resolve(makeDetails({})));
  const table = vi.fn(() => Promise.resolve(makeDetails({ id: 't1', file: '' })));
  const search = vi.fn(() => Promise.resolve(makeState({ ended: true })));
  return { openFile, table, search, client: fakeClient({ openFile, table, search, ...methods }) };
}

describe('the name of an own table', () => {
  it.each([
    ['data/My stars (2).csv', 'My_stars_2'],
    ['2MASS.vot.gz', 'MASS'],
    ['étoiles.fits', 'etoiles'],
    ['table.parquet', 'my_table'],
    ['42.csv', 'mine']
  ])('of %s is proposed as %s', (path, name) => expect(fitName(stemOf(path), [])).toBe(name));

  it('is no other table’s', () => {
    expect(fitName('stars', ['stars', 'stars_2'])).toBe('stars_3');
  });

  it.each([
    ['stars_2', null],
    ['', 'form'],
    ['my stars', 'form'],
    ['2mass', 'form'],
    ['Position', 'reserved'],
    ['M_42', 'taken']
  ])('%j is at fault: %s', (name, fault) => {
    const own = new OwnTables(makeClient().client, [FILE, FOUND], '');
    const [file] = own.list;
    own.rename(file ?? FILE, name);
    expect(own.faultOf(own.list[0] ?? FILE)).toBe(fault);
  });
});

describe('own tables', () => {
  it('are described, each in its way, and completed as TAP_UPLOAD', async () => {
    const { client, openFile, table } = makeClient();
    const query = new AdqlQuery(client, 'archive', '', [FILE, FOUND]);
    await vi.waitFor(() => expect(query.own.detailsOf(FOUND)).toBeDefined());
    expect(openFile).toHaveBeenCalledWith('data/stars.csv', null);
    expect(table).toHaveBeenCalledWith('t1');
    expect(query.schema.tablesIn(CROSS_MATCH).map(each => each.name)).toEqual(['TAP_UPLOAD.stars']);
    expect(query.schema.tableBehind(['m'], CROSS_MATCH)?.name).toBe('TAP_UPLOAD.stars');
    expect((await query.schema.readColumns('TAP_UPLOAD.stars')).map(each => each.name)).toEqual(['ra']);
    query.own.remove(FILE);
    expect(query.schema.tablesIn(CROSS_MATCH)).toEqual([]);
  });

  it('are taken once', () => {
    const own = new OwnTables(makeClient().client, [], '');
    own.add({ path: 'stars.csv', table: '', title: 'stars.csv' }, 'stars');
    own.add({ path: 'stars.csv', table: '', title: 'stars.csv' }, 'stars');
    own.add({ path: 'old/stars.csv', table: '', title: 'stars.csv' }, 'stars');
    expect(own.list.map(each => each.name)).toEqual(['stars', 'stars_2']);
  });

  it('go along if the query names them', async () => {
    const { client, search } = makeClient();
    await new AdqlQuery(client, 'archive', CROSS_MATCH, [FILE, FOUND]).run();
    expect(search).toHaveBeenCalledWith(expect.objectContaining({ adql: CROSS_MATCH }), 'auto', {
      stars: { path: 'data/stars.csv', table: '' }
    });
  });

  it('that are missing keep the query from being sent, until there is one', async () => {
    const { client, search } = makeClient();
    const query = new AdqlQuery(client, 'archive', CROSS_MATCH);
    // The query of another day says at once where its table is wanted.
    expect(query.own.shown).toBe(true);
    query.own.shown = false;
    await query.run();
    expect(search).not.toHaveBeenCalled();
    expect([query.own.missing, query.own.shown]).toEqual([['stars'], true]);
    query.own.add({ path: 'stars.csv', table: '', title: 'stars.csv' }, 'stars');
    expect(query.own.missing).toEqual([]);
    await query.run();
    expect(search).toHaveBeenCalledTimes(1);
  });

  it('keep a query that names them from being sent while a name is at fault', async () => {
    const { client, search } = makeClient();
    const twice = [FILE, { ...FOUND, name: FILE.name }];
    await new AdqlQuery(client, 'archive', CROSS_MATCH, twice).run();
    expect(search).not.toHaveBeenCalled();
    await new AdqlQuery(client, 'archive', 'SELECT 1', twice).run();
    expect(search).toHaveBeenCalledOnce();
  });

  it('say why they cannot be read, at once or when they are sent', async () => {
    const said = { code: 'not-found', message: 'There is no file stars.csv.' };
    const [lost, unsent] = [new EsapError(said), new EsapError({ ...said, field: 'uploads.stars' })];
    const { client } = makeClient({ openFile: () => Promise.reject(lost), search: () => Promise.reject(unsent) });
    const query = new AdqlQuery(client, 'archive', CROSS_MATCH, [FILE]);
    await vi.waitFor(() => expect(query.own.errorOf(FILE)).toBe(lost));
    query.own.shown = false;
    await query.run();
    expect(query.uploadRejection).toBe(unsent);
    expect(query.own.shown).toBe(true);
  });

  it('are kept with the document', () => {
    const kept: unknown = JSON.parse(JSON.stringify([FILE, FOUND]));
    expect(asOwnTables(kept)).toEqual([FILE, FOUND]);
    expect(asOwnTables([null, { name: 'x' }, 3])).toEqual([]);
    expect(asOwnTables(undefined)).toEqual([]);
  });
});
