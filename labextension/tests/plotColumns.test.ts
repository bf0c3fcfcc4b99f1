import { describe, expect, it } from 'vitest';
import type { Column, Condition } from '../src/api/types';
import { codeOfPlot, codeOfSky } from '../src/codeOfPlot';
import { defaultColumns, isMagnitude, positionColumns } from '../src/models/plotColumns';
import { makeColumn } from './fakes';

function column(name: string, ucd = '', unit = '', kind: Column['kind'] = 'number'): Column {
  return makeColumn(name, kind, { ucd, unit });
}

const ID = column('source_id', 'meta.id;meta.main');
const RA = column('ra', 'pos.eq.ra;meta.main', 'deg');
const DEC = column('dec', 'pos.eq.dec;meta.main', 'deg');
const G = column('phot_g_mean_mag', 'phot.mag;em.opt', 'mag');
const COLOUR = column('bp_rp', 'phot.color;em.opt.B;em.opt.R', 'mag');

describe('what is plotted at first', () => {
  it('is the magnitude against the colour, the flux against the time or the wavelength', () => {
    expect(defaultColumns([ID, RA, DEC, G, COLOUR])).toEqual({ x: 'bp_rp', y: 'phot_g_mean_mag' });
    const error = column('e_flux', 'stat.error;phot.flux', 'mJy');
    const flux = column('flux', 'phot.flux;em.radio', 'mJy');
    expect(defaultColumns([error, column('time', 'time.epoch', 'd'), flux])).toEqual({ x: 'time', y: 'flux' });
    expect(defaultColumns([flux, column('wave', 'em.wl', 'nm')])).toEqual({ x: 'wave', y: 'flux' });
  });

  it('is the position where nothing else is known, else the first two that tell something', () => {
    expect(defaultColumns([ID, RA, DEC])).toEqual({ x: 'ra', y: 'dec' });
    expect(defaultColumns([ID, column('a'), column('name', '', '', 'text'), column('b')])).toEqual({ x: 'a', y: 'b' });
    expect(defaultColumns([ID, column('a')])).toEqual({ x: 'source_id', y: 'a' });
    expect(defaultColumns([ID])).toBeNull();
  });

  it('has magnitudes, but no colours and no errors, downwards', () => {
    expect([G, COLOUR, column('e_mag', 'stat.error;phot.count', 'mag'), column('V', '', 'mag')].map(isMagnitude)).toEqual([
      true,
      false,
      false,
      true
    ]);
  });

  it('finds positions by UCD, then by name', () => {
    expect(positionColumns([column('x', 'pos.eq.ra'), RA, column('y', 'pos.eq.dec'), DEC])).toEqual({ ra: 'ra', dec: 'dec' });
    expect(positionColumns([column('a', 'POS_EQ_RA_MAIN'), column('d', 'POS_EQ_DEC_MAIN')])).toEqual({ ra: 'a', dec: 'd' });
    expect(positionColumns([column('s_ra'), column('s_dec')])).toEqual({ ra: 's_ra', dec: 's_dec' });
    expect(positionColumns([column('s_ra')])).toBeNull();
  });
});

describe('the cell that draws the same', () => {
  const table = { id: 't1', columns: [column('x'), G, column('na"me', '', '', 'text')], conditions: [] };
  const columns = { x: 'x', y: G.name, xLog: true, yLog: false };
  const place = { ra: 'ra', dec: 'dec', projection: 'hammer' };

  it('plots the table', () => {
    expect(codeOfPlot(table, columns)).toBe(
      [
        'import esap_jupyter as esap',
        '',
        'table = esap.table("t1")',
        '',
        'ax = table.plot("x", "phot_g_mean_mag")',
        'ax.set_xscale("log")'
      ].join('\n')
    );
    expect(codeOfSky(table, place)).toBe(
      'import esap_jupyter as esap\n\ntable = esap.table("t1")\n\ntable.plot_sky("ra", "dec", projection="hammer")'
    );
  });

  it('plots only the rows that meet the conditions, and lets nothing that was typed be code', () => {
    const conditions: Condition[] = [
      { column: G.name, operator: '<', value: '15.5' },
      { column: 'na"me', operator: 'contains', value: '") or print("x' }
    ];
    const opening = [
      'import esap_jupyter as esap',
      '',
      'table = esap.table("t1")',
      'rows = table.where("phot_g_mean_mag", "<", 15.5)',
      'rows = rows.where("na\\"me", "contains", "\\") or print(\\"x")',
      ''
    ];
    expect(codeOfPlot({ ...table, conditions }, { ...columns, xLog: false, yLog: true })).toBe(
      [...opening, 'ax = rows.plot("x", "phot_g_mean_mag")', 'ax.set_yscale("log")'].join('\n')
    );
    expect(codeOfSky({ ...table, conditions }, place)).toBe(
      [...opening, 'rows.plot_sky("ra", "dec", projection="hammer")'].join('\n')
    );
  });
});
