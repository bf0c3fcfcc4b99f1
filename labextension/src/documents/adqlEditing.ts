import { autocompletion, completionKeymap, type CompletionSource } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from '@codemirror/commands';
import { sql } from '@codemirror/lang-sql';
import { bracketMatching } from '@codemirror/language';
import { lintGutter } from '@codemirror/lint';
import type { Extension, Text } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers, placeholder, tooltips } from '@codemirror/view';
import { ADQL } from './adqlLanguage';

export interface AdqlEditing {
  /** Says what the editor is, to who does not see it. */
  label: string;
  /** Shown while there is no query. */
  hint: string;
  complete: CompletionSource;
  run: () => void;
  changed: (text: Text) => void;
}

/** How ADQL is edited, in JupyterLab's documents and in widgets alike; colours are not among it. */
export function adqlEditing({ label, hint, complete, run, changed }: AdqlEditing): Extension {
  const runs = (): boolean => {
    run();
    return true;
  };
  return [
    lineNumbers(),
    history(),
    drawSelection(),
    bracketMatching(),
    lintGutter(),
    EditorView.lineWrapping,
    placeholder(hint),
    sql({ dialect: ADQL, upperCaseKeywords: true }),
    // A Lumino widget and a notebook's output cut off what reaches out of them.
    tooltips({ parent: document.body }),
    autocompletion({ icons: false, override: [complete] }),
    keymap.of([
      { key: 'Shift-Enter', run: runs },
      { key: 'Mod-Enter', run: runs },
      // Tab moves on, as everywhere on the page; it indents only what is selected.
      { key: 'Tab', run: view => !view.state.selection.main.empty && indentMore(view) },
      { key: 'Shift-Tab', run: view => !view.state.selection.main.empty && indentLess(view) },
      ...completionKeymap,
      ...defaultKeymap,
      ...historyKeymap
    ]),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.updateListener.of(update => {
      if (update.docChanged) {
        changed(update.state.doc);
      }
    })
  ];
}
