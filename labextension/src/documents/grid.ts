import {
  BasicMouseHandler,
  DataGrid,
  DataModel,
  TextRenderer,
  type CellRenderer
} from '@lumino/datagrid';
import { Signal } from '@lumino/signaling';
import type { Column } from '../api/types';
import { dragWhenMoved, type DraggedCode } from '../dragging';
import type { RowMove } from '../models/serviceRows';
import type { AnyRows } from '../models/tableRows';
import { asWritten, type Words } from '../words';
import { copyColumnsAtOnce } from './blitting';
import { formatSexagesimal, formatValue, type ShownCell } from './cells';
import { CellKeyHandler, CursorVoice } from './cursorVoice';
import { RowSelection } from './rowSelection';
import { themeColor, themeFont, translucent } from './themeColors';

const NAME_ROW = 0;
const WIDEST_COLUMN = 320;
const NARROWEST_COLUMN = 56;
const PER_CHARACTER = 7.5;

/** Lends the rows of a table to Lumino's grid: names and units in the header, numbers of rows at the left. */
class RowsModel extends DataModel {
  sexagesimal = false;
  private _columns: number;
  private _rows: number;

  constructor(readonly rows: AnyRows) {
    super();
    this._columns = rows.columns.length;
    this._rows = rows.rowCount;
    rows.changed.connect(this._onChanged, this);
    rows.arrived.connect(this._onArrived, this);
    rows.rearranged.connect(() => this._repaint(0, this._rows), this);
  }

  override rowCount(region: DataModel.RowRegion): number {
    return region === 'body' ? this._rows : 2;
  }

  override columnCount(region: DataModel.ColumnRegion): number {
    return region === 'body' ? this._columns : 1;
  }

  override data(region: DataModel.CellRegion, row: number, column: number): unknown {
    if (region === 'row-header') {
      return (row + 1).toLocaleString();
    }
    if (region === 'corner-header') {
      return '';
    }
    const shown = this.rows.columns[column];
    if (!shown) {
      return '';
    }
    return region === 'column-header' ? this._header(shown, row) : this._cell(shown, row, column);
  }

  override metadata(_region: DataModel.CellRegion, _row: number, column: number): DataModel.Metadata {
    return { numeric: isNumeric(this.rows.columns[column]) };
  }

  drawAgain(): void {
    this.emitChanged({ type: 'model-reset' });
  }

  /** What is shown in a cell; null if it is not here yet. */
  shownAt(row: number, index: number): ShownCell | null {
    const column = this.rows.columns[index];
    if (!column || row < 0 || row >= this._rows || this.rows.value(row, index) === undefined) {
      return null;
    }
    return { name: column.name, text: this._cell(column, row, index), unit: this._unit(column) };
  }

  private _unit(column: Column): string {
    return this.sexagesimal && axisOf(column) ? sexagesimalUnit(column) : column.unit;
  }

  private _header(column: Column, row: number): string {
    if (row !== NAME_ROW) {
      return this._unit(column);
    }
    const { order } = this.rows;
    const arrow = order?.column === column.name ? (order.descending ? ' ▼' : ' ▲') : '';
    return column.name + arrow;
  }

  private _cell(column: Column, row: number, index: number): string {
    const value = this.rows.value(row, index);
    if (value === undefined) {
      return '…';
    }
    const axis = this.sexagesimal ? axisOf(column) : null;
    return axis && typeof value === 'number' ? formatSexagesimal(value, axis) : formatValue(value);
  }

  private _onChanged(): void {
    const columns = this.rows.columns.length;
    const more = this.rows.rowCount - this._rows;
    const sameColumns = columns === this._columns;
    this._columns = columns;
    if (sameColumns && more > 0 && this._rows > 0) {
      // A table that grows keeps where one has scrolled to.
      const index = this._rows;
      this._rows += more;
      this.emitChanged({ type: 'rows-inserted', region: 'body', index, span: more });
    } else if (!sameColumns || more !== 0) {
      this._rows = this.rows.rowCount;
      this.emitChanged({ type: 'model-reset' });
    } else {
      this._repaint(0, this._rows);
      this.emitChanged({
        type: 'cells-changed',
        region: 'column-header',
        row: 0,
        column: 0,
        rowSpan: 2,
        columnSpan: columns
      });
    }
  }

  private _onArrived(_: AnyRows, { first, count }: { first: number; count: number }): void {
    this._repaint(first, count);
  }

  private _repaint(row: number, rowSpan: number): void {
    if (rowSpan > 0 && this._columns > 0) {
      this.emitChanged({ type: 'cells-changed', region: 'body', row, column: 0, rowSpan, columnSpan: this._columns });
    }
  }
}

/** A click on a name in the header sorts, selected rows are dragged by their numbers; all else is as in Lumino. */
class SortingMouseHandler extends BasicMouseHandler {
  /** What the selected rows are when they are dragged. */
  dragged: (() => Promise<DraggedCode>) | null = null;
  private _pressed: { x: number; y: number } | null = null;

  constructor(private readonly _rows: AnyRows) {
    super();
  }

  override onMouseDown(grid: DataGrid, event: MouseEvent): void {
    const hit = grid.hitTest(event.clientX, event.clientY);
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (this.dragged && plain && hit.region === 'row-header' && grid.selectionModel?.isRowSelected(hit.row)) {
      dragWhenMoved(event, this.dragged, () => {
        super.onMouseDown(grid, event);
        super.onMouseUp(grid, event);
      });
      return;
    }
    this._pressed = { x: event.clientX, y: event.clientY };
    super.onMouseDown(grid, event);
  }

  override onMouseUp(grid: DataGrid, event: MouseEvent): void {
    const pressed = this._pressed;
    this._pressed = null;
    super.onMouseUp(grid, event);
    const still = pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < 4;
    const hit = grid.hitTest(event.clientX, event.clientY);
    const resizing = grid.viewport.node.style.cursor.includes('resize');
    if (still && !resizing && event.button === 0 && hit.region === 'column-header') {
      const column = this._rows.columns[hit.column];
      if (column) {
        void this._rows.toggleOrder(column.name);
      }
    }
  }
}

/** A grid of the table's rows in the colours of the theme, read aloud cell by cell. */
export class TableGrid extends DataGrid {
  private readonly _model: RowsModel;
  private readonly _mouse: SortingMouseHandler;

  constructor(rows: AnyRows, label: string, trans: Words = asWritten) {
    super({
      defaultSizes: { rowHeight: 24, columnWidth: 120, rowHeaderWidth: 64, columnHeaderHeight: 24 },
      minimumSizes: { rowHeight: 20, columnWidth: 32, rowHeaderWidth: 32, columnHeaderHeight: 20 },
      headerVisibility: 'all',
      stretchLastColumn: false
    });
    this.addClass('esap-Grid');
    copyColumnsAtOnce(this);
    this._model = new RowsModel(rows);
    this.dataModel = this._model;
    this.keyHandler = new CellKeyHandler();
    this._mouse = new SortingMouseHandler(rows);
    this.mouseHandler = this._mouse;
    this.selectionModel = new RowSelection({ dataModel: this._model, selectionMode: 'row' });
    this.copyConfig = {
      separator: '\t',
      format: args => String(this._model.data(args.region, args.row, args.column)),
      headers: 'column',
      warningThreshold: 1e5
    };
    this.applyTheme();
    this.fitToContent();
    const voice = new CursorVoice(this, label, trans);
    rows.changed.connect(this._onColumns, this);
    rows.rearranged.connect(this._onRearranged, this);
    rows.arrived.connect(() => voice.say(), this);
  }

  /** Whether positions in degrees are written with hours, minutes and seconds. */
  get sexagesimal(): boolean {
    return this._model.sexagesimal;
  }

  set sexagesimal(wanted: boolean) {
    this._model.sexagesimal = wanted;
    this._model.drawAgain();
    this.fitToContent();
  }

  /** Select rows, ascending, and bring the first into sight. */
  select(rows: readonly number[]): void {
    (this.selectionModel as RowSelection).selectRows(rows);
    if (rows[0] !== undefined) {
      this.scrollToRow(rows[0]);
    }
  }

  set dragged(code: () => Promise<DraggedCode>) {
    this._mouse.dragged = code;
  }

  override dispose(): void {
    Signal.clearData(this._model);
    super.dispose();
  }

  /** What is shown in a cell; null if it is not here yet. */
  shownAt(row: number, column: number): ShownCell | null {
    return this._model.shownAt(row, column);
  }

  /** How many rows are selected. */
  get selectedCount(): number {
    let count = 0;
    for (const selection of this.selectionModel?.selections() ?? []) {
      count += Math.abs(selection.r2 - selection.r1) + 1;
    }
    return count;
  }

  /** The rows that are selected, as they are shown, the first so many. */
  selectedRows(most: number): number[] {
    const chosen = new Set<number>();
    const ranges = [...(this.selectionModel?.selections() ?? [])].map(({ r1, r2 }) => [Math.min(r1, r2), Math.max(r1, r2)] as const);
    for (const [first, last] of ranges.sort(([one], [other]) => one - other)) {
      for (let row = first; row <= last && chosen.size < most; row++) {
        chosen.add(row);
      }
    }
    return [...chosen].sort((one, other) => one - other);
  }

  /** Take the colours of the theme that is on. */
  applyTheme(): void {
    const color = themeColor;
    const rowColors = [color('layout-color1'), translucent(color('layout-color2'), 0.5)];
    this.style = {
      ...DataGrid.defaultStyle,
      voidColor: color('layout-color1'),
      backgroundColor: color('layout-color1'),
      rowBackgroundColor: row => rowColors[row % 2] ?? '',
      gridLineColor: color('border-color3'),
      headerBackgroundColor: color('layout-color2'),
      headerGridLineColor: color('border-color2'),
      headerSelectionFillColor: translucent(color('brand-color1'), 0.25),
      headerSelectionBorderColor: color('brand-color1'),
      selectionFillColor: translucent(color('brand-color1'), 0.2),
      selectionBorderColor: color('brand-color1'),
      cursorFillColor: translucent(color('brand-color1'), 0.3),
      cursorBorderColor: color('brand-color1'),
      scrollShadow: { size: 4, color1: translucent(color('ui-font-color0'), 0.12), color2: 'transparent', color3: 'transparent' }
    };
    const font = themeFont(1, 400, 'code');
    const headerFont = themeFont(1, 600);
    const unitFont = themeFont(0);
    const alignment = ({ metadata }: CellRenderer.CellConfig): TextRenderer.HorizontalAlignment =>
      (metadata as { numeric?: boolean }).numeric ? 'right' : 'left';
    this.cellRenderers.update({
      body: new TextRenderer({ font, textColor: color('ui-font-color1'), horizontalAlignment: alignment }),
      'column-header': new TextRenderer({
        font: ({ row }) => (row === NAME_ROW ? headerFont : unitFont),
        textColor: ({ row }) => color(row === NAME_ROW ? 'ui-font-color0' : 'ui-font-color2'),
        horizontalAlignment: alignment
      }),
      'row-header': new TextRenderer({ font: unitFont, textColor: color('ui-font-color2'), horizontalAlignment: 'right' }),
      'corner-header': new TextRenderer({ textColor: color('ui-font-color2') })
    });
  }

  private _fitted = '';

  private _onColumns(rows: AnyRows): void {
    if (namesOf(rows) !== this._fitted) {
      this.fitToContent();
    }
  }

  /** The selection stays with its rows; where these are not known, there is none. */
  private _onRearranged(_: AnyRows, move: RowMove | null): void {
    const selected = this.selectedRows(Infinity);
    (this.selectionModel as RowSelection).selectRows(move ? selected.map(move) : []);
  }

  /** Give each column the width that its name, its unit and the rows that are here ask for. */
  fitToContent(): void {
    const { rows } = this._model;
    this._fitted = namesOf(rows);
    rows.columns.forEach((column, index) => {
      const texts = [`${column.name} ▼`, column.unit];
      for (let row = 0; row < Math.min(rows.rowCount, 30); row++) {
        texts.push(String(this._model.data('body', row, index)));
      }
      const longest = Math.max(...texts.map(text => text.length));
      const width = Math.min(Math.max(longest * PER_CHARACTER + 20, NARROWEST_COLUMN), WIDEST_COLUMN);
      this.resizeColumn('body', index, width);
    });
  }
}

function namesOf(rows: AnyRows): string {
  return rows.columns.map(column => column.name).join('\n');
}

/** Which celestial coordinate in degrees a column holds, by its UCD. */
export function axisOf(column: Column): 'ra' | 'dec' | null {
  if (column.unit !== 'deg') {
    return null;
  }
  // UCD1+, and UCD1 as simple cone search still has it.
  const axis = /^pos[._]eq[._](ra|dec)(;|$|_main$)/i.exec(column.ucd)?.[1]?.toLowerCase();
  return axis === 'ra' || axis === 'dec' ? axis : null;
}

function sexagesimalUnit(column: Column): string {
  return axisOf(column) === 'ra' ? 'h m s' : '° ′ ″';
}

function isNumeric(column: Column | undefined): boolean {
  return column?.kind === 'number';
}
