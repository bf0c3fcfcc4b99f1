import { EsapError, type ErrorFields } from '../api/errors';
import type { AnyModel } from './anyModel';

interface Reply {
  answer: string;
  content?: unknown;
  error?: ErrorFields;
}

export interface Answer {
  content: unknown;
  buffers: DataView[];
}

interface Asked {
  resolve(value: Answer): void;
  reject(error: EsapError): void;
}

/** Questions to the widget's object in the kernel, and its answers, over the widget's own messages. */
export class Questions {
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

  ask(question: object): Promise<Answer> {
    this._count += 1;
    const id = `${this._name}-${this._count}`;
    return new Promise((resolve, reject) => {
      this._waiting.set(id, { resolve, reject });
      this._model.send({ id, ...question });
    });
  }

  private readonly _onMessage = (message: unknown, buffers: DataView[]): void => {
    const { answer, content, error } = message as Reply;
    const asked = this._waiting.get(answer);
    this._waiting.delete(answer);
    if (error) {
      asked?.reject(new EsapError(error));
    } else {
      asked?.resolve({ content, buffers });
    }
  };
}
