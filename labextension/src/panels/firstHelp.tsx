import { closeIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { EXAMPLE } from '../models/discovery';
import { useView } from './context';
import { Button, IconButton } from './parts';

/** What a new user is told, until they put it away. */
export function FirstHelp(): ReactNode {
  const { esap, trans } = useView();
  const { discovery } = esap;
  return (
    <section className="esap-Help" aria-label={trans.__('How to begin')}>
      <div className="esap-Help-head">
        <h3>{trans.__('How to begin')}</h3>
        <IconButton icon={closeIcon} label={trans.__('Put the help away')} onClick={() => discovery.showHelp(false)} />
      </div>
      <ol>
        <li>{trans.__('Say what you look for and where, and search: every service answers into one table.')}</li>
        <li>{trans.__('Select rows of the table and add them to the basket; stage it to bring the files here.')}</li>
        <li>{trans.__('Insert code, and your notebook does the same.')}</li>
      </ol>
      <Button
        onClick={() => {
          discovery.edit({ product: EXAMPLE.product });
          discovery.edit({ ...EXAMPLE, targets: [] });
          discovery.submit();
        }}
      >
        {trans.__('Try it: images around M 51')}
      </Button>
    </section>
  );
}
