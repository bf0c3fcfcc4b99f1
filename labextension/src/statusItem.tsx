import { ReactWidget, runningIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { CommandIDs } from './commandIds';
import { fractionDone } from './models/jobs';
import { useChanges, useView, ViewContextProvider, type ViewContext } from './panels/context';

/** In the status bar: how many jobs run, and how far they are; a click shows them. */
export function makeStatusItem(context: ViewContext): ReactWidget {
  const item = ReactWidget.create(
    <ViewContextProvider value={context}>
      <StatusItem />
    </ViewContextProvider>
  );
  item.addClass('esap-StatusItem');
  return item;
}

function StatusItem(): ReactNode {
  const { esap, commands, trans } = useView();
  useChanges(esap.jobs);
  const { running } = esap.jobs;
  if (running.length === 0) {
    return null;
  }
  const fractions = running.map(fractionDone).filter(fraction => fraction !== null);
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
  return (
    <button
      type="button"
      className="jp-StatusBar-TextItem esap-StatusButton"
      title={trans.__('Show the jobs')}
      onClick={() => void commands.execute(CommandIDs.showPanel, { panel: 'jobs' })}
    >
      <runningIcon.react tag="span" className="esap-Icon" />
      {trans._n('%1 ESAP job', '%1 ESAP jobs', running.length)}
      {fractions.length > 0 && ` · ${Math.floor(mean * 100)} %`}
    </button>
  );
}
