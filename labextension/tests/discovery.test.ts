import { describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import type { SearchState } from '../src/api/types';
import { Discovery, fieldAtFault, formOf, queryOf, type Form } from '../src/models/discovery';
import { lookAtSearch, Search } from '../src/models/search';
import { fakeClient, makeQuery, makeReport, makeState } from './fakes';

const FORM: Form = {
  target: 'M 51',
  targets: [],
  radius: '6',
  radiusUnit: 'arcmin',
  product: 'images',
  keyword: '',
  rowLimit: '10000',
  services: null,
  parameters: {}
};

describe('the form', () => {
  it.each([
    [{}, null],
    [{ target: ' ' }, 'target'],
    [{ target: '', keyword: 'galaxy' }, null],
    [{ radius: '0' }, 'radius'],
    [{ radius: 'wide' }, 'radius'],
    [{ radius: '181', radiusUnit: 'deg' as const }, 'radius'],
    [{ rowLimit: '' }, null],
    [{ rowLimit: '1.5' }, 'rowLimit'],
    [{ services: [] }, 'services'],
    [{ product: 'dids' as const }, 'keyword'],
    [{ product: 'dids' as const, keyword: 'demo:M51*', radius: '' }, null]
  ])('finds the field at fault in %j', (part, fault) => {
    expect(fieldAtFault({ ...FORM, ...part })).toBe(fault);
  });

  it('asks in degrees, and without a limit for all rows', () => {
    const query = queryOf({ ...FORM, rowLimit: ' ' });
    expect(query).toMatchObject({ target: 'M 51', radius: 0.1, row_limit: null, services: [] });
  });

  it('comes back from the query it made', () => {
    expect(formOf(queryOf(FORM))).toEqual(FORM);
    expect(formOf(makeQuery({ position: { ra: 1.5, dec: -2 }, radius: 2 }))).toMatchObject({
      target: '1.5 -2',
      radius: '2',
      radiusUnit: 'deg'
    });
  });
});

describe('a search', () => {
  it('tells rows and failures as they come, and is over when all services have ended', async () => {
    const states = [
      makeState({ reports: [makeReport({ rows: 3, state: 'receiving' }), makeReport({ service: 'b' })], rows: 3 }),
      makeState({
        version: 2,
        ended: true,
        rows: 5,
        reports: [makeReport({ rows: 5 }), makeReport({ service: 'b', state: 'failed', message: 'gone' })]
      })
    ];
    const history = vi.fn(() => Promise.resolve([]));
    const client = fakeClient({
      search: () => Promise.resolve(makeState({})),
      searchState: () => Promise.resolve(states.shift()),
      history
    });
    const discovery = new Discovery(client);
    discovery.edit({ target: 'M 51' });
    const search = discovery.submit();
    const seen: number[] = [];
    search?.changed.connect(() => seen.push(search.rows));
    await vi.waitFor(() => expect(search?.running).toBe(false));
    expect(seen).toEqual([0, 3, 5]);
    expect(search?.failed.map(report => report.service)).toEqual(['b']);
    expect(search?.tableId).toBe('t1');
    await vi.waitFor(() => expect(history).toHaveBeenCalled());
  });

  it('looks at once when the server says that something changed', async () => {
    vi.useFakeTimers();
    try {
      const searchState = vi.fn(() => Promise.resolve(makeState({})));
      const search = new Search(fakeClient({ search: () => Promise.resolve(makeState({})), searchState }), makeQuery({}));
      void search.run();
      await vi.advanceTimersByTimeAsync(2000);
      const looked = searchState.mock.calls.length;
      searchState.mockResolvedValue(makeState({ ended: true, version: 2 }));
      lookAtSearch('another');
      await vi.advanceTimersByTimeAsync(0);
      expect(searchState).toHaveBeenCalledTimes(looked);
      lookAtSearch('t1');
      await vi.advanceTimersByTimeAsync(0);
      expect(searchState).toHaveBeenCalledTimes(looked + 1);
      expect(search.running).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('goes on after looks that failed, and says meanwhile that it tries again', async () => {
    vi.useFakeTimers();
    try {
      const searchState = vi
        .fn(() => Promise.resolve(makeState({ ended: true, rows: 5, version: 2 })))
        .mockRejectedValueOnce(new TypeError('Failed to fetch'))
        .mockRejectedValueOnce(new EsapError({ code: 'server', message: 'It answered 503.', retryable: true }));
      const search = new Search(fakeClient({ search: () => Promise.resolve(makeState({})), searchState }), makeQuery({}));
      const over = search.run();
      await vi.advanceTimersByTimeAsync(100);
      expect(search.interruption?.message).toBe('The Jupyter server cannot be reached.');
      expect(search.running).toBe(true);
      await vi.advanceTimersByTimeAsync(1000);
      expect(search.interruption?.message).toBe('It answered 503.');
      await vi.advanceTimersByTimeAsync(2000);
      await over;
      expect(search).toMatchObject({ error: null, interruption: null, rows: 5, running: false });
    } finally {
      vi.useRealTimers();
    }
  });

  it('is stopped at the server too, though that had not answered yet', async () => {
    let answer: (state: SearchState) => void = () => undefined;
    const cancelSearch = vi.fn(() => Promise.resolve());
    const searchState = vi.fn();
    const client = fakeClient({
      search: () => new Promise<SearchState>(resolve => (answer = resolve)),
      cancelSearch,
      searchState
    });
    const search = new Search(client, makeQuery({}));
    const over = search.run();
    await search.cancel();
    expect(search.running).toBe(false);
    expect(cancelSearch).not.toHaveBeenCalled();
    answer(makeState({ id: 't1' }));
    await over;
    expect(cancelSearch).toHaveBeenCalledWith('t1');
    expect(searchState).not.toHaveBeenCalled();
  });

  it('is followed though it was begun elsewhere, and stopped there', async () => {
    const states = [makeState({ rows: 3, version: 2 }), makeState({ rows: 5, version: 3, ended: true })];
    const cancelSearch = vi.fn(() => Promise.resolve());
    const client = fakeClient({ searchState: () => Promise.resolve(states.shift()), cancelSearch });
    const search = new Search(client, makeQuery({}));
    const over = search.follow(makeState({}));
    await search.cancel();
    expect(search.running).toBe(true);
    await over;
    expect(cancelSearch).toHaveBeenCalledWith('t1');
    expect(search).toMatchObject({ rows: 5, running: false, interrupted: false });
  });

  it.each([
    ['in good order', { ended: true, interrupted: true }],
    ['by force', {}]
  ])('is interrupted by a server that was ended %s, and keeps what was known', async (_, told) => {
    const begun = makeState({
      rows: 7,
      jobs: { c: 'j1' },
      reports: [makeReport({ rows: 3 }), makeReport({ service: 'b', rows: 4, state: 'receiving' })]
    });
    const fromTable = makeState({ ...told, version: 0, rows: 5, reports: [makeReport({ rows: 3 })] });
    const client = fakeClient({ searchState: () => Promise.resolve(fromTable) });
    const search = new Search(client, makeQuery({}));
    await search.follow(begun);
    expect(search).toMatchObject({ interrupted: true, running: false, error: null, tableId: 't1' });
    expect(search.reports.map(({ service, state }) => [service, state])).toEqual([
      ['archive', 'complete'],
      ['b', 'cancelled']
    ]);
    expect(search.hasJob).toBe(true);
  });

  it('ends when the server no longer knows it', async () => {
    const gone = new EsapError({ code: 'not-found', message: 'There is no search t1.' });
    const client = fakeClient({
      search: () => Promise.resolve(makeState({})),
      searchState: () => Promise.reject(gone)
    });
    const search = new Search(client, makeQuery({}));
    await search.run();
    expect(search).toMatchObject({ error: gone, running: false });
  });

  it('asks only the services that failed again', async () => {
    const search = vi.fn(() =>
      Promise.resolve(
        makeState({ ended: true, reports: [makeReport({}), makeReport({ service: 'b', state: 'failed' })] })
      )
    );
    const discovery = new Discovery(fakeClient({ search, history: () => Promise.resolve([]) }));
    discovery.edit({ target: 'M 51' });
    const first = discovery.submit();
    await vi.waitFor(() => expect(first?.running).toBe(false));
    discovery.retryFailed();
    expect(search).toHaveBeenLastCalledWith(expect.objectContaining({ target: 'M 51', services: ['b'] }), 'auto', {});
  });

  it('says why nothing was asked at all', async () => {
    const error = new EsapError({ code: 'unknown-name', message: 'No resolver knows it.', field: 'target' });
    const discovery = new Discovery(
      fakeClient({ search: () => Promise.reject(error), history: () => Promise.reject(error) })
    );
    discovery.edit({ target: 'nowhere' });
    const search = discovery.submit();
    await vi.waitFor(() => expect(search?.error?.message).toBe('No resolver knows it.'));
    expect(search?.running).toBe(false);
  });

  it('stops the one before it, but none that may be of another window', async () => {
    const cancelSearch = vi.fn(() => Promise.resolve());
    let count = 0;
    const client = fakeClient({
      search: () => Promise.resolve(makeState({ id: `here${++count}` })),
      searchState: (id: string) => Promise.resolve(makeState({ id, ended: id === 'here2', version: 2 })),
      history: () => Promise.resolve([]),
      cancelSearch
    });
    const discovery = new Discovery(client);
    discovery.takeUp(makeState({ id: 'elsewhere' }), makeQuery({}));
    const first = discovery.start(makeQuery({}));
    expect(cancelSearch).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(first.state).not.toBeNull());
    discovery.start(makeQuery({}));
    expect(cancelSearch.mock.calls).toEqual([['here1']]);
  });

  it('is not sent while the form is at fault, and the fault goes as it is mended', () => {
    const discovery = new Discovery(fakeClient({}));
    expect(discovery.submit()).toBeNull();
    expect(discovery.fault).toBe('target');
    discovery.edit({ target: 'M 51' });
    expect(discovery.fault).toBeNull();
  });
});
