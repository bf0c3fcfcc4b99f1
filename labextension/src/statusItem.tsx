import { ReactWidget, runningIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { CommandIDs } from './commandIds';
import { fractionDone } from './models/jobs';
import { fractionAnswered } from './models/search';
import { useChanges, useView, ViewContextProvider, type ViewContext } from './panels/context';

/** In the status bar: how many jobs and searches run, and how far they are; a click shows them. */
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
  useChanges(esap.searches);
  const { running } = esap.jobs;
  const { list: searches } = esap.searches;
  const count = running.length + searches.length;
  if (count === 0) {
    return null;
  }
  const fractions = [
    ...running.map(fractionDone),
    ...searches.map(({ reports }) => fractionAnswered(reports))
  ].filter(fraction => fraction !== null);
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
  return (
    <button
      type="button"
      className="jp-StatusBar-TextItem esap-StatusButton"
      title={trans.__('Show the jobs')}
      onClick={() => void commands.execute(CommandIDs.showPanel, { panel: 'jobs' })}
    >
      <runningIcon.react tag="span" className="esap-Icon" />
      {trans._n('%1 ESAP job', '%1 ESAP jobs', count)}
      {fractions.length > 0 && ` · ${Math.floor(mean * 100)} %`}
    </button>
  );
}
