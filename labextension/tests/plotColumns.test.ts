import { describe, expect, it } from 'vitest';
import type { Column } from '../src/api/types';
import { codeOfPlot, codeOfSky } from '../src/codeOfPlot';
import { defaultColumns, isMagnitude, positionColumns } from '../src/models/plotColumns';

function column(name: string, ucd = '', unit = '', kind: Column['kind'] = 'number'): Column {
  return { name, ucd, unit, kind, type: 'double', utype: '', xtype: '', description: '' };
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
  const axes = { x: { label: 'x', unit: '' }, y: { label: 'mag', unit: 'mag', reversed: true } };
  const columns = { x: 'x', y: 'mag', xLog: true, yLog: false };

  it('plots the table', () => {
    expect(codeOfPlot('t1', columns, [], axes)).toBe(
      'import esap_jupyter as esap\n\ntable = esap.table("t1")\n\nax = table.plot("x", "mag")\nax.set_xscale("log")'
    );
    expect(codeOfSky('t1', { ra: 'ra', dec: 'dec', projection: 'hammer' }, [])).toContain(
      'table.plot_sky("ra", "dec", projection="hammer")'
    );
  });

  it('plots only the rows that meet the conditions, and lets nothing that was typed be code', () => {
    const code = codeOfPlot(
      't1',
      columns,
      [
        { column: 'mag', operator: '<', value: '15.5' },
        { column: 'na"me', operator: 'contains', value: '") or print("x' },
        { column: 'x', operator: 'is-not-empty', value: null }
      ],
      axes
    );
    expect(code).toContain('rows = rows[rows["mag"] < 15.5]');
    expect(code).toContain('rows["na\\"me"].str.contains("\\") or print(\\"x", case=False, regex=False, na=False)');
    expect(code).toContain('rows = rows[rows["x"].notna()]');
    expect(code).toContain('ax.set(xlabel="x", ylabel="mag [mag]")\nax.invert_yaxis()');
    const sky = codeOfSky('t1', { ra: 'ra', dec: 'dec', projection: 'hammer' }, [
      { column: 'mag', operator: '<', value: '15.5' }
    ]);
    expect(sky).toContain('rows = rows[rows["mag"] < 15.5]');
    expect(sky).toContain('places = table.coordinates("ra", "dec")[rows.index]');
  });
});
