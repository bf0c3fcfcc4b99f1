import { closeIcon, treeViewIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { useChanges, useView } from '../context';
import { formatCount } from '../format';
import { Empty, IconButton } from '../parts';
import { DetailsView } from './details';
import { DIDSearch } from './search';
import { Tree } from './tree';
import { UsageView } from './usage';

/** The data lakes as a tree, a search by name and metadata, and all about the chosen DID. */
export function DataLakePanel(): ReactNode {
  const { esap, trans } = useView();
  const { datalake, services } = esap;
  useChanges(datalake);
  const lakes = services.offering('datalake');
  if (lakes.length === 0) {
    return (
      <Empty icon={treeViewIcon}>
        <p>{trans.__('No data lake is configured.')}</p>
        <p className="esap-muted">{trans.__('Add a service with connector = "rucio" to esap.toml.')}</p>
      </Empty>
    );
  }
  const { found } = datalake;
  const count = found?.children?.length ?? 0;
  return (
    <div className="esap-DataLake">
      <DIDSearch lakes={lakes} />
      {found && (
        <div className="esap-Actions">
          <span className="esap-grow esap-muted" role="status">
            {found.loading
              ? trans.__('Looking …')
              : found.more
                ? trans.__('The first %1', formatCount(count))
                : trans._n('%2 found', '%2 found', count, formatCount(count))}
          </span>
          <IconButton
            icon={closeIcon}
            label={trans.__('Back to the tree')}
            onClick={() => datalake.clearSearch()}
          />
        </div>
      )}
      <Tree lines={datalake.lines} />
      {datalake.details && <DetailsView key={datalake.details.did.name} details={datalake.details} />}
      <UsageView lakes={lakes} />
    </div>
  );
}
