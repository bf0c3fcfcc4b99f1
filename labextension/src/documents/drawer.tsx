import { closeIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { useView } from '../panels/context';
import { IconButton } from '../panels/parts';
import type { TableView } from './tableView';

/** What opens below the grid. */
export function Drawer(props: { view: TableView; title: string; children: ReactNode }): ReactNode {
  const { trans } = useView();
  return (
    <section className="esap-Drawer" aria-label={props.title}>
      <div className="esap-Card-head">
        <h3 className="esap-grow">{props.title}</h3>
        <IconButton
          icon={closeIcon}
          label={trans.__('Close')}
          onClick={() => {
            props.view.drawer = 'none';
          }}
        />
      </div>
      {props.children}
    </section>
  );
}
