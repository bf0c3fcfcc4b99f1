import { codeIcon, saveIcon, searchIcon, stopIcon } from '@jupyterlab/ui-components';
import { useEffect, type FormEvent, type ReactNode } from 'react';
import type { Product, Query } from '../api/types';
import { CommandIDs } from '../commandIds';
import { codeOfQuery } from '../code';
import { describe } from '../models/describe';
import { DEGREES_PER, type RadiusUnit } from '../models/discovery';
import { useChanges, useView } from './context';
import { formatCount, formatTime } from './format';
import { FirstHelp } from './firstHelp';
import { KeptTableList } from './keptTables';
import { MoreFields } from './moreFields';
import { Button, IconButton } from './parts';
import { SavedQueryList } from './savedQueries';
import { SearchProgress } from './searchProgress';
import { ServiceChoice } from './serviceChoice';
import { ChosenTargets, TargetListInput } from './targetList';

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

  const recall = (query: Query, service: string): void => {
    if (query.adql) {
      void commands.execute(CommandIDs.newAdql, { adql: query.adql, service });
    } else {
      void esap.recall(query);
    }
  };

  // A form that was refused takes the person to what is wrong.
  useEffect(() => {
    if (fault) {
      document.getElementById(`esap-${fault}`)?.focus();
    }
  }, [fault]);

  return (
    <>
      {discovery.help && <FirstHelp />}
      <form className="esap-Form" onSubmit={submit} noValidate aria-label={trans.__('Search')}>
        <label htmlFor="esap-product">{trans.__('Look for')}</label>
        <select
          id="esap-product"
          className="jp-mod-styled"
          value={form.product}
          onChange={event => {
            discovery.edit({ product: event.target.value as Product });
            esap.registry.forget();
          }}
        >
          {(Object.keys(products) as Product[]).map(product => (
            <option key={product} value={product}>
              {products[product]}
            </option>
          ))}
        </select>

        {!asksForDids && (
          <>
            {form.targets.length > 0 ? (
              <ChosenTargets />
            ) : (
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
              </>
            )}
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
            {form.targets.length === 0 && <TargetListInput />}
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
        <MoreFields />

        <div className="esap-Actions">
          <Button submits accept icon={searchIcon}>
            {trans.__('Search')}
          </Button>
          {search?.running && (
            <Button icon={stopIcon} onClick={() => void search.cancel()}>
              {trans.__('Stop')}
            </Button>
          )}
          <span className="esap-grow" />
          <IconButton
            icon={saveIcon}
            label={trans.__('Save this search under a name')}
            onClick={() => void commands.execute(CommandIDs.saveQuery)}
          />
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
      {search && (
        <SearchProgress
          search={search}
          onRetryFailed={() => discovery.retryFailed()}
          onAgain={() => discovery.start(search.query)}
        />
      )}
      <SavedQueryList onRecall={recall} />
      <KeptTableList />
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
                  onClick={() => recall(past.query, past.services[0] ?? '')}
                >
                  <span className="esap-Line-title">{describe(past.query, trans)}</span>
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
