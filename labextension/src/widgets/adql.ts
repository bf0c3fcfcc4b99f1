import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState, type Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { adqlEditing } from '../documents/adqlEditing';
import { adqlTheme } from './adqlTheme';
import { observe, type AnyModel } from './anyModel';
import { Questions } from './questions';
import './adql.css';

/** The traits of `esap_jupyter.widgets.adql_editor.AdqlEditor`. */
interface Traits {
  value: string;
  /** How often a person has changed it. */
  edits: number;
  error_line: number | null;
  error_column: number | null;
  error_message: string;
  label: string;
}

type Model = AnyModel<Traits>;

/** As `esap_jupyter.face.adql_completion.Completion` has it. */
interface Offered {
  text: string;
  kind: string;
  unit: string;
  description: string;
}

/** One display of the query. */
class View {
  private readonly _view: EditorView;
  private readonly _ends: (() => void)[];
  private _edits: number;

  constructor(
    private readonly _model: Model,
    private readonly _questions: Questions,
    host: HTMLElement
  ) {
    this._edits = _model.get('edits');
    const label = document.createElement('span');
    label.className = 'esap-AdqlWidget-label';
    label.textContent = _model.get('label');
    label.setAttribute('aria-hidden', 'true');
    const editor = document.createElement('div');
    editor.className = 'esap-AdqlWidget-editor';
    host.append(label, editor);
    this._view = new EditorView({
      parent: editor,
      state: EditorState.create({
        doc: _model.get('value'),
        extensions: [
          adqlEditing({
            label: _model.get('label'),
            hint: 'SELECT TOP 10 * FROM …    (Shift-Enter asks)',
            complete: context => this._complete(context),
            run: () => _model.send({ ask: 'run', adql: this._view.state.doc.toString() }),
            changed: text => this._save(text)
          }),
          adqlTheme
        ]
      })
    });
    const mark = (): void => this._mark();
    this._ends = [
      observe(_model, 'value', () => this._show()),
      observe(_model, 'error_line', mark),
      observe(_model, 'error_column', mark),
      observe(_model, 'error_message', mark)
    ];
    this._mark();
  }

  dispose(): void {
    this._ends.forEach(end => end());
    this._view.destroy();
  }

  private _save(doc: Text): void {
    if (doc.toString() !== this._model.get('value')) {
      this._edits = Math.max(this._edits, this._model.get('edits')) + 1;
      this._tell(doc);
    }
  }

  private _tell(doc: Text): void {
    this._model.set('edits', this._edits);
    this._model.set('value', doc.toString());
    this._model.save_changes();
  }

  private _show(): void {
    const { doc } = this._view.state;
    if (this._model.get('edits') < this._edits) {
      // The kernel tells what there was before it heard of the last letters.
      this._tell(doc);
      return;
    }
    this._edits = this._model.get('edits');
    const adql = this._model.get('value');
    if (doc.toString() !== adql) {
      this._view.dispatch({ changes: { from: 0, to: doc.length, insert: adql } });
    }
  }

  private _mark(): void {
    const line = this._model.get('error_line');
    this._view.dispatch(setDiagnostics(this._view.state, line ? [this._diagnostic(line)] : []));
  }

  private _diagnostic(lineNumber: number): Diagnostic {
    const { doc } = this._view.state;
    const line = doc.line(Math.min(Math.max(lineNumber, 1), doc.lines));
    const from = Math.min(line.from + Math.max((this._model.get('error_column') ?? 1) - 1, 0), line.to);
    const rest = /^[\w.]+|^\S/.exec(doc.sliceString(from, line.to));
    return { from, to: from + (rest?.[0].length ?? 0), severity: 'error', message: this._model.get('error_message') };
  }

  private async _complete(context: CompletionContext): Promise<CompletionResult | null> {
    const adql = context.state.doc.toString();
    if (!context.explicit && /(^|[\s,;()])$/.test(adql.slice(0, context.pos))) {
      return null;
    }
    // Python counts characters, JavaScript halves of some of them.
    const at = Array.from(adql.slice(0, context.pos)).length;
    const { content } = await this._questions.ask({ ask: 'complete', adql, at });
    const { from, options } = content as { from: number; options: readonly Offered[] };
    return {
      from: Array.from(adql).slice(0, from).join('').length,
      options: options.map(({ text, kind, unit, description }) => ({
        label: text,
        detail: unit || (kind === 'column' ? '' : kind),
        ...(description ? { info: description } : {})
      })),
      // The kernel has chosen, and knows of more than were sent.
      filter: false
    };
  }
}

/** What anywidget runs: once for each widget, and `render` for each of its displays. */
export default (): object => {
  let questions: Questions;

  function initialize({ model }: { model: Model }): () => void {
    questions = new Questions(model);
    return () => questions.dispose();
  }

  function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
    el.classList.add('esap-AdqlWidget');
    // Its keys are its own: without this Shift-Enter would run the notebook's cell.
    el.dataset.lmSuppressShortcuts = 'true';
    const stop = (event: KeyboardEvent): void => event.stopPropagation();
    el.addEventListener('keydown', stop);
    const view = new View(model, questions, el);
    return () => {
      el.removeEventListener('keydown', stop);
      view.dispose();
      el.replaceChildren();
    };
  }

  return { initialize, render };
};
