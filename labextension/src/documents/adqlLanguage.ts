import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { SQLDialect } from '@codemirror/lang-sql';
import type { ColumnDescription, TableDescription } from '../api/types';

const KEYWORDS =
  'select top distinct all as from where and or not in between like ilike is null exists join inner left right full ' +
  'outer cross natural on using group by having order asc desc offset union intersect except with case when then else end cast';

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

/** What completion needs to know of a service. */
export interface Vocabulary {
  tables: readonly TableDescription[];
  readColumns(table: string): Promise<readonly ColumnDescription[]>;
  /** The tables that the query names. */
  tablesNamed: readonly TableDescription[];
}

/** Complete tables, columns of the tables named (also behind an alias), functions and keywords. */
export async function completeAdql(
  context: CompletionContext,
  vocabulary: Vocabulary
): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[\w.]*/);
  if (!word || (word.from === word.to && !context.explicit)) {
    return null;
  }
  const text = context.state.doc.toString();
  const dot = word.text.lastIndexOf('.');
  if (dot >= 0) {
    const table = tableBehind(word.text.slice(0, dot), text, vocabulary);
    if (table) {
      const columns = await vocabulary.readColumns(table.name);
      return { from: word.from + dot + 1, options: columns.map(columnCompletion), validFor: /^\w*$/ };
    }
  }
  const columns = await Promise.all(vocabulary.tablesNamed.map(table => vocabulary.readColumns(table.name)));
  return {
    from: word.from,
    options: [
      ...columns.flat().map(columnCompletion),
      ...vocabulary.tables.map(tableCompletion),
      ...Object.entries(GEOMETRY).map(([label, info]) => ({ label, info, type: 'function', boost: -1 })),
      ...FUNCTIONS.map(name => ({ label: name.toUpperCase(), type: 'function', boost: -2 })),
      ...KEYWORDS.split(' ').map(name => ({ label: name.toUpperCase(), type: 'keyword', boost: -3 }))
    ],
    validFor: /^[\w.]*$/
  };
}

/** The table that a name or an alias in the query stands for. */
export function tableBehind(name: string, adql: string, vocabulary: Vocabulary): TableDescription | undefined {
  const wanted = name.toLowerCase();
  const named = vocabulary.tables.find(table => table.name.toLowerCase() === wanted);
  if (named) {
    return named;
  }
  return vocabulary.tablesNamed.find(table => {
    const escaped = table.name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`\\b${escaped}\\s+(?:as\\s+)?${wanted}\\b`, 'i').test(adql);
  });
}

function columnCompletion(column: ColumnDescription): Completion {
  const info = [column.description, column.ucd].filter(Boolean).join('\n');
  return { label: column.name, type: 'property', detail: column.unit, boost: 2, ...(info ? { info } : {}) };
}

function tableCompletion(table: TableDescription): Completion {
  const info = table.title || table.description;
  return { label: table.name, type: 'class', boost: 1, ...(info ? { info } : {}) };
}
