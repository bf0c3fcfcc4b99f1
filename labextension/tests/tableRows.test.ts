import { Table, tableToIPC, vectorFromArray, Int64, Schema, Field, RecordBatch } from 'apache-arrow';
import { describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import { readPage, type Page } from '../src/api/page';
import type { TableDetails } from '../src/api/types';
import { byService, type RowMove, type ServiceCounts } from '../src/models/serviceRows';
import { TableRows } from '../src/models/tableRows';
import { fakeClient, makeReport } from './fakes';

const COLUMNS = ['access_url', 'access_format', 'flux'].map((name, index) => ({
  name,
  type: index < 2 ? 'string' : 'double',
  kind: index < 2 ? ('text' as const) : ('number' as const),
  unit: '',
  ucd: '',
  utype: '',
  xtype: '',
  description: ''
}));

function makeDetails(given: Partial<TableDetails>): TableDetails {
  return {
    id: 't1',
    title: '',
    query: null,
    file: '',
    hdu: null,
    created_at: '2026-11-22T10:00:00Z',
    rows: 2000,
    complete: true,
    interrupted: false,
    truncated: false,
    pinned: false,
    reports: [makeReport({})],
    columns: COLUMNS,
    ...given
  };
}

/** A page as the server writes it: rows of the table in reverse, with their numbers. */
function makePage(
  offset: number,
  count: number,
  total: number,
  counts: ServiceCounts = [['archive', total]]
): Page {
  const numbers = Array.from({ length: count }, (_, index) => total - 1 - offset - index);
  const rows = new Table({
    access_url: vectorFromArray(numbers.map(number => `http://archive/${number}`)),
    access_format: vectorFromArray(numbers.map(() => 'application/x-votable+xml;content=datalink')),
    flux: vectorFromArray(numbers.map(number => number / 2)),
    row: vectorFromArray(numbers.map(BigInt), new Int64())
  });
  const fields = rows.schema.fields.map(field =>
    field.name === 'row'
      ? new Field(field.name, field.type, field.nullable, new Map([['esap.row-number', '1']]))
      : field
  );
  const schema = new Schema(fields, new Map([
    ['esap.total', String(total)],
    ['esap.services', JSON.stringify(counts)]
  ]));
  const marked = new Table(
    schema,
    rows.batches.map(batch => new RecordBatch(schema, batch.data))
  );
  return readPage(tableToIPC(marked, 'stream'));
}

describe('the rows of a table', () => {
  it('are read a page at a time, as they come into sight', async () => {
    const page = vi.fn((_: string, offset: number, limit: number) => Promise.resolve(makePage(offset, limit, 2000)));
    const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
    await rows.open();
    expect(rows.rowCount).toBe(2000);
    expect(page).toHaveBeenCalledTimes(1);
    expect(rows.value(0, 2)).toBe(999.5);

    expect(rows.value(1500, 2)).toBeUndefined();
    const arrived = vi.fn();
    rows.arrived.connect((_, which) => {
      arrived(which);
    });
    await vi.waitFor(() => expect(arrived).toHaveBeenCalledWith({ first: 1500, count: 500 }));
    expect(rows.value(1500, 2)).toBe(249.5);
  });

  it('know which rows of the table they are when they are sorted', async () => {
    const page = vi.fn((_: string, offset: number, limit: number) => Promise.resolve(makePage(offset, limit, 2000)));
    const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
    await rows.open();
    expect((await rows.pick([1, 2])).numbers).toEqual([1, 2]);
    await rows.toggleOrder('flux');
    expect(rows.order).toEqual({ column: 'flux', descending: false });
    expect((await rows.pick([0, 3])).numbers).toEqual([1999, 1996]);
    await rows.toggleOrder('flux');
    expect(rows.order).toEqual({ column: 'flux', descending: true });
    await rows.toggleOrder('flux');
    expect(rows.order).toBeNull();
  });

  it('drop what comes for an order that is no longer wanted', async () => {
    const late: ((page: Page) => void)[] = [];
    const page = vi.fn(
      (_: string, offset: number, limit: number, selection: { order: unknown[] }) =>
        offset === 500 && selection.order.length === 0
          ? new Promise<Page>(resolve => late.push(resolve))
          : Promise.resolve(makePage(offset, limit, 2000))
    );
    const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
    await rows.open();
    rows.value(500, 2);
    await vi.waitFor(() => expect(late).toHaveLength(1));
    await rows.toggleOrder('flux');
    late[0]?.(makePage(0, 500, 2000));
    await Promise.resolve();
    expect(rows.value(500, 2)).toBeUndefined();
  });

  it('are read again where rows of another service came before them', async () => {
    let total = 2000;
    const page = vi.fn((_: string, offset: number, limit: number) =>
      Promise.resolve(makePage(offset, limit, total, [['archive', total - 1000], ['b', 1000]]))
    );
    const reports = [makeReport({}), makeReport({ service: 'b' })];
    const table = (): Promise<TableDetails> =>
      Promise.resolve(makeDetails({ rows: total, complete: total > 2000, reports }));
    vi.useFakeTimers();
    try {
      const rows = new TableRows(fakeClient({ table, page }), { id: 't1' });
      const moves: (RowMove | null)[] = [];
      rows.rearranged.connect((_, move) => moves.push(move));
      void rows.open();
      await vi.advanceTimersByTimeAsync(0);
      const before = await rows.pick([999, 1000]);
      rows.value(500, 2);
      await vi.advanceTimersByTimeAsync(0);
      expect(rows.value(500, 2)).toBe(749.5);
      total = 2100;
      await vi.advanceTimersByTimeAsync(400);
      expect(rows.value(0, 2)).toBe(1049.5);
      expect(rows.value(500, 2)).toBeUndefined();
      await vi.advanceTimersByTimeAsync(0);
      expect(rows.value(500, 2)).toBe(799.5);
      const [move, ...others] = moves;
      expect(others).toEqual([]);
      expect([999, 1000].map(row => move?.(row))).toEqual([999, 1100]);
      expect(byService(before)).toEqual(new Map([['archive', [999]], ['b', [0]]]));
      expect(byService(await rows.pick([999, 1100]))).toEqual(byService(before));
    } finally {
      vi.useRealTimers();
    }
  });

  it('are not mistaken for others once they are sorted, filtered or more of a sorted table', async () => {
    let total = 2000;
    const page = vi.fn((_: string, offset: number, limit: number) => Promise.resolve(makePage(offset, limit, total)));
    const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
    await rows.open();
    const rearranged = vi.fn();
    rows.rearranged.connect((_, move) => {
      rearranged(move);
    });
    await rows.toggleOrder('flux');
    expect(rearranged.mock.calls).toEqual([[null]]);
    await rows.addCondition({ column: 'flux', operator: '>', value: '1' });
    expect(rearranged.mock.calls).toEqual([[null], [null]]);
    total = 2100;
    await expect(rows.pick([3])).rejects.toMatchObject({ code: 'rows-moved', hint: 'Select the rows again.' });
  });

  it('are read again, though more came between the two questions', async () => {
    const page = vi
      .fn((_: string, offset: number, limit: number) => Promise.resolve(makePage(offset, limit, 2000)))
      .mockImplementationOnce((_, offset, limit) => Promise.resolve(makePage(offset, limit, 10)));
    const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
    await rows.open();
    expect(rows.rowCount).toBe(2000);
    expect(rows.value(0, 2)).toBe(999.5);
    expect(page).toHaveBeenCalledTimes(2);
  });

  it('are followed further after the server could not be reached for a moment', async () => {
    let total = 2000;
    const table = vi
      .fn(() => Promise.resolve(makeDetails({ rows: total, complete: total > 2000 })))
      .mockRejectedValueOnce(new TypeError('Failed to fetch'));
    const page = (_: string, offset: number, limit: number): Promise<Page> =>
      Promise.resolve(makePage(offset, limit, total));
    vi.useFakeTimers();
    try {
      const rows = new TableRows(fakeClient({ table, page }), { id: 't1' });
      void rows.open();
      await vi.advanceTimersByTimeAsync(0);
      expect(rows).toMatchObject({ rowCount: 0, retries: true, error: { code: 'no-connection' } });
      await vi.advanceTimersByTimeAsync(1000);
      expect(rows).toMatchObject({ rowCount: 2000, retries: false, error: null });
      table.mockRejectedValueOnce(new TypeError('Failed to fetch'));
      await vi.advanceTimersByTimeAsync(400);
      expect(rows).toMatchObject({ rowCount: 2000, retries: true, error: { code: 'no-connection' } });
      total = 2100;
      await vi.advanceTimersByTimeAsync(1000);
      expect(rows).toMatchObject({ rowCount: 2100, retries: false, error: null });
    } finally {
      vi.useRealTimers();
    }
  });

  it('that cannot be read are not asked for until a while has passed', async () => {
    let broken = true;
    const page = vi.fn((_: string, offset: number, limit: number) =>
      broken && offset > 0
        ? Promise.reject(new TypeError('Failed to fetch'))
        : Promise.resolve(makePage(offset, limit, 2000))
    );
    vi.useFakeTimers();
    try {
      const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
      await rows.open();
      // As the grid does, whenever something has changed.
      rows.changed.connect(() => {
        rows.value(500, 2);
      });
      rows.value(500, 2);
      await vi.advanceTimersByTimeAsync(900);
      expect(page).toHaveBeenCalledTimes(2);
      expect(rows).toMatchObject({ retries: true, error: { code: 'no-connection' } });
      await vi.advanceTimersByTimeAsync(2000);
      expect(page).toHaveBeenCalledTimes(3);
      broken = false;
      await vi.advanceTimersByTimeAsync(100);
      expect(rows.error).toBeNull();
      expect(rows.value(500, 2)).toBe(749.5);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that the server refuses are asked for again only when one tries again', async () => {
    const refused = new EsapError({ code: 'state', message: 'The table is damaged.' });
    let broken = true;
    const page = vi.fn((_: string, offset: number, limit: number) =>
      broken && offset > 0 ? Promise.reject(refused) : Promise.resolve(makePage(offset, limit, 2000))
    );
    vi.useFakeTimers();
    try {
      const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
      await rows.open();
      rows.changed.connect(() => {
        rows.value(500, 2);
      });
      rows.value(500, 2);
      await vi.advanceTimersByTimeAsync(100_000);
      expect(page).toHaveBeenCalledTimes(2);
      expect(rows).toMatchObject({ retries: false, error: refused });
      broken = false;
      await rows.open();
      await vi.advanceTimersByTimeAsync(0);
      expect(rows.value(500, 2)).toBe(749.5);
    } finally {
      vi.useRealTimers();
    }
  });

  it('take back a condition that the server refuses, and say why', async () => {
    const page = vi.fn((_: string, offset: number, limit: number, selection: { conditions: unknown[] }) =>
      selection.conditions.length > 0
        ? Promise.reject(new TypeError('no number'))
        : Promise.resolve(makePage(offset, limit, 2000))
    );
    const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
    await rows.open();
    await rows.addCondition({ column: 'flux', operator: '>', value: 'much' });
    expect(rows.conditions).toEqual([]);
    expect(rows.error).not.toBeNull();
    expect(rows.rowCount).toBe(2000);
  });

  it('lead to their DataLink documents', async () => {
    const page = (_: string, offset: number, limit: number): Promise<Page> =>
      Promise.resolve(makePage(offset, limit, 2000));
    const rows = new TableRows(fakeClient({ table: () => Promise.resolve(makeDetails({})), page }), { id: 't1' });
    await rows.open();
    expect(rows.linkOf(0)).toEqual({ service: 'archive', url: 'http://archive/1999' });
  });
});
