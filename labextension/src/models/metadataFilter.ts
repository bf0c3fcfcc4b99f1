/** One condition on the metadata of DIDs. */
export interface MetadataCondition {
  key: string;
  operator: Operator;
  value: string;
}

export const OPERATORS = ['=', '!=', '>', '>=', '<', '<='] as const;

export type Operator = (typeof OPERATORS)[number];

/** Keys that every Rucio has a column for. */
export const USUAL_KEYS: readonly string[] = [
  'account',
  'bytes',
  'campaign',
  'created_after',
  'created_before',
  'datatype',
  'length',
  'project',
  'run_number',
  'stream_name',
  'version'
];

/** Conditions as Rucio writes them, all of which must hold; those without a key or value are left out. */
export function filtersOf(conditions: readonly MetadataCondition[]): string {
  return conditions
    .map(({ key, operator, value }) => [key.trim(), operator, value.trim()])
    .filter(([key, , value]) => key && value)
    .map(parts => parts.join(''))
    .join(',');
}

/** Whether Rucio can read this condition: its signs cannot be part of a key or a value. */
export function isReadable({ key, value }: MetadataCondition): boolean {
  return !/[=<>!,;\s]/.test(key.trim()) && !/[=<>!,;]/.test(value);
}
