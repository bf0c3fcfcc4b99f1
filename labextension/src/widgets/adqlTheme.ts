import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

// Each of JupyterLab's variables has a value of its own, for pages that have no JupyterLab around them.
const FONT = {
  fontFamily: 'var(--jp-code-font-family, monospace)',
  fontSize: 'var(--jp-code-font-size, 13px)'
};
const TEXT = 'var(--jp-ui-font-color1, #212121)';
const MUTED = 'var(--jp-ui-font-color2, #616161)';
const LINE = 'var(--jp-border-color2, #e0e0e0)';
const BRAND = 'var(--jp-brand-color1, #1976d2)';
const CHOSEN = 'var(--jp-editor-selected-focused-background, #d7d4f0)';

const COLORS = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--jp-mirror-editor-keyword-color, #007b00)', fontWeight: 'bold' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--jp-mirror-editor-builtin-color, #00676f)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--jp-mirror-editor-number-color, #06660a)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--jp-mirror-editor-string-color, #ba2121)' },
  { tag: tags.comment, color: 'var(--jp-mirror-editor-comment-color, #406a6c)', fontStyle: 'italic' }
]);

const THEME = EditorView.theme({
  '&': { ...FONT, color: 'var(--jp-content-font-color1, #212121)' },
  // The field around it shows where the focus is.
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: '1.45', maxHeight: '24em', overflow: 'auto' },
  '.cm-content, .cm-gutter': { minHeight: '8.7em' },
  '.cm-content': { caretColor: 'var(--jp-editor-cursor-color, #212121)' },
  '.cm-cursor': { borderLeftColor: 'var(--jp-editor-cursor-color, #212121)' },
  '.cm-placeholder': { color: MUTED },
  '.cm-gutters': { backgroundColor: 'transparent', color: MUTED, borderRight: `1px solid ${LINE}` },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: CHOSEN
  },
  '.cm-tooltip': {
    ...FONT,
    color: TEXT,
    backgroundColor: 'var(--jp-layout-color1, #fff)',
    border: `1px solid ${LINE}`,
    boxShadow: '0 2px 6px rgba(0, 0, 0, 0.3)'
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'inherit', maxHeight: '16em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    color: 'var(--jp-ui-inverse-font-color1, #fff)',
    backgroundColor: BRAND
  },
  '.cm-completionDetail': { marginLeft: '1em', color: MUTED, fontStyle: 'normal' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-tooltip.cm-completionInfo': {
    maxWidth: '28em',
    padding: '4px 8px',
    fontFamily: 'var(--jp-ui-font-family, sans-serif)',
    whiteSpace: 'pre-line'
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--jp-error-color1, #d32f2f)' }
});

/** As JupyterLab's own editors look, dark and light; without its code. */
export const adqlTheme: Extension = [THEME, syntaxHighlighting(COLORS)];
