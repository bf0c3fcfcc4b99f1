import { closeIcon, editIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import type { Query } from '../api/types';
import { CommandIDs } from '../commandIds';
import { describe } from '../models/describe';
import { useChanges, useView } from './context';
import { ErrorNote, IconButton } from './parts';

/** The queries that a person saved: to be asked again, renamed, deleted. */
export function SavedQueryList({ onRecall }: { onRecall: (query: Query, service: string) => void }): ReactNode {
  const { esap, commands, trans } = useView();
  const { saved } = esap;
  useChanges(saved);
  return (
    <>
      {saved.error && <ErrorNote error={saved.error} onRetry={() => void saved.refresh()} />}
      {saved.list.length > 0 && (
        <details className="esap-Section" open>
          <summary>{trans.__('Saved queries')}</summary>
          <ul className="esap-List">
            {saved.list.map(each => (
              <li key={each.id} className="esap-Saved">
                <button
                  type="button"
                  className="esap-Line"
                  title={trans.__('Ask this again')}
                  onClick={() => onRecall(each.query, each.query.services[0] ?? '')}
                >
                  <span className="esap-Line-title">{each.name}</span>
                  <span className="esap-muted">{describe(each.query, trans)}</span>
                </button>
                <IconButton
                  icon={editIcon}
                  label={trans.__('Rename %1', each.name)}
                  onClick={() => void commands.execute(CommandIDs.renameQuery, { id: each.id })}
                />
                <IconButton
                  icon={closeIcon}
                  label={trans.__('Delete %1', each.name)}
                  onClick={() => void commands.execute(CommandIDs.deleteQuery, { id: each.id })}
                />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
