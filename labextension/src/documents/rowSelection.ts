import { BasicSelectionModel } from '@lumino/datagrid';

/** Whole rows that are selected; many may be selected at once. */
export class RowSelection extends BasicSelectionModel {
  private _isSelecting = false;

  /** Select these rows, ascending, and no others. */
  selectRows(rows: readonly number[]): void {
    const lastColumn = this.dataModel.columnCount('body') - 1;
    this._isSelecting = true;
    this.clear();
    for (let from = 0; from < rows.length; ) {
      let to = from;
      while (to + 1 < rows.length && rows[to + 1] === (rows[to] ?? 0) + 1) {
        to += 1;
      }
      const [r1 = 0, r2 = 0] = [rows[from], rows[to]];
      this.select({ r1, c1: 0, r2, c2: lastColumn, cursorRow: r1, cursorColumn: 0, clear: 'none' });
      from = to + 1;
    }
    this._isSelecting = false;
    this.emitChanged();
  }

  /** Who looks on is told once, not of each row. */
  protected override emitChanged(): void {
    if (!this._isSelecting) {
      super.emitChanged();
    }
  }
}
