import type { ReactNode } from 'react';
import { useView } from '../context';
import { formatBytes } from '../format';
import { ErrorNote, ProgressBar } from '../parts';

/** What one uses, and may use, on each RSE; asked for when it is opened. */
export function UsageView({ lakes }: { lakes: readonly { name: string; title: string }[] }): ReactNode {
  const { esap, trans } = useView();
  return (
    <details
      className="esap-Usage"
      onToggle={event => {
        if (event.currentTarget.open) {
          lakes.forEach(({ name }) => void esap.datalake.loadUsage(name));
        }
      }}
    >
      <summary>{trans.__('Usage and quota')}</summary>
      {lakes.map(({ name, title }) => {
        const lake = esap.datalake.lakes.get(name);
        return (
          <section key={name} aria-label={title || name}>
            {lakes.length > 1 && <h4>{title || name}</h4>}
            {lake?.error && <ErrorNote error={lake.error} onRetry={() => void esap.datalake.loadUsage(name)} />}
            {lake?.usage?.length === 0 && <p className="esap-muted">{trans.__('Nothing is used.')}</p>}
            <ul className="esap-List">
              {lake?.usage?.map(({ rse, bytes, limit }) => (
                <li key={rse}>
                  <div className="esap-Row">
                    <span className="esap-grow">{rse}</span>
                    <span className="esap-muted">
                      {limit === null
                        ? formatBytes(bytes)
                        : trans.__('%1 of %2', formatBytes(bytes), formatBytes(limit))}
                    </span>
                  </div>
                  {limit !== null && limit > 0 && (
                    <ProgressBar
                      fraction={Math.min(bytes / limit, 1)}
                      label={trans.__('Quota used on %1', rse)}
                    />
                  )}
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </details>
  );
}
