import { Changing } from '../models/changing';
import type { TableRows } from '../models/tableRows';
import type { TableGrid } from './grid';

/** What of a table is looked at: which rows are selected, and what is open beside the grid. */
export class TableView extends Changing {
  private _drawer: 'none' | 'links' | 'columns' = 'none';
  private _plotting = false;

  constructor(
    readonly rows: TableRows,
    readonly grid: TableGrid
  ) {
    super();
    grid.selectionModel?.changed.connect(() => this.emitChanged());
  }

  get drawer(): 'none' | 'links' | 'columns' {
    return this._drawer;
  }

  set drawer(name: 'none' | 'links' | 'columns') {
    this._drawer = name;
    this.emitChanged();
  }

  /** Whether a plot stands beside the grid. */
  get plotting(): boolean {
    return this._plotting;
  }

  set plotting(wanted: boolean) {
    this._plotting = wanted;
    this.emitChanged();
  }

  get sexagesimal(): boolean {
    return this.grid.sexagesimal;
  }

  set sexagesimal(wanted: boolean) {
    this.grid.sexagesimal = wanted;
    this.emitChanged();
  }
}
