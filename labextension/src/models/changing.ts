import { Signal, type ISignal } from '@lumino/signaling';

/** State that says when it has changed; who shows it draws again. */
export abstract class Changing {
  private readonly _changed = new Signal<this, void>(this);

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  protected emitChanged(): void {
    this._changed.emit();
  }
}
