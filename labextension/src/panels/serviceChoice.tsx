import { closeIcon, searchIcon } from '@jupyterlab/ui-components';
import type { KeyboardEvent, ReactNode } from 'react';
import type { RegisteredService } from '../api/types';
import { WAVEBANDS } from '../models/registry';
import { useChanges, useView } from './context';
import { Button, ErrorNote, IconButton } from './parts';

/** The names of the services that the form asks; those that are asked usually, to begin with. */
export function useChosenServices(): string[] {
  const { esap } = useView();
  const { discovery, services } = esap;
  const offered = services.offering(discovery.form.product);
  const usual = offered.filter(service => service.usual).map(service => service.name);
  return discovery.form.services ? [...discovery.form.services] : usual;
}

/** Which services are asked; those that are asked usually are ticked to begin with. */
export function ServiceChoice(): ReactNode {
  const { esap, trans } = useView();
  const { discovery, services } = esap;
  const offered = services.offering(discovery.form.product);
  const chosen = useChosenServices();
  const tick = (name: string, wanted: boolean): void => {
    const names = services.offering(discovery.form.product).map(service => service.name);
    discovery.edit({ services: names.filter(each => (each === name ? wanted : chosen.includes(each))) });
  };
  return (
    <fieldset className="esap-Services" id="esap-services" tabIndex={-1}>
      <legend>
        {trans.__('Services')}{' '}
        <span className="esap-muted">
          {trans.__('%1 of %2', offered.filter(service => chosen.includes(service.name)).length, offered.length)}
        </span>
      </legend>
      {offered.length === 0 && services.list.length > 0 && (
        <p className="esap-muted">{trans.__('No service here offers this.')}</p>
      )}
      <div className="esap-Services-list">
        {offered.map(service => (
          <div key={service.name} className="esap-Services-line">
            <label className="esap-Check" title={service.address}>
              <input
                type="checkbox"
                checked={chosen.includes(service.name)}
                onChange={event => tick(service.name, event.target.checked)}
              />
              <span>{service.title || service.name}</span>
            </label>
            {services.registered.some(each => each.ivoid === service.name) && (
              <IconButton
                icon={closeIcon}
                label={trans.__('Remove %1 from the list', service.title || service.name)}
                onClick={() => {
                  tick(service.name, false);
                  services.unregister(service.name);
                }}
              />
            )}
          </div>
        ))}
      </div>
      {discovery.form.product !== 'dids' && (
        <FindServices
          onTick={(service, wanted) => {
            if (wanted) {
              services.register(service);
            }
            tick(service.ivoid, wanted);
          }}
          chosen={chosen}
        />
      )}
    </fieldset>
  );
}

/** Services that are not configured here, from the registry; a tick adds one to the search. */
function FindServices({
  chosen,
  onTick
}: {
  chosen: readonly string[];
  onTick: (service: RegisteredService, wanted: boolean) => void;
}): ReactNode {
  const { esap, trans } = useView();
  const { registry, discovery } = esap;
  useChanges(registry);
  const find = (): void => void registry.find(discovery.form.product);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      // It is within the form of the search itself.
      event.preventDefault();
      find();
    }
  };
  return (
    <details className="esap-Find">
      <summary>{trans.__('Find more services')}</summary>
      <div className="esap-Find-form">
        <label htmlFor="esap-registry-keywords">{trans.__('Words in title or description')}</label>
        <input
          id="esap-registry-keywords"
          className="jp-mod-styled"
          type="text"
          value={registry.keywords}
          placeholder={trans.__('quasar survey')}
          autoComplete="off"
          onKeyDown={onKeyDown}
          onChange={event => registry.edit({ keywords: event.target.value })}
        />
        <label htmlFor="esap-registry-waveband">{trans.__('Waveband')}</label>
        <div className="esap-Row">
          <select
            id="esap-registry-waveband"
            className="jp-mod-styled"
            value={registry.waveband}
            onChange={event => registry.edit({ waveband: event.target.value })}
          >
            <option value="">{trans.__('any')}</option>
            {WAVEBANDS.map(waveband => (
              <option key={waveband}>{waveband}</option>
            ))}
          </select>
          <Button icon={searchIcon} onClick={find} disabled={registry.loading}>
            {trans.__('Find services')}
          </Button>
        </div>
      </div>
      {registry.error && <ErrorNote error={registry.error} onRetry={find} />}
      <p className="esap-muted" role="status">
        {registry.loading
          ? trans.__('Asking the registry …')
          : registry.found && trans._n('%1 service found', '%1 services found', registry.found.length)}
      </p>
      {registry.found && registry.found.length > 0 && (
        <ul className="esap-List esap-Found">
          {registry.found.map(service => (
            <li key={service.ivoid}>
              <label className="esap-Check" title={service.description}>
                <input
                  type="checkbox"
                  checked={chosen.includes(service.ivoid)}
                  onChange={event => onTick(service, event.target.checked)}
                />
                <span>
                  <span className="esap-Found-title">{service.title || service.short_name || service.ivoid}</span>
                  <span className="esap-muted">{service.publisher || firstSentence(service.description)}</span>
                  <span className="esap-muted esap-Found-id">{service.ivoid}</span>
                </span>
              </label>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

function firstSentence(text: string): string {
  const [first = ''] = text.split(/(?<=\.)\s/);
  return first.length > 120 ? `${first.slice(0, 119)}…` : first;
}
