/** Words of ADQL, none of which is the name of a table, a column or an alias. */
export const KEYWORDS =
  'select top distinct all as from where and or not in between like ilike is null exists join inner left right full ' +
  'outer cross natural on using group by having order asc desc offset union intersect except with case when then else end cast';

/** A name as it stands in a query: schema, table and column, as far as it says them. */
export interface AdqlName {
  from: number;
  to: number;
  /** Without their quotes, and where each begins, with its quote; the last is empty behind a dot. */
  parts: readonly { text: string; from: number }[];
}

/** A quote that is not closed ends with its line. */
const PART = String.raw`"(?:[^"\n]|"")*"?|\w+`;
const TOKEN = new RegExp(String.raw`'(?:[^']|'')*(?:'|$)|--[^\n]*|(?:${PART})(?:\.(?:${PART}))*\.?`, 'g');
const RESERVED = new Set(KEYWORDS.split(' '));
/** Further words of ADQL that somebody may think of as the name of a table (ADQL 2.1, section 2.1.3). */
const RESERVED_NAMES = new Set(
  'between circle column date for match point polygon position region set some table time timestamp unique user value values view'.split(' ')
);

/** The names in a query; keywords are among them, what stands in strings and comments is not. */
export function namesIn(adql: string): AdqlName[] {
  const tokens = [...adql.matchAll(TOKEN)].filter(([token]) => !/^['-]/.test(token));
  return tokens.map(({ 0: token, index }) => {
    const parts = [...token.matchAll(new RegExp(PART, 'g'))].map(part => ({
      text: part[0].replace(/^"|"$/g, '').replaceAll('""', '"'),
      from: index + part.index
    }));
    const to = index + token.length;
    return { from: index, to, parts: token.endsWith('.') ? [...parts, { text: '', from: to }] : parts };
  });
}

/** The name that ends at a place where one types; null in a string or a comment, undefined if there is none. */
export function nameBefore(adql: string, place: number): AdqlName | null | undefined {
  const before = adql.slice(0, place);
  const last = [...before.matchAll(TOKEN)].at(-1);
  if (!last || last.index + last[0].length < place) {
    return undefined;
  }
  return /^['-]/.test(last[0]) ? null : namesIn(before).at(-1);
}

/** What names are found by: without quotes, in small letters. */
export function keyOf(parts: readonly string[]): string {
  return parts.join('.').replaceAll('"', '').toLowerCase();
}

/** Whether a name is a word of ADQL itself. */
export function isReserved(name: string): boolean {
  const key = name.toLowerCase();
  return RESERVED.has(key) || RESERVED_NAMES.has(key);
}

/** The name of a column or a schema as ADQL wants it: in quotes if it is no plain word. */
export function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) || name.startsWith('"') ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The name of a table, perhaps with its schema, as ADQL wants it; services tell it with quotes or without. */
export function quotedTable(name: string): string {
  const words = name.split('.');
  if (name.includes('"') || words.every(word => quoted(word) === word)) {
    return name;
  }
  const [schema = '', ...rest] = words;
  return rest.length > 0 && quoted(schema) === schema ? `${schema}.${quoted(rest.join('.'))}` : quoted(name);
}

/** The alias that stands behind a name of a query, if any. */
export function aliasBehind(adql: string, names: readonly AdqlName[], index: number): string | undefined {
  const isNext = (one: AdqlName | undefined, next: AdqlName | undefined): boolean =>
    one !== undefined && next !== undefined && adql.slice(one.to, next.from).trim() === '';
  const next = names[index + 1];
  const at = next && keyOf(textsOf(next)) === 'as' && isNext(names[index], next) ? index + 1 : index;
  const alias = names[at + 1];
  if (!alias || !isNext(names[at], alias) || alias.parts.length !== 1) {
    return undefined;
  }
  const key = keyOf(textsOf(alias));
  return RESERVED.has(key) ? undefined : key;
}

export function textsOf(name: AdqlName): string[] {
  return name.parts.map(part => part.text);
}
