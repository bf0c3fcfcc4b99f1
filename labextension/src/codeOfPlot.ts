import type { Condition } from './api/types';
import { pythonString } from './code';
import { openingOf, rowsShown } from './codeOfSelection';

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
          ...rowsShown({ conditions, order: [] }),
          `ax = rows.plot.scatter(${across}, ${up}, s=4)`,
          `ax.set(xlabel=${labelOf(axes.x)}, ylabel=${labelOf(axes.y)})`,
          ...(axes.y.reversed ? ['ax.invert_yaxis()'] : [])
        ];
  return [openingOf({ id: tableId }), '', ...drawn, ...scales].join('\n');
}

/** The cell that draws the same positions on the sky; of a filtered table, of the same rows. */
export function codeOfSky(
  tableId: string,
  { ra, dec, projection }: { ra: string; dec: string; projection: string },
  conditions: readonly Condition[]
): string {
  const columns = `${pythonString(ra)}, ${pythonString(dec)}`;
  if (conditions.length === 0) {
    return `${openingOf({ id: tableId })}\ntable.plot_sky(${columns}, projection=${pythonString(projection)})`;
  }
  const drawn =
    projection === 'tan'
      ? [
          'x, y = places[0].spherical_offsets_to(places)',
          'ax = plt.subplot()',
          'ax.scatter(x.deg, y.deg, s=4)',
          'ax.set(xlabel="RA offset [deg]", ylabel="Dec offset [deg]", aspect="equal")',
          'ax.invert_xaxis()'
        ]
      : [
          `ax = plt.subplot(projection=${pythonString(projection)})`,
          'ax.scatter(-places.ra.wrap_at("180d").radian, places.dec.radian, s=4)',
          'ax.grid()'
        ];
  return [
    openingOf({ id: tableId }),
    ...rowsShown({ conditions, order: [] }),
    '',
    'import matplotlib.pyplot as plt',
    '',
    `places = table.coordinates(${columns})[rows.index].icrs`,
    ...drawn
  ].join('\n');
}

function labelOf({ label, unit }: Axis): string {
  return pythonString(unit ? `${label} [${unit}]` : label);
}
