import { Clipboard } from '@jupyterlab/apputils';
import { addIcon, codeIcon, copyIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { codeOfDid } from '../../code';
import { CommandIDs } from '../../commandIds';
import { nameOf, type Details } from '../../models/datalake';
import { useView } from '../context';
import { formatBytes, formatCount } from '../format';
import { Button, ErrorNote, IconButton } from '../parts';
import { RulesView } from './rules';

/** All that is known of the chosen DID. */
export function DetailsView({ details }: { details: Details }): ReactNode {
  const { esap, commands, trans } = useView();
  const { did, service } = details;
  const name = nameOf(did);
  const facts = [
    did.type.toLowerCase(),
    did.bytes === null ? '' : formatBytes(did.bytes),
    did.length === null ? '' : trans._n('%2 file', '%2 files', did.length, formatCount(did.length)),
    did.adler32 && `adler32 ${did.adler32}`
  ];
  return (
    <section className="esap-Section esap-Details" aria-label={trans.__('About %1', name)} tabIndex={0}>
      <h3 title={name}>{name}</h3>
      <p className="esap-muted">{facts.filter(Boolean).join(' · ')}</p>
      <div className="esap-Actions">
        <Button accept icon={addIcon} onClick={() => void esap.addDid(service, name)}>
          {trans.__('Add to basket')}
        </Button>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy %1', name)}
          onClick={() => Clipboard.copyToSystem(name)}
        />
        <IconButton
          icon={codeIcon}
          label={trans.__('Insert code that stages %1', name)}
          onClick={() => void commands.execute(CommandIDs.insertCode, { code: codeOfDid(name, service) })}
        />
      </div>
      {details.error && <ErrorNote error={details.error} />}
      <ReplicasView details={details} />
      <RulesView details={details} />
      {details.metadata && (
        <details className="esap-Metadata">
          <summary>{trans.__('Metadata')}</summary>
          <dl>
            {Object.entries(details.metadata)
              .filter(([, value]) => value !== null && value !== '')
              .map(([key, value]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
                </div>
              ))}
          </dl>
        </details>
      )}
    </section>
  );
}

function ReplicasView({ details: { replicas, moreReplicas, error } }: { details: Details }): ReactNode {
  const { esap, trans } = useView();
  if (!replicas) {
    return error ? null : <p className="esap-muted">{trans.__('Asking where it is …')}</p>;
  }
  return (
    <>
      <h4>{trans.__('Replicas')}</h4>
      {replicas.length === 0 && <p className="esap-muted">{trans.__('There are none.')}</p>}
      <ul className="esap-List esap-Replicas">
        {byRSE(replicas).map(({ rse, state, files, bytes, adler32 }) => (
          <li key={`${rse} ${state}`}>
            <span className="esap-grow">{rse}</span>
            <span className="esap-muted">
              {[
                state.toLowerCase(),
                trans._n('%2 file', '%2 files', files, formatCount(files)),
                formatBytes(bytes),
                adler32 && `adler32 ${adler32}`
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </li>
        ))}
      </ul>
      {moreReplicas && (
        <Button onClick={() => void esap.datalake.loadMoreReplicas()}>
          {trans.__('Count more (%1 replicas so far)', formatCount(replicas.length))}
        </Button>
      )}
    </>
  );
}

interface OnRSE {
  rse: string;
  state: string;
  files: number;
  bytes: number;
  /** Of the only file. */
  adler32: string;
}

/** Files and bytes of a DID on each RSE, by state. */
function byRSE(replicas: NonNullable<Details['replicas']>): OnRSE[] {
  const sums = new Map<string, OnRSE>();
  for (const { rse, state, bytes, adler32 } of replicas) {
    const key = `${rse} ${state}`;
    const sum = sums.get(key) ?? { rse, state, files: 0, bytes: 0, adler32 };
    sums.set(key, {
      ...sum,
      files: sum.files + 1,
      bytes: sum.bytes + (bytes ?? 0),
      adler32: sum.files === 0 ? adler32 : ''
    });
  }
  return [...sums.values()];
}
