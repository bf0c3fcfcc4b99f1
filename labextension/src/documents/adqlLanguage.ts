import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { SQLDialect } from '@codemirror/lang-sql';
import type { ColumnDescription, TableDescription } from '../api/types';
import { KEYWORDS, keyOf, nameBefore, quoted, quotedTable } from '../models/adqlNames';
import type { ServiceSchema } from '../models/serviceSchema';

/** ADQL 2.1, sections 2.3 and 4. */
const FUNCTIONS = [
  ...['abs', 'ceiling', 'degrees', 'exp', 'floor', 'log', 'log10', 'mod', 'pi', 'power', 'radians', 'sqrt', 'rand'],
  ...['round', 'truncate', 'acos', 'asin', 'atan', 'atan2', 'cos', 'cot', 'sin', 'tan'],
  ...['avg', 'count', 'max', 'min', 'sum', 'lower', 'upper', 'coalesce', 'in_unit']
];

const GEOMETRY: Record<string, string> = {
  POINT: "POINT(ra, dec): a place on the sky, in degrees",
  CIRCLE: 'CIRCLE(ra, dec, radius): in degrees',
  BOX: 'BOX(ra, dec, width, height): in degrees',
  POLYGON: 'POLYGON(ra1, dec1, ra2, dec2, ra3, dec3, …)',
  CONTAINS: '1 = CONTAINS(what, in what)',
  INTERSECTS: '1 = INTERSECTS(what, with what)',
  DISTANCE: 'DISTANCE(ra1, dec1, ra2, dec2): in degrees',
  AREA: 'AREA(region): in square degrees',
  CENTROID: 'CENTROID(region)',
  COORD1: 'COORD1(point): right ascension, in degrees',
  COORD2: 'COORD2(point): declination, in degrees',
  REGION: 'REGION(text)'
};

export const ADQL = SQLDialect.define({
  keywords: KEYWORDS,
  builtin: [...FUNCTIONS, ...Object.keys(GEOMETRY)].join(' ').toLowerCase(),
  types: 'boolean smallint integer bigint real double precision char varchar timestamp',
  doubleQuotedStrings: false,
  operatorChars: '*+-%<>!=/|'
});

/** Tables that are offered at once: some services have tens of thousands. */
const MOST_OFFERED = 500;

/** Complete schemas, tables, columns of the tables named (also behind an alias), functions and keywords. */
export async function completeAdql(
  context: CompletionContext,
  schema: ServiceSchema
): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const name = nameBefore(text, context.pos);
  if (name === null || (name === undefined && !context.explicit)) {
    return null;
  }
  const parts = name?.parts ?? [];
  const last = parts.at(-1);
  const isQuoted = last !== undefined && text[last.from] === '"';
  const validFor = isQuoted ? /^"[^"\n]*$/ : /^\w*$/;
  // A quote that stands behind the cursor already closes what is typed.
  const to = context.pos + (isQuoted && text[context.pos] === '"' ? 1 : 0);
  if (last && parts.length > 1) {
    const table = schema.tableBehind(parts.slice(0, -1).map(part => part.text), text);
    if (table) {
      const columns = await schema.readColumns(table.name);
      return { from: last.from, to, options: columns.map(columnCompletion), validFor };
    }
  }
  const columns = schema.tablesIn(text).map(table => schema.columnsOf(table.name));
  const tables = schema.all;
  const offered = tables.length > MOST_OFFERED ? containing(tables, keyOf(parts.map(part => part.text))) : tables;
  // What is not known yet is offered at the next key.
  const isAll = offered === tables && !columns.includes(undefined);
  return {
    from: name?.from ?? context.pos,
    to,
    options: [
      ...columns.flatMap(known => known ?? []).map(columnCompletion),
      ...schema.schemas.map(each => ({ label: quoted(each), type: 'namespace' })),
      ...offered.map(tableCompletion),
      ...Object.entries(GEOMETRY).map(([label, info]) => ({ label, info, type: 'function', boost: -1 })),
      ...FUNCTIONS.map(each => ({ label: each.toUpperCase(), type: 'function', boost: -2 })),
      ...KEYWORDS.split(' ').map(each => ({ label: each.toUpperCase(), type: 'keyword', boost: -3 }))
    ],
    ...(isAll ? { validFor: parts.length > 1 ? /^[\w.]*$/ : validFor } : {})
  };
}

function containing(tables: readonly TableDescription[], key: string): TableDescription[] {
  const found: TableDescription[] = [];
  for (const table of tables) {
    if (keyOf([table.name]).includes(key)) {
      found.push(table);
    }
    if (found.length === MOST_OFFERED) {
      break;
    }
  }
  return found;
}

function columnCompletion(column: ColumnDescription): Completion {
  const info = [column.description, column.ucd].filter(Boolean).join('\n');
  return { label: quoted(column.name), type: 'property', detail: column.unit, boost: 2, ...(info ? { info } : {}) };
}

function tableCompletion(table: TableDescription): Completion {
  const info = table.title || table.description;
  return { label: quotedTable(table.name), type: 'class', boost: 1, ...(info ? { info } : {}) };
}
