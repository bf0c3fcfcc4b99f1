import type { Condition } from './api/types';
import { codeOfTable, pythonString } from './code';

/** Which columns are plotted. */
export interface PlottedColumns {
  x: string;
  y: string;
  xLog: boolean;
  yLog: boolean;
}

interface Axis {
  label: string;
  unit: string;
  reversed?: boolean;
}

/** The cell that draws the same plot; of a filtered table, of the same rows. */
export function codeOfPlot(
  tableId: string,
  { x, y, xLog, yLog }: PlottedColumns,
  conditions: readonly Condition[],
  axes: { x: Axis; y: Axis }
): string {
  const scales = [
    ...(xLog ? ['ax.set_xscale("log")'] : []),
    ...(yLog ? ['ax.set_yscale("log")'] : [])
  ];
  const [across, up] = [pythonString(x), pythonString(y)];
  const drawn =
    conditions.length === 0
      ? [`ax = table.plot(${across}, ${up})`]
      : [
          ...filtered(conditions),
          `ax = rows.plot.scatter(${across}, ${up}, s=4)`,
          `ax.set(xlabel=${labelOf(axes.x)}, ylabel=${labelOf(axes.y)})`,
          ...(axes.y.reversed ? ['ax.invert_yaxis()'] : [])
        ];
  return [withoutShowing(tableId), '', ...drawn, ...scales].join('\n');
}

/** The cell that draws the same positions on the sky. */
export function codeOfSky(
  tableId: string,
  { ra, dec, projection }: { ra: string; dec: string; projection: string }
): string {
  const columns = `${pythonString(ra)}, ${pythonString(dec)}`;
  return `${withoutShowing(tableId)}\ntable.plot_sky(${columns}, projection=${pythonString(projection)})`;
}

function withoutShowing(tableId: string): string {
  return codeOfTable({ id: tableId }).replace(/\ntable$/, '');
}

function labelOf({ label, unit }: Axis): string {
  return pythonString(unit ? `${label} [${unit}]` : label);
}

/** Only the rows that the panel shows, by pandas. */
function filtered(conditions: readonly Condition[]): string[] {
  return ['rows = table.to_pandas()', ...conditions.map(condition => `rows = rows[${pandasMask(condition)}]`)];
}

function pandasMask({ column, operator, value }: Condition): string {
  const named = `rows[${pythonString(column)}]`;
  const text = pythonString(String(value));
  switch (operator) {
    case 'is-empty':
      return `${named}.isna()`;
    case 'is-not-empty':
      return `${named}.notna()`;
    case 'contains':
      return `${named}.str.contains(${text}, case=False, regex=False, na=False)`;
    case 'starts-with':
      return `${named}.str.lower().str.startswith(${text}.lower(), na=False)`;
    default: {
      // Numbers are kept as they were typed; they are text on the way so that long integers survive.
      const literal = typeof value === 'boolean' ? (value ? 'True' : 'False') : isNumber(value) ? String(value) : text;
      const compared = `${named} ${operator === '=' ? '==' : operator} ${literal}`;
      return operator === '!=' ? `(${compared}) & ${named}.notna()` : compared;
    }
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value));
}
