import { BasicKeyHandler, type DataGrid } from '@lumino/datagrid';
import type { Words } from '../words';
import { describeCell } from './cells';
import type { TableGrid } from './grid';

/** Says the cell at the cursor when a person moves it: a canvas has no text for who does not see it. */
export class CursorVoice {
  private readonly _said = element();

  constructor(
    private readonly _grid: TableGrid,
    label: string,
    private readonly _trans: Words
  ) {
    const keys = element();
    keys.id = `esap-grid-keys-${(count += 1)}`;
    keys.textContent = _trans.__(
      'The arrow keys go from cell to cell, Page Up and Page Down further; with Shift, up and down select several rows; Control and C copy them.'
    );
    this._said.setAttribute('role', 'status');
    _grid.node.append(keys, this._said);
    const { node } = _grid.viewport;
    node.tabIndex = 0;
    node.setAttribute('role', 'application');
    node.setAttribute('aria-roledescription', _trans.__('table'));
    node.setAttribute('aria-label', label);
    node.setAttribute('aria-describedby', keys.id);
    _grid.selectionModel?.changed.connect(() => this.say());
    // A click moves the cursor before it brings the focus.
    node.addEventListener('focus', () => this.say());
    node.addEventListener('blur', () => this.say());
  }

  /** Say what is at the cursor; nothing if that was moved from elsewhere, as by a plot of the table. */
  say(): void {
    const { selectionModel: model, viewport } = this._grid;
    const isHere = viewport.node.matches(':focus-within');
    const cell = model && isHere ? this._grid.shownAt(model.cursorRow, model.cursorColumn) : null;
    let text = '';
    if (cell && model) {
      const selected = model.isRowSelected(model.cursorRow) ? this._grid.selectedCount : 0;
      text = describeCell(cell, model.cursorRow, selected, this._trans);
    }
    if (text !== this._said.textContent) {
      this._said.textContent = text;
    }
  }
}

/** Left and right go from cell to cell of a row, so that each is heard; all else is as in Lumino. */
export class CellKeyHandler extends BasicKeyHandler {
  override onKeyDown(grid: DataGrid, event: KeyboardEvent): void {
    // Lumino would keep Tab, and who came by keyboard could not leave.
    if (event.key !== 'Tab') {
      super.onKeyDown(grid, event);
    }
  }

  protected override onArrowLeft(grid: DataGrid, event: KeyboardEvent): void {
    if (!this._step(grid, event, -1)) {
      super.onArrowLeft(grid, event);
    }
  }

  protected override onArrowRight(grid: DataGrid, event: KeyboardEvent): void {
    if (!this._step(grid, event, 1)) {
      super.onArrowRight(grid, event);
    }
  }

  private _step(grid: DataGrid, event: KeyboardEvent, by: number): boolean {
    const { selectionModel: model } = grid;
    const selection = model?.currentSelection();
    if (!model || !selection || event.shiftKey || event.ctrlKey || event.metaKey) {
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    const last = grid.columnCount('body') - 1;
    const cursorColumn = Math.min(Math.max(model.cursorColumn + by, 0), last);
    model.select({ ...selection, cursorRow: model.cursorRow, cursorColumn, clear: 'current' });
    grid.scrollToCursor();
    return true;
  }
}

let count = 0;

function element(): HTMLElement {
  const made = document.createElement('div');
  made.className = 'esap-hidden';
  return made;
}
