import { expect, it, vi } from 'vitest';
import { Esap } from '../src/models/esap';
import { fakeClient } from './fakes';

it('asks by itself until the server is back', async () => {
  const checkServer = vi.fn(() => Promise.resolve()).mockRejectedValueOnce(new TypeError('Failed to fetch'));
  const nothing = (): Promise<[]> => Promise.resolve([]);
  const client = fakeClient({
    checkServer,
    services: () => Promise.resolve([{ name: 'archive', title: '', capabilities: [] }]),
    basket: nothing,
    history: nothing,
    savedQueries: nothing,
    jobs: () => Promise.resolve({ version: 1, jobs: [], ids: [] })
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
