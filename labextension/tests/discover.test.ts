import { describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import { codeOfQuery } from '../src/code';
import { Discovery, formOf, queryOf } from '../src/models/discovery';
import { Esap } from '../src/models/esap';
import { fieldsOf, parametersOf, textOf, type Schema } from '../src/models/queryForm';
import { RegistrySearch } from '../src/models/registry';
import { KeptTables } from '../src/models/keptTables';
import { SavedQueries } from '../src/models/savedQueries';
import { Services } from '../src/models/services';
import type { RegisteredService, TableSummary } from '../src/api/types';
import { fakeClient, makeQuery, makeReport, makeState } from './fakes';

const STARS: RegisteredService = {
  ivoid: 'ivo://archive/stars',
  short_name: 'stars',
  title: 'Stars',
  description: 'Many stars. All over the sky.',
  waveband: [],
  publisher: '',
  reference_url: '',
  interfaces: { scs: 'https://archive/scs' },
  capabilities: ['sources']
};

// As pydantic writes them.
const ARCHIVE: Schema = {
  properties: {
    data_type: { enum: ['', 'image', 'cube'], type: 'string', title: 'Data type', products: ['images'] },
    level: { anyOf: [{ type: 'integer', minimum: 0, maximum: 4 }, { type: 'null' }], title: 'Level', description: '0 raw' },
    after: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }], title: 'After' },
    columns: { type: 'string', title: 'Columns', products: ['sources'] }
  }
};
const PARTNER: Schema = {
  $defs: { Kind: { enum: ['a', 'b'], type: 'string' } },
  properties: {
    level: { type: 'integer' },
    kind: { $ref: '#/$defs/Kind' },
    fast: { type: 'boolean' },
    list: { type: 'array' }
  }
};

describe('the fields of query forms', () => {
  const fields = fieldsOf(
    new Map([
      ['archive', ARCHIVE],
      ['partner', PARTNER]
    ]),
    'images'
  );

  it('are each there once, and say which services know them', () => {
    expect(fields.map(({ name, kind, services }) => [name, kind, services])).toEqual([
      ['data_type', 'choice', ['archive']],
      ['level', 'integer', ['archive', 'partner']],
      ['after', 'time', ['archive']],
      ['kind', 'choice', ['partner']],
      ['fast', 'flag', ['partner']],
      ['list', 'json', ['partner']]
    ]);
    expect(fields[0]?.choices).toEqual(['image', 'cube']);
    expect(fields[3]?.choices).toEqual(['a', 'b']);
    expect(fields[1]).toMatchObject({ title: 'Level', description: '0 raw' });
  });

  it('are sent as what they are; what cannot be read is left for the server to refuse', () => {
    const typed = { data_type: 'image', level: ' 3 ', after: '2026-01-01T00:00', fast: 'true', list: '[1]', gone: ' ' };
    expect(parametersOf(typed, fields)).toEqual({
      data_type: 'image',
      level: 3,
      after: '2026-01-01T00:00',
      fast: true,
      list: [1]
    });
    expect(parametersOf({ level: 'high', other: 2 }, fields)).toEqual({ level: 'high', other: 2 });
  });

  it('show what was asked before', () => {
    expect(textOf(3, 'integer')).toBe('3');
    expect(textOf('2026-01-01T00:00:00Z', 'time')).toBe('2026-01-01T00:00:00');
    expect(textOf([1], 'json')).toBe('[1]');
    expect(textOf(undefined, 'text')).toBe('');
  });
});

describe('a list of targets', () => {
  const targets = [
    { name: 'M 51', position: null },
    { name: 'x "1"', position: { ra: 10.5, dec: -2 } },
    { name: '', position: { ra: 1, dec: 2 } }
  ];

  it('takes the place of one target, and comes back from the query', () => {
    const query = makeQuery({ targets, parameters: { level: 2 } });
    const form = formOf(query);
    expect(form).toMatchObject({ targets, target: '', parameters: { level: 2 } });
    expect(queryOf({ ...form, target: 'M 42' })).toEqual(query);
    expect(queryOf({ ...form, product: 'dids', keyword: 'a:b' }).targets).toEqual([]);
  });

  it('is in the code', () => {
    expect(codeOfQuery(makeQuery({ targets, services: ['ivo://archive/stars'] }))).toContain(
      [
        'esap.search(',
        '    [',
        '        "M 51",',
        String.raw`        {"name": "x \"1\"", "ra": 10.5, "dec": -2},`,
        '        {"ra": 1, "dec": 2},',
        '    ],',
        '    radius=0.1,',
        '    product="images",',
        '    services=["ivo://archive/stars"],'
      ].join('\n')
    );
  });

  it('is read by the server, which names the line that is wrong', async () => {
    const readTargets = vi
      .fn()
      .mockRejectedValueOnce(new EsapError({ code: 'input', message: 'Line 3: no position.' }))
      .mockResolvedValueOnce(targets);
    const discovery = new Discovery(fakeClient({ readTargets }));
    expect(await discovery.takeList({ text: 'a' })).toBe(false);
    expect(discovery.listError?.message).toBe('Line 3: no position.');
    expect(await discovery.takeList({ path: 'list.csv' })).toBe(true);
    expect(discovery.listError).toBeNull();
    expect(discovery.queryIfSound()?.targets).toEqual(targets);
    discovery.clearList();
    expect(discovery.queryIfSound()).toBeNull();
  });
});

describe('services of the registry', () => {
  it('are offered for what they can, until they are removed', () => {
    const services = new Services(fakeClient({}));
    services.register(STARS);
    services.register(STARS);
    expect(services.offering('sources').map(each => [each.name, each.usual])).toEqual([[STARS.ivoid, false]]);
    expect(services.offering('images')).toEqual([]);
    expect(services.titleOf(STARS.ivoid)).toBe('Stars');
    services.unregister(STARS.ivoid);
    expect(services.offering('sources')).toEqual([]);
  });

  it('come back with a query that asked them', async () => {
    const registeredService = vi.fn(() => Promise.resolve(STARS));
    const esap = new Esap(fakeClient({ registeredService }));
    await esap.recall(makeQuery({ services: ['archive', STARS.ivoid], product: 'sources' }));
    await esap.recall(makeQuery({ services: ['archive', STARS.ivoid], product: 'sources' }));
    expect(registeredService).toHaveBeenCalledOnce();
    expect(esap.discovery.form.services).toEqual(['archive', STARS.ivoid]);
    expect(esap.services.titleOf(STARS.ivoid)).toBe('Stars');
  });

  it('are found; an answer that comes too late says nothing', async () => {
    let answer: (found: RegisteredService[]) => void = () => undefined;
    const first = new Promise<RegisteredService[]>(resolve => (answer = resolve));
    const findServices = vi.fn().mockReturnValueOnce(first).mockResolvedValueOnce([]);
    const registry = new RegistrySearch(fakeClient({ findServices }));
    registry.edit({ keywords: ' two  words ', waveband: 'radio' });
    const old = registry.find('sources');
    await registry.find('images');
    answer([STARS]);
    await old;
    expect(findServices).toHaveBeenCalledWith(['two', 'words'], 'sources', 'radio', 100);
    expect([registry.found, registry.loading]).toEqual([[], false]);
  });
});

describe('a wrong value', () => {
  it('is the error of the search, though several services were asked', async () => {
    const error = { code: 'input', message: 'level: too large.', field: 'parameters.level', hint: '', retryable: false };
    const state = makeState({
      ended: true,
      error: { ...error, service: '', line: null, column: null },
      reports: [makeReport({ state: 'failed' }), makeReport({ service: 'b', state: 'failed' })]
    });
    const discovery = new Discovery(
      fakeClient({ search: () => Promise.resolve(state), history: () => Promise.resolve([]) })
    );
    discovery.edit({ target: 'M 51', parameters: { level: 9 } });
    const search = discovery.submit();
    await vi.waitFor(() => expect(search?.error?.field).toBe('parameters.level'));
  });
});

describe('kept tables', () => {
  it('are pinned, released and deleted, and read anew', async () => {
    const table = { id: 't1', title: 'M 51', rows: 3, pinned: false } as TableSummary;
    const client = {
      tables: vi.fn().mockResolvedValueOnce([{ ...table, pinned: true }]).mockResolvedValue([]),
      pinTable: vi.fn(() => Promise.resolve()),
      unpinTable: vi.fn(() => Promise.resolve()),
      deleteTable: vi.fn(() => Promise.reject(new EsapError({ code: 'not-found', message: 'gone' })))
    };
    const tables = new KeptTables(fakeClient(client));
    await tables.setPinned(table, true);
    expect(client.pinTable).toHaveBeenCalledWith('t1');
    expect(tables.list[0]?.pinned).toBe(true);
    await tables.setPinned(table, false);
    expect(client.unpinTable).toHaveBeenCalledWith('t1');
    expect(tables.list).toEqual([]);
    await tables.delete(table);
    expect(tables.error?.message).toBe('gone');
  });
});

describe('saved queries', () => {
  it('are saved, renamed and deleted where all windows see them', async () => {
    const saved = { id: 1, name: 'mine', query: makeQuery({ target: 'M 51' }), saved_at: '2026-11-22T10:00:00Z' };
    const client = {
      savedQueries: vi.fn(() => Promise.resolve([saved])),
      saveQuery: vi.fn(() => Promise.resolve(saved)),
      replaceSavedQuery: vi.fn(() => Promise.resolve(saved)),
      deleteSavedQuery: vi.fn(() => Promise.reject(new EsapError({ code: 'not-found', message: 'gone' })))
    };
    const queries = new SavedQueries(fakeClient(client));
    await queries.save('mine', saved.query);
    expect(queries.list).toEqual([saved]);
    await queries.rename(saved, 'other');
    expect(client.replaceSavedQuery).toHaveBeenCalledWith(1, 'other', saved.query);
    await queries.delete(saved);
    expect(queries.error?.message).toBe('gone');
  });
});
