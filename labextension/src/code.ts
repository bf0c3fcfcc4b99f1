import type { AdqlMode, CurveDescription, Item, Query, Target } from './api/types';
import { byService, type PickedRows } from './models/serviceRows';

const IMPORT = 'import esap_jupyter as esap';

/** A Python literal of a text; JSON's is one, but for what is beyond the basic plane. */
export function pythonString(text: string): string {
  return JSON.stringify(text).replace(/\\u([0-9a-f]{4})/gi, (_, digits: string) => `\\u${digits}`);
}

/** A Python literal of a text with several lines. */
function pythonText(text: string): string {
  const safe = !text.includes('"""') && !text.includes('\\') && !text.endsWith('"');
  return text.includes('\n') && safe ? `"""\n${text.trim()}\n"""` : pythonString(text);
}

function pythonValue(value: unknown): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (typeof value === 'number') {
    return String(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map(pythonValue).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(([key, each]) => `${pythonString(key)}: ${pythonValue(each)}`);
    return `{${entries.join(', ')}}`;
  }
  return pythonString(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The cell that asks the same; with tables of one's own by name, those go along. */
export function codeOfQuery(
  query: Query,
  mode: AdqlMode = 'auto',
  uploads: Readonly<Record<string, TableSource>> = {}
): string {
  const call = query.adql ? adqlCall(query, mode, uploads) : searchCall(query);
  return `${IMPORT}\n\ntable = ${call}\ntable`;
}

/** What of a table says how it is opened again. */
export interface TableSource {
  id: string;
  details?: { file: string; hdu: number | null } | null;
}

/** The cell that opens a table found earlier, or the file that it was read from. */
export function codeOfTable(table: TableSource): string {
  return `${IMPORT}\n\ntable = ${tableCall(table)}\ntable`;
}

/** The cell that stages what rows of a table stand for. */
export function codeOfRows(table: TableSource, picked: PickedRows): string {
  const items =
    picked.counts.length > 1
      ? [...byService(picked)].map(
          ([service, rows]) => `esap.items(table, rows=${pythonRows(rows)}, service=${pythonString(service)})`
        )
      : [`esap.items(table, rows=${pythonRows(picked.numbers)})`];
  const [only = '', ...others] = items;
  const staged = others.length === 0 ? only : `\n    ${items.join('\n    + ')}\n`;
  return `${IMPORT}\n\ntable = ${tableCall(table)}\nfiles = esap.stage(${staged})\nfiles`;
}

function tableCall({ id, details }: TableSource): string {
  if (!details?.file) {
    return `esap.table(${pythonString(id)})`;
  }
  const hdu = details.hdu === null ? '' : `, hdu=${details.hdu}`;
  return `esap.open_table(${pythonString(details.file)}${hdu})`;
}

/** Neighbours as a range. */
function pythonRows(rows: readonly number[]): string {
  const [first = 0] = rows;
  const areNeighbours = rows.length > 3 && rows.every((row, index) => row === first + index);
  return areNeighbours ? `range(${first}, ${first + rows.length})` : `[${rows.join(', ')}]`;
}

/** The cell that stages items of the basket; all of it if none are given. */
export function codeOfItems(items: readonly Item[] | null): string {
  const wanted = items ? `[${items.map(item => pythonString(item.id)).join(', ')}]` : '';
  return `${IMPORT}\n\nfiles = esap.stage(${wanted})\nfiles`;
}

/** The cell that reads what a staging brought. */
export function codeOfFiles(paths: readonly string[]): string {
  const lines = paths.map(path => `    ${pythonString(path)},`);
  return ['files = [', ...lines, ']', 'files'].join('\n');
}

/** The cell that shows an image of a FITS file with its coordinates; `plane` as FITS orders the axes. */
export function codeOfImage(path: string, hdu: number, plane: readonly number[]): string {
  const chosen = plane.length > 0 ? `[${[...plane].reverse().join(', ')}]` : '';
  return [
    'import matplotlib.pyplot as plt',
    'from astropy.io import fits',
    'from astropy.visualization import simple_norm',
    'from astropy.wcs import WCS',
    '',
    `with fits.open(${pythonString(path)}) as hdus:`,
    `    image = hdus[${hdu}].data${chosen}`,
    `    wcs = WCS(hdus[${hdu}].header, hdus, naxis=2)`,
    '',
    'axes = plt.subplot(projection=wcs)',
    "axes.imshow(image, norm=simple_norm(image, 'asinh', percent=99.5), origin='lower', cmap='gray')"
  ].join('\n');
}

/** The cell that plots a spectrum or a light curve. */
export function codeOfCurve(path: string, hdu: number | null, curve: CurveDescription | null): string {
  const { x, y } = curve ?? {};
  if (!x?.column || !y) {
    return `from astropy.io import fits\n\nwith fits.open(${pythonString(path)}) as hdus:\n    flux = hdus[${hdu ?? 0}].data\n    header = hdus[${hdu ?? 0}].header`;
  }
  const names = [x.column, y.column].map(pythonString);
  const style = curve?.kind === 'timeseries' ? ", linestyle='none', marker='.'" : '';
  return [
    'import matplotlib.pyplot as plt',
    'from astropy.table import Table',
    '',
    `table = Table.read(${pythonString(path)}${hdu === null ? ", format='votable'" : `, hdu=${hdu}`})`,
    'axes = plt.subplot()',
    `axes.plot(table[${names[0]}], table[${names[1]}]${style})`,
    `axes.set(xlabel=${pythonString(titled(x))}, ylabel=${pythonString(titled(y))})`,
    ...(y.reversed ? ['axes.invert_yaxis()'] : [])
  ].join('\n');
}

function titled({ column, unit }: { column: string; unit: string }): string {
  return unit ? `${column} [${unit}]` : column;
}

/** The cell that puts a DID into the basket and stages it. */
export function codeOfDid(did: string, service: string): string {
  const item = `esap.datalake.item(${pythonString(did)}, service=${pythonString(service)})`;
  return `${IMPORT}\n\nfiles = esap.stage(${item})\nfiles`;
}

function searchCall(query: Query): string {
  const positional = query.target
    ? [pythonString(query.target)]
    : query.position
      ? [pythonString(`${query.position.ra} ${query.position.dec}`)]
      : query.targets.length > 0
        ? [pythonTargets(query.targets)]
        : [];
  const named: [string, string, boolean][] = [
    ['radius', `${Number(query.radius.toPrecision(12))}`, positional.length > 0],
    ['product', pythonString(query.product), true],
    ['keyword', pythonString(query.keyword), query.keyword !== ''],
    ['services', pythonValue(query.services), query.services.length > 0],
    ['row_limit', pythonValue(query.row_limit), true],
    ['parameters', pythonValue(query.parameters), Object.keys(query.parameters).length > 0]
  ];
  const given = named.filter(([, , wanted]) => wanted).map(([name, value]) => `${name}=${value}`);
  const lines = [...positional, ...given].map(argument => `    ${argument},`);
  return ['esap.search(', ...lines, ')'].join('\n');
}

/** A list, a target on each line. */
function pythonTargets(targets: readonly Target[]): string {
  const lines = targets.map(({ name, position }) => {
    if (!position) {
      return pythonString(name);
    }
    const place = `"ra": ${position.ra}, "dec": ${position.dec}`;
    return name ? `{"name": ${pythonString(name)}, ${place}}` : `{${place}}`;
  });
  return `[\n${lines.map(line => `        ${line},`).join('\n')}\n    ]`;
}

function adqlCall(query: Query, mode: AdqlMode, uploads: Readonly<Record<string, TableSource>>): string {
  const tables = Object.entries(uploads).map(([name, table]) => `        ${pythonString(name)}: ${tableCall(table)},`);
  const lines = [
    pythonText(query.adql),
    ...(query.services[0] ? [`service=${pythonString(query.services[0])}`] : []),
    `row_limit=${pythonValue(query.row_limit)}`,
    ...(mode === 'auto' ? [] : [`mode=${pythonString(mode)}`]),
    ...(tables.length > 0 ? [`uploads={\n${tables.join('\n')}\n    }`] : [])
  ];
  return ['esap.adql(', ...lines.map(line => `    ${line},`), ')'].join('\n');
}
