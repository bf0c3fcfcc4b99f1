import { expect, it, vi } from 'vitest';
import { Esap } from '../src/models/esap';
import type { SearchState } from '../src/api/types';
import { fakeClient, makeQuery, makeState } from './fakes';

const nothing = (): Promise<[]> => Promise.resolve([]);

const QUIET = {
  checkServer: () => Promise.resolve(),
  services: nothing,
  basket: nothing,
  history: nothing,
  savedQueries: nothing,
  searches: nothing,
  jobs: () => Promise.resolve({ version: 1, jobs: [], ids: [] })
};

function withSearches(...searches: SearchState[]): Esap {
  return new Esap(
    fakeClient({
      ...QUIET,
      searches: () => Promise.resolve(searches),
      searchState: (id: string) => Promise.resolve(makeState({ id, rows: 5, ended: true, version: 2 }))
    })
  );
}

it('asks by itself until the server is back', async () => {
  const checkServer = vi.fn(() => Promise.resolve()).mockRejectedValueOnce(new TypeError('Failed to fetch'));
  const client = fakeClient({
    ...QUIET,
    checkServer,
    services: () => Promise.resolve([{ name: 'archive', title: '', capabilities: [] }])
  });
  vi.useFakeTimers();
  try {
    const esap = new Esap(client);
    await esap.refresh();
    expect(esap.services.error?.code).toBe('no-connection');
    await vi.advanceTimersByTimeAsync(1000);
    expect(esap.services.error).toBeNull();
    expect(esap.services.list).toHaveLength(1);
    expect(checkServer).toHaveBeenCalledTimes(2);
  } finally {
    vi.useRealTimers();
  }
});

it('takes up the newest search of the form that still runs, with what it asks', async () => {
  const esap = withSearches(
    makeState({ id: 'adql', query: makeQuery({ adql: 'SELECT 1' }) }),
    makeState({ id: 'newest', query: makeQuery({ target: 'M 51', radius: 0.5, services: ['archive'] }) }),
    makeState({ id: 'old', query: makeQuery({ target: 'M 31' }) })
  );
  await esap.refresh();
  expect(esap.discovery.search?.state?.id).toBe('newest');
  expect(esap.discovery.form).toMatchObject({ target: 'M 51', radius: '30', services: ['archive'] });
  await vi.waitFor(() => expect(esap.discovery.search?.rows).toBe(5));
});

it('leaves a form alone in which something has been typed', async () => {
  const esap = withSearches(makeState({ query: makeQuery({ target: 'M 51' }) }));
  esap.discovery.edit({ target: 'M 3' });
  await esap.refresh();
  expect(esap.discovery.search).toBeNull();
  expect(esap.discovery.form.target).toBe('M 3');
});
