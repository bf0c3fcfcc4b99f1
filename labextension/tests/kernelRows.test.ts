import { Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import type { AnyModel } from '../src/widgets/anyModel';
import { KernelRows } from '../src/widgets/kernelRows';

/** A widget's model whose messages a test sees and answers. */
class FakeModel {
  readonly sent: Record<string, unknown>[] = [];
  private _hear: ((content: unknown, buffers: DataView[]) => void) | null = null;

  send(content: unknown): void {
    this.sent.push(content as Record<string, unknown>);
  }

  on(_: string, hear: (content: unknown, buffers: DataView[]) => void): void {
    this._hear = hear;
  }

  answer(place: number, content: object, buffers: DataView[] = []): void {
    this._hear?.({ answer: this.sent[place]?.id, ...content }, buffers);
  }
}

function makeRows(): { model: FakeModel; rows: KernelRows } {
  const model = new FakeModel();
  return { model, rows: new KernelRows(model as unknown as AnyModel<object>) };
}

const SELECTION = { conditions: [], order: [{ column: 'mag', descending: true }] };

describe('rows from a kernel', () => {
  it('are Arrow in a buffer of the answer', async () => {
    const { model, rows } = makeRows();
    const asked = rows.page('t1', 500, 2, SELECTION);
    expect(model.sent[0]).toMatchObject({ ask: 'rows', table: 't1', offset: 500, limit: 2, order: SELECTION.order });
    const bytes = tableToIPC(new Table({ mag: vectorFromArray([1.5, 2.5]) }), 'stream');
    // As it comes off a socket: not at the start of its buffer.
    const socket = new Uint8Array(bytes.length + 8);
    socket.set(bytes, 8);
    model.answer(0, {}, [new DataView(socket.buffer, 8)]);
    const page = await asked;
    expect(page.count).toBe(2);
    expect(page.value(1, 'mag')).toBe(2.5);
  });

  it('come to who asked for them, in any order', async () => {
    const { model, rows } = makeRows();
    const [one, other] = [rows.table('t1'), rows.table('t2')];
    model.answer(1, { content: { id: 't2' } });
    model.answer(0, { content: { id: 't1' } });
    expect(await one).toEqual({ id: 't1' });
    expect(await other).toEqual({ id: 't2' });
  });

  it('that cannot be had are an error for people', async () => {
    const { model, rows } = makeRows();
    const asked = rows.page('t1', 0, 2, SELECTION);
    model.answer(0, { error: { code: 'input', message: 'There is no column "mag".', hint: 'See the columns.' } });
    await expect(asked).rejects.toMatchObject({ code: 'input', hint: 'See the columns.' });
  });

  it('of another page are not taken', async () => {
    const { model, rows } = makeRows();
    const asked = rows.table('t1');
    const other = makeRows();
    void other.rows.table('t9');
    model.answer(0, { answer: other.model.sent[0]?.id, content: { id: 't9' } });
    model.answer(0, { content: { id: 't1' } });
    expect(await asked).toEqual({ id: 't1' });
  });
});
