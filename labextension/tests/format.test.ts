import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { asEsapError, errorOfAnswer, translateErrors } from '../src/api/errors';
import { describeCell, formatSexagesimal, formatValue } from '../src/documents/cells';
import { conditionOf, operatorsOf, wordOf } from '../src/documents/conditions';
import { describe as describeQuery } from '../src/models/describe';
import { formatBytes, formatSeconds, formatTaken } from '../src/panels/format';
import { asWritten } from '../src/words';
import { makeQuery } from './fakes';

describe('values', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1234, '1.23 kB'],
    [99_960, '100 kB'],
    [1_060_000, '1.06 MB'],
    [12_345_678, '12.3 MB']
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0.5, '0.50 s'],
    [59.6, '1 min 0 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min']
  ])('%d seconds are %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

  it.each([
    [null, ''],
    [0.1, '0.1'],
    [Math.fround(0.1), '0.1'],
    [4000480398216n, '4000480398216'],
    [[1, 2], '[1, 2]'],
    [new Date(0), '1970-01-01T00:00:00Z'],
    [Number.NaN, 'NaN']
  ])('a cell of %s is written %s', (value, text) => expect(formatValue(value)).toBe(text));

  it.each([
    [202.469575, 'ra', '13 29 52.70'],
    [359.99999999, 'ra', '00 00 00.00'],
    [-10, 'ra', '23 20 00.00'],
    [370, 'ra', '00 40 00.00'],
    [-1e-9, 'ra', '00 00 00.00'],
    [14.99999999, 'ra', '01 00 00.00'],
    [Number.NaN, 'ra', ''],
    [Number.POSITIVE_INFINITY, 'dec', ''],
    [47.195258, 'dec', '+47 11 42.9'],
    [9.99999999, 'dec', '+10 00 00.0'],
    [-9.99999999, 'dec', '−10 00 00.0'],
    [-1e-9, 'dec', '+00 00 00.0'],
    [-0.5, 'dec', '−00 30 00.0']
  ] as const)('%d degrees of %s are %s', (degrees, axis, text) => {
    expect(formatSexagesimal(degrees, axis)).toBe(text);
  });
});

describe('what the page itself says', () => {
  const shouting = {
    __: (text: string, ...given: unknown[]) => text.toUpperCase().replace('%1', String(given[0]))
  } as unknown as TranslationBundle;

  it('is in the language of the page, errors too', () => {
    expect(errorOfAnswer(503, null).message).toBe('The Jupyter server answered 503.');
    translateErrors(shouting);
    try {
      expect(asEsapError(new TypeError('Failed to fetch')).message).toBe('THE JUPYTER SERVER CANNOT BE REACHED.');
      expect(errorOfAnswer(503, null).message).toBe('THE JUPYTER SERVER ANSWERED 503.');
      const told = { code: 'not-found', message: 'There is no table t1.' };
      expect(errorOfAnswer(404, told).message).toBe('There is no table t1.');
    } finally {
      translateErrors(nullTranslator.load('esap_jupyter'));
    }
  });

  it('is translated in conditions and in what was asked', () => {
    expect(wordOf('is-not-empty', shouting)).toBe('IS NOT EMPTY');
    expect(wordOf('>=', shouting)).toBe('>=');
    expect(describeQuery(makeQuery({ target: 'M 51', product: 'dids' }), shouting)).toBe('M 51 · FILES IN THE DATA LAKE');
  });
});

it('rows that are taken are said to be fewer than are selected', () => {
  const trans = nullTranslator.load('esap_jupyter');
  expect(formatTaken(1, 10_000, trans)).toBe('1 row');
  expect(formatTaken(10_000, 10_000, trans)).toBe('10,000 rows');
  expect(formatTaken(1_000_000, 10_000, trans)).toBe('the first 10,000 of 1,000,000 rows');
});

describe('conditions', () => {
  const column = { name: 'n', type: 'int64', unit: '', ucd: '', utype: '', xtype: '', description: '' };

  it('leave long integers as they were typed', () => {
    const condition = conditionOf({ ...column, kind: 'number' }, '=', ' 9223372036854775807 ');
    expect(condition.value).toBe('9223372036854775807');
  });

  it('fit the kind of column', () => {
    expect(operatorsOf({ ...column, kind: 'other' })).toEqual(['is-empty', 'is-not-empty']);
    expect(conditionOf({ ...column, kind: 'truth' }, '=', 'True').value).toBe(true);
  });
});

describe('errors', () => {
  it('of the server keep what they say', () => {
    const error = errorOfAnswer(422, { code: 'query-rejected', message: 'No.', hint: 'Do.', line: 3, column: 7 });
    expect(error).toMatchObject({ code: 'query-rejected', hint: 'Do.', line: 3, column: 7 });
    expect(error.isMissingExtension).toBe(false);
  });

  it('tell that the extension is missing, and that the server is away', () => {
    expect(errorOfAnswer(404, '<html>').isMissingExtension).toBe(true);
    expect(asEsapError(new TypeError('Failed to fetch'))).toMatchObject({ code: 'no-connection', retryable: true });
  });
});

describe('the cell at the cursor', () => {
  const cell = { name: 'ra', text: '83.82', unit: 'deg' };
  it.each([
    [cell, 0, 1, 'ra: 83.82 deg, row 1, selected'],
    [cell, 1233, 0, 'ra: 83.82 deg, row 1,234'],
    [{ ...cell, unit: '' }, 0, 3, 'ra: 83.82, row 1, 3 rows selected'],
    [{ ...cell, text: '' }, 0, 0, 'ra: empty, row 1']
  ])('%j in row %d of %d selected is read as %s', (shown, row, selected, said) =>
    expect(describeCell(shown, row, selected, asWritten)).toBe(said)
  );
});
