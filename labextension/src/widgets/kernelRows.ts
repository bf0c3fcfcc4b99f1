import { readPage, type Page } from '../api/page';
import type { Selection } from '../api/client';
import type { Column, TableDetails } from '../api/types';
import type { RowsSource } from '../models/tableRows';
import type { AnyModel } from './anyModel';
import { Questions } from './questions';

/** The rows of tables in the kernel, as Arrow. */
export class KernelRows implements RowsSource {
  private readonly _questions: Questions;

  constructor(model: AnyModel<object>) {
    this._questions = new Questions(model);
  }

  dispose(): void {
    this._questions.dispose();
  }

  async table(table: string): Promise<TableDetails> {
    const { content } = await this._questions.ask({ ask: 'table', table });
    return content as TableDetails;
  }

  async page(
    table: string,
    offset: number,
    limit: number,
    selection: Selection,
    columns: readonly Column[] = []
  ): Promise<Page> {
    const names = columns.map(column => column.name);
    const { buffers } = await this._questions.ask({ ask: 'rows', table, offset, limit, columns: names, ...selection });
    const [bytes] = buffers;
    return readPage(bytes ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array());
  }
}
