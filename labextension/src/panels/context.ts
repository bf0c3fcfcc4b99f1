import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext, useEffect, useReducer } from 'react';
import type { Changing } from '../models/changing';
import type { Esap } from '../models/esap';

/** What every view is given. */
export interface ViewContext {
  esap: Esap;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** Lets the person choose a file that the file browser shows; resolves to its path, empty if they did not. */
  chooseFile?: (() => Promise<string>) | undefined;
}

const Context = createContext<ViewContext | null>(null);

export const ViewContextProvider = Context.Provider;

export function useView(): ViewContext {
  const context = useContext(Context);
  if (!context) {
    throw new Error('A view of ESAP is drawn outside its context.');
  }
  return context;
}

/** Draw again whenever this state has changed. */
export function useChanges(model: Changing): void {
  const [, drawAgain] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    model.changed.connect(drawAgain);
    // What changed between drawing and connecting.
    drawAgain();
    return () => {
      model.changed.disconnect(drawAgain);
    };
  }, [model]);
}
