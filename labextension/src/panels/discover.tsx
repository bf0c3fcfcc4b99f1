import { codeIcon, searchIcon, stopIcon } from '@jupyterlab/ui-components';
import { useEffect, type FormEvent, type ReactNode } from 'react';
import type { Product } from '../api/types';
import { CommandIDs } from '../commandIds';
import { codeOfQuery } from '../code';
import { describe } from '../models/describe';
import { DEGREES_PER, type RadiusUnit } from '../models/discovery';
import { useChanges, useView } from './context';
import { formatCount, formatTime } from './format';
import { Button, IconButton } from './parts';
import { SearchProgress } from './searchProgress';

/** Say what is looked for and where; see how each service answers. */
export function DiscoverPanel(): ReactNode {
  const { esap, commands, trans } = useView();
  const { discovery, services } = esap;
  useChanges(discovery);
  useChanges(services);
  const { form, fault, search } = discovery;
  const asksForDids = form.product === 'dids';
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    discovery.submit();
  };
  const products: Record<Product, string> = {
    images: trans.__('Images'),
    spectra: trans.__('Spectra'),
    sources: trans.__('Sources'),
    observations: trans.__('Observations'),
    dids: trans.__('Files in the data lake')
  };
  const faults: Record<NonNullable<typeof fault>, string> = {
    target: trans.__('Type a name or coordinates.'),
    radius: trans.__('The radius is more than 0 and at most 180 degrees.'),
    keyword: trans.__('Type a pattern, scope:name with *.'),
    rowLimit: trans.__('A whole number, or nothing for all rows.'),
    services: trans.__('Choose at least one service.')
  };
  const faultOf = (field: typeof fault): ReactNode =>
    field !== null &&
    fault === field && (
      <p className="esap-fault" id={`esap-fault-${field}`} role="alert">
        {faults[field]}
      </p>
    );
  const faulty = (field: NonNullable<typeof fault>) => ({
    'aria-invalid': fault === field,
    'aria-describedby': fault === field ? `esap-fault-${field}` : undefined
  });

  // A form that was refused takes the person to what is wrong.
  useEffect(() => {
    if (fault) {
      document.getElementById(`esap-${fault}`)?.focus();
    }
  }, [fault]);

  return (
    <>
      <form className="esap-Form" onSubmit={submit} noValidate aria-label={trans.__('Search')}>
        <label htmlFor="esap-product">{trans.__('Look for')}</label>
        <select
          id="esap-product"
          className="jp-mod-styled"
          value={form.product}
          onChange={event => discovery.edit({ product: event.target.value as Product })}
        >
          {(Object.keys(products) as Product[]).map(product => (
            <option key={product} value={product}>
              {products[product]}
            </option>
          ))}
        </select>

        {!asksForDids && (
          <>
            <label htmlFor="esap-target">{trans.__('Target')}</label>
            <input
              id="esap-target"
              className="jp-mod-styled"
              type="text"
              value={form.target}
              placeholder={trans.__('M 51, or 13 29 52.7 +47 11 43')}
              autoComplete="off"
              spellCheck={false}
              {...faulty('target')}
              onChange={event => discovery.edit({ target: event.target.value })}
            />
            {faultOf('target')}
            <label htmlFor="esap-radius">{trans.__('Radius')}</label>
            <div className="esap-Row">
              <input
                id="esap-radius"
                className="jp-mod-styled"
                type="text"
                inputMode="decimal"
                value={form.radius}
                {...faulty('radius')}
                onChange={event => discovery.edit({ radius: event.target.value })}
              />
              <select
                className="jp-mod-styled"
                aria-label={trans.__('Unit of the radius')}
                value={form.radiusUnit}
                onChange={event => discovery.edit({ radiusUnit: event.target.value as RadiusUnit })}
              >
                {Object.keys(DEGREES_PER).map(unit => (
                  <option key={unit}>{unit}</option>
                ))}
              </select>
            </div>
            {faultOf('radius')}
          </>
        )}
        <label htmlFor="esap-keyword">{asksForDids ? trans.__('Pattern') : trans.__('Keyword')}</label>
        <input
          id="esap-keyword"
          className="jp-mod-styled"
          type="text"
          value={form.keyword}
          placeholder={asksForDids ? trans.__('scope:name*') : trans.__('optional')}
          autoComplete="off"
          spellCheck={false}
          {...faulty('keyword')}
          onChange={event => discovery.edit({ keyword: event.target.value })}
        />
        {faultOf('keyword')}
        <label htmlFor="esap-rowLimit">{trans.__('Rows at most')}</label>
        <input
          id="esap-rowLimit"
          className="jp-mod-styled"
          type="text"
          inputMode="numeric"
          value={form.rowLimit}
          placeholder={trans.__('all')}
          title={trans.__('Rows wanted of each service')}
          {...faulty('rowLimit')}
          onChange={event => discovery.edit({ rowLimit: event.target.value })}
        />
        {faultOf('rowLimit')}

        <ServiceChoice />
        {faultOf('services')}

        <div className="esap-Actions">
          <Button submits accept icon={searchIcon}>
            {trans.__('Search')}
          </Button>
          {search?.running && (
            <Button icon={stopIcon} onClick={() => void search.cancel()}>
              {trans.__('Stop')}
            </Button>
          )}
          <IconButton
            icon={codeIcon}
            label={trans.__('Insert code that does this search')}
            onClick={() => {
              const query = discovery.queryIfSound();
              if (query) {
                void commands.execute(CommandIDs.insertCode, { code: codeOfQuery(query) });
              }
            }}
          />
        </div>
      </form>
      {search && <SearchProgress search={search} onRetryFailed={() => discovery.retryFailed()} />}
      {discovery.history.length > 0 && (
        <details className="esap-Section">
          <summary>{trans.__('Asked before')}</summary>
          <ul className="esap-List">
            {discovery.history.map(past => (
              <li key={`${past.at} ${past.table_id}`}>
                <button
                  type="button"
                  className="esap-Line"
                  title={trans.__('Ask this again')}
                  onClick={() => {
                    if (past.query.adql) {
                      void commands.execute(CommandIDs.newAdql, {
                        adql: past.query.adql,
                        service: past.services[0] ?? ''
                      });
                    } else {
                      discovery.recall(past);
                    }
                  }}
                >
                  <span className="esap-Line-title">{describe(past.query)}</span>
                  <span className="esap-muted">
                    {trans.__('%1 · %2 rows', formatTime(past.at), formatCount(past.rows))}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** Which services are asked; those that are asked usually are ticked to begin with. */
function ServiceChoice(): ReactNode {
  const { esap, trans } = useView();
  const { discovery, services } = esap;
  const { form } = discovery;
  const offered = services.offering(form.product);
  const usual = offered.filter(service => service.usual).map(service => service.name);
  const chosen = form.services ?? usual;
  const tick = (name: string, wanted: boolean): void => {
    const names = offered.map(service => service.name);
    discovery.edit({ services: names.filter(each => (each === name ? wanted : chosen.includes(each))) });
  };
  return (
    <fieldset className="esap-Services" id="esap-services" tabIndex={-1}>
      <legend>
        {trans.__('Services')}{' '}
        <span className="esap-muted">{trans.__('%1 of %2', chosen.length, offered.length)}</span>
      </legend>
      {offered.length === 0 && services.list.length > 0 && (
        <p className="esap-muted">{trans.__('No service here offers this.')}</p>
      )}
      <div className="esap-Services-list">
        {offered.map(service => (
          <label key={service.name} className="esap-Check" title={service.address}>
            <input
              type="checkbox"
              checked={chosen.includes(service.name)}
              onChange={event => tick(service.name, event.target.checked)}
            />
            <span>{service.title || service.name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
