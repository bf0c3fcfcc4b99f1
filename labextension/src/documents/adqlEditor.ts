import { syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { jupyterHighlightStyle, jupyterTheme } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { EsapError } from '../api/errors';
import type { AdqlQuery } from '../models/adqlQuery';
import { adqlEditing } from './adqlEditing';
import { completeAdql } from './adqlLanguage';

/** The text of an ADQL query: highlighted, completed, with the service's complaint where it belongs. */
export class AdqlEditor extends Widget {
  private readonly _view: EditorView;
  private _shownError: EsapError | null = null;

  constructor(
    private readonly _query: AdqlQuery,
    trans: TranslationBundle
  ) {
    super();
    this.addClass('esap-AdqlEditor');
    this._view = new EditorView({
      parent: this.node,
      state: EditorState.create({
        doc: _query.adql,
        extensions: [
          adqlEditing({
            label: trans.__('ADQL query'),
            hint: 'SELECT …',
            complete: context => completeAdql(context, _query.schema),
            run: () => void _query.run(),
            changed: text => {
              _query.adql = text.toString();
            }
          }),
          jupyterTheme,
          syntaxHighlighting(jupyterHighlightStyle)
        ]
      })
    });
    _query.changed.connect(this._onChanged, this);
  }

  override dispose(): void {
    this._query.changed.disconnect(this._onChanged, this);
    this._view.destroy();
    super.dispose();
  }

  focus(): void {
    this._view.focus();
  }

  /** Put a name where the cursor is. */
  insert(text: string): void {
    this._view.dispatch(this._view.state.replaceSelection(text));
    this._view.focus();
  }

  private _onChanged(): void {
    const { doc } = this._view.state;
    if (doc.toString() !== this._query.adql) {
      this._view.dispatch({ changes: { from: 0, to: doc.length, insert: this._query.adql } });
    }
    const error = this._query.rejection;
    if (error !== this._shownError) {
      this._shownError = error;
      this._view.dispatch(setDiagnostics(this._view.state, error?.line ? [this._diagnostic(error, error.line)] : []));
    }
  }

  private _diagnostic(error: EsapError, lineNumber: number): Diagnostic {
    const { doc } = this._view.state;
    const line = doc.line(Math.min(Math.max(lineNumber, 1), doc.lines));
    const from = Math.min(line.from + Math.max((error.column ?? 1) - 1, 0), line.to);
    const rest = /^[\w.]+|^\S/.exec(doc.sliceString(from, line.to));
    return { from, to: from + (rest?.[0].length ?? 0), severity: 'error', message: error.message };
  }
}
