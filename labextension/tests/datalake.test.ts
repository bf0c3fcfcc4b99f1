import { describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import { DataLake, type Node } from '../src/models/datalake';
import { fakeClient, makeDid } from './fakes';

const LAKE = [{ name: 'lake', title: 'The lake' }];

function lineOf(lake: DataLake, label: string): Node {
  const found = lake.visible.find(node => node.label === label);
  if (!found) {
    throw new Error(`There is no line ${label}.`);
  }
  return found;
}

describe('the data lake', () => {
  it('opens the only lake by itself, and reads the rest as it is opened', async () => {
    const dids = vi.fn(() => Promise.resolve({ dids: [makeDid({ name: 'set', type: 'DATASET' })], more: true }));
    const content = vi.fn(() => Promise.resolve({ dids: [makeDid({ name: 'a.fits' })], more: false }));
    const lake = new DataLake(fakeClient({ scopes: () => Promise.resolve(['demo', 'user']), dids, content }));
    lake.setServices(LAKE);
    await vi.waitFor(() => expect(lake.visible.map(node => node.label)).toEqual(['The lake', 'demo', 'user']));
    expect(dids).not.toHaveBeenCalled();

    const demo = lineOf(lake, 'demo');
    await lake.toggle(demo);
    expect(dids).toHaveBeenCalledWith('lake', 'demo:*');
    expect(demo.truncated).toBe(true);
    await lake.toggle(lineOf(lake, 'set'));
    expect(lake.visible.map(node => `${node.level} ${node.label}`)).toEqual([
      '0 The lake',
      '1 demo',
      '2 set',
      '3 a.fits',
      '1 user'
    ]);
    await lake.toggle(demo);
    expect(lake.visible).toHaveLength(3);
    await lake.toggle(demo);
    expect(dids).toHaveBeenCalledTimes(1);
  });

  it('says at its line what could not be read, and asks again when it is opened again', async () => {
    const scopes = vi
      .fn()
      .mockRejectedValueOnce(new EsapError({ code: 'service-timeout', message: 'No answer.' }))
      .mockResolvedValue(['demo']);
    const lake = new DataLake(fakeClient({ scopes }));
    lake.setServices(LAKE);
    const root = lineOf(lake, 'The lake');
    await vi.waitFor(() => expect(root.error?.message).toBe('No answer.'));
    await lake.toggle(root, false);
    await lake.toggle(root, true);
    expect(root.error).toBeNull();
    expect(lake.visible.map(node => node.label)).toEqual(['The lake', 'demo']);
  });

  it('finds DIDs by a pattern, and goes back to the tree', async () => {
    const dids = vi.fn(() => Promise.resolve({ dids: [makeDid({ name: 'M51_V.fits' })], more: false }));
    const lake = new DataLake(fakeClient({ scopes: () => Promise.resolve([]), dids }));
    lake.setServices(LAKE);
    await lake.search('lake', 'demo:M51*');
    expect(lake.visible.map(node => node.label)).toEqual(['demo:M51*', 'demo:M51_V.fits']);
    lake.clearSearch();
    expect(lake.visible.map(node => node.label)).toEqual(['The lake']);
  });
});
