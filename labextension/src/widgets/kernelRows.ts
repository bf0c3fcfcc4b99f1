import { EsapError, type ErrorFields } from '../api/errors';
import { readPage, type Page } from '../api/page';
import type { Selection } from '../api/client';
import type { Column, TableDetails } from '../api/types';
import type { RowsSource } from '../models/tableRows';
import type { AnyModel } from './anyModel';

interface Answer {
  answer: string;
  content?: unknown;
  error?: ErrorFields;
}

interface Asked {
  resolve(value: { content: unknown; buffers: DataView[] }): void;
  reject(error: EsapError): void;
}

/** The rows of tables in the kernel: questions and Arrow go over the widget's own messages. */
export class KernelRows implements RowsSource {
  // Answers go to every page that shows the widget: each knows its own.
  private readonly _name = Math.random().toString(36).slice(2);
  private readonly _waiting = new Map<string, Asked>();
  private _count = 0;

  constructor(private readonly _model: AnyModel<object>) {
    _model.on('msg:custom', this._onMessage);
  }

  dispose(): void {
    this._model.off('msg:custom', this._onMessage);
    this._waiting.clear();
  }

  async table(table: string): Promise<TableDetails> {
    const { content } = await this._ask({ ask: 'table', table });
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
    const { buffers } = await this._ask({ ask: 'rows', table, offset, limit, columns: names, ...selection });
    const [bytes] = buffers;
    return readPage(bytes ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array());
  }

  private _ask(question: object): Promise<{ content: unknown; buffers: DataView[] }> {
    this._count += 1;
    const id = `${this._name}-${this._count}`;
    return new Promise((resolve, reject) => {
      this._waiting.set(id, { resolve, reject });
      this._model.send({ id, ...question });
    });
  }

  private readonly _onMessage = (message: unknown, buffers: DataView[]): void => {
    const { answer, content, error } = message as Answer;
    const asked = this._waiting.get(answer);
    this._waiting.delete(answer);
    if (error) {
      asked?.reject(new EsapError(error));
    } else {
      asked?.resolve({ content, buffers });
    }
  };
}
