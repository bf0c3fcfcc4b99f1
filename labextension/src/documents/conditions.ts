import type { TranslationBundle } from '@jupyterlab/translation';
import type { Column, Condition } from '../api/types';

export type Operator = Condition['operator'];

const OF_KIND: Record<Column['kind'], readonly Operator[]> = {
  number: ['=', '!=', '<', '<=', '>', '>=', 'is-empty', 'is-not-empty'],
  text: ['contains', 'starts-with', '=', '!=', 'is-empty', 'is-not-empty'],
  truth: ['=', 'is-empty', 'is-not-empty'],
  time: ['<', '<=', '>', '>=', 'is-empty', 'is-not-empty'],
  other: ['is-empty', 'is-not-empty']
};

/** What can be asked of a column. */
export function operatorsOf(column: Column | undefined): readonly Operator[] {
  return column ? OF_KIND[column.kind] : [];
}

/** How an operator is said to people. */
export function wordOf(operator: Operator, trans: TranslationBundle): string {
  switch (operator) {
    case 'contains':
      return trans.__('contains');
    case 'starts-with':
      return trans.__('starts with');
    case 'is-empty':
      return trans.__('is empty');
    case 'is-not-empty':
      return trans.__('is not empty');
    default:
      return operator;
  }
}

export function takesValue(operator: Operator): boolean {
  return !operator.startsWith('is-');
}

/** The condition that was typed; numbers stay text, so that 64-bit integers survive. */
export function conditionOf(column: Column, operator: Operator, typed: string): Condition {
  const value = column.kind === 'truth' ? /^(t|true|1|yes)$/i.test(typed.trim()) : typed.trim();
  return { column: column.name, operator, value: takesValue(operator) ? value : null };
}
