import type { Condition } from './api/types';
import { pythonString } from './code';
import { openingOf, rowsShown, type TableWithColumns } from './codeOfSelection';

/** A table of which the rows are drawn that meet the conditions. */
export type DrawnTable = TableWithColumns & { conditions: readonly Condition[] };

/** Which columns are plotted. */
export interface PlottedColumns {
  x: string;
  y: string;
  xLog: boolean;
  yLog: boolean;
}

/** The cell that draws the same plot; of a filtered table, of the same rows. */
export function codeOfPlot(table: DrawnTable, { x, y, xLog, yLog }: PlottedColumns): string {
  return [
    ...openingOfDrawn(table),
    `ax = ${nameOfDrawn(table)}.plot(${pythonString(x)}, ${pythonString(y)})`,
    ...(xLog ? ['ax.set_xscale("log")'] : []),
    ...(yLog ? ['ax.set_yscale("log")'] : [])
  ].join('\n');
}

/** The cell that draws the same positions on the sky; of a filtered table, of the same rows. */
export function codeOfSky(
  table: DrawnTable,
  { ra, dec, projection }: { ra: string; dec: string; projection: string }
): string {
  const columns = `${pythonString(ra)}, ${pythonString(dec)}`;
  return [
    ...openingOfDrawn(table),
    `${nameOfDrawn(table)}.plot_sky(${columns}, projection=${pythonString(projection)})`
  ].join('\n');
}

function openingOfDrawn(table: DrawnTable): string[] {
  return [openingOf(table), ...rowsShown(table.columns, { conditions: table.conditions, order: [] }), ''];
}

function nameOfDrawn({ conditions }: DrawnTable): string {
  return conditions.length === 0 ? 'table' : 'rows';
}
