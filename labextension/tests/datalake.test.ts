import { describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import { DataLake, type Node } from '../src/models/datalake';
import { isReadable } from '../src/models/metadataFilter';
import { linesIn, topsOf } from '../src/panels/datalake/window';
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
    expect(dids).toHaveBeenCalledWith('lake', expect.objectContaining({ scope: 'demo', pattern: '*', offset: 0 }));
    expect(demo.more).toBe(true);
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
    await lake.search({ service: 'lake', pattern: 'demo:M51*', kind: 'file', conditions: [] });
    expect(dids).toHaveBeenCalledWith('lake', expect.objectContaining({ pattern: 'M51*', kind: 'file' }));
    expect(lake.visible.map(node => node.label)).toEqual(['demo:M51*', 'demo:M51_V.fits']);
    lake.clearSearch();
    expect(lake.visible.map(node => node.label)).toEqual(['The lake']);
  });

  it('reads further pages after what is there, 47,000 lines in the end', async () => {
    const many = Array.from({ length: 47_000 }, (_, number) => makeDid({ name: `f${number}` }));
    const dids = vi.fn((_: string, { offset, limit }: { offset: number; limit: number }) =>
      Promise.resolve({ dids: many.slice(offset, offset + limit), more: offset + limit < many.length })
    );
    const lake = new DataLake(fakeClient({ scopes: () => Promise.resolve([]), dids }));
    await lake.search({ service: 'lake', pattern: 'demo:*', kind: 'all', conditions: [] });
    const found = lake.found;
    expect(lake.lines.at(-1)?.isMore).toBe(true);
    while (found?.more) {
      await lake.loadMore(found);
    }
    expect(lake.visible).toHaveLength(47_001);
    expect(new Set(lake.visible.map(node => node.key)).size).toBe(47_001);
    const tops = topsOf(lake.lines);
    const drawn = linesIn(tops, 500_000, 600, 0);
    expect(drawn.length).toBeLessThan(60);
    expect(drawn[0]).toBe(0);
    expect(tops[drawn[15] ?? 0]).toBeGreaterThan(499_000);
  });

  it('writes metadata conditions as Rucio reads them', async () => {
    const dids = vi.fn(() => Promise.resolve({ dids: [], more: false }));
    const lake = new DataLake(fakeClient({ scopes: () => Promise.resolve([]), dids }));
    const conditions = [
      { key: 'project', operator: '=' as const, value: 'M51' },
      { key: '', operator: '>' as const, value: '' },
      { key: 'length', operator: '>=' as const, value: ' 3 ' }
    ];
    await lake.search({ service: 'lake', pattern: 'demo:*', kind: 'all', conditions });
    expect(dids).toHaveBeenCalledWith('lake', expect.objectContaining({ filters: 'project=M51,length>=3' }));
    expect(isReadable({ key: 'a', operator: '=', value: 'b,c' })).toBe(false);
  });

  it('offers the metadata that the DIDs seen have, and says why a rule could not be made', async () => {
    const did = makeDid({ name: 'set', type: 'DATASET' });
    const client = fakeClient({
      scopes: () => Promise.resolve([]),
      dids: () => Promise.resolve({ dids: [did], more: false }),
      replicas: () => Promise.resolve({ replicas: [], more: false }),
      rules: () => Promise.resolve([]),
      metadata: () => Promise.resolve({ instrument: 'WFC' }),
      siteRSE: () => Promise.resolve('SITE'),
      account: () => Promise.resolve('jdoe'),
      rses: () => Promise.resolve([]),
      addRule: () => Promise.reject(new EsapError({ code: 'quota-exceeded', message: 'There is no quota.' }))
    });
    const lake = new DataLake(client);
    await lake.search({ service: 'lake', pattern: 'demo:*', kind: 'all', conditions: [] });
    await lake.choose(lineOf(lake, 'demo:set'));
    expect(lake.metadataKeys).toContain('instrument');
    expect(lake.lakes.get('lake')?.account).toBe('jdoe');
    expect(await lake.addRule({ rse_expression: 'SITE', copies: 1, lifetime: null })).toBe(false);
    expect(lake.details?.ruleError?.message).toBe('There is no quota.');
    expect(lake.details?.error).toBeNull();
  });
});
