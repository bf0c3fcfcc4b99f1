import { closeIcon, fileIcon } from '@jupyterlab/ui-components';
import { useState, type ReactNode } from 'react';
import type { Target } from '../api/types';
import { useView } from './context';
import { Button, ErrorNote } from './parts';

const SHOWN = 3;

/** How many targets there are instead of one, and which. */
export function ChosenTargets(): ReactNode {
  const { esap, trans } = useView();
  const { discovery } = esap;
  const { targets } = discovery.form;
  const names = targets.slice(0, SHOWN).map(nameOf).join(', ');
  return (
    <div className="esap-Targets" id="esap-targets">
      <div className="esap-grow">
        <strong>{trans._n('%1 target', '%1 targets', targets.length)}</strong>
        <div className="esap-muted">{targets.length > SHOWN ? `${names} …` : names}</div>
      </div>
      <Button icon={closeIcon} onClick={() => discovery.clearList()} title={trans.__('Type one target instead')}>
        {trans.__('Clear')}
      </Button>
    </div>
  );
}

/** A list of targets instead of one: pasted, of a file here, or of a file of the workspace. */
export function TargetListInput(): ReactNode {
  const { esap, trans, chooseFile } = useView();
  const { discovery } = esap;
  const [text, setText] = useState('');
  const takePath = async (): Promise<void> => {
    const path = await chooseFile?.();
    if (path) {
      await discovery.takeList({ path });
    }
  };
  return (
    <details className="esap-Find">
      <summary>{trans.__('Several targets')}</summary>
      <div className="esap-Find-form">
        <label htmlFor="esap-target-list">{trans.__('A name or coordinates on each line; or CSV with ra and dec')}</label>
        <textarea
          id="esap-target-list"
          className="jp-mod-styled esap-TextArea"
          rows={4}
          value={text}
          placeholder={'M 51\nM 42\n10.684 +41.269'}
          spellCheck={false}
          onChange={event => setText(event.target.value)}
        />
        <div className="esap-Actions">
          <Button disabled={text.trim() === ''} onClick={() => void discovery.takeList({ text })}>
            {trans.__('Use this list')}
          </Button>
          {chooseFile && (
            <Button icon={fileIcon} onClick={() => void takePath()}>
              {trans.__('From the workspace …')}
            </Button>
          )}
        </div>
        <label htmlFor="esap-target-file">{trans.__('Or a file of this computer (text, CSV, VOTable)')}</label>
        <input
          id="esap-target-file"
          type="file"
          accept=".txt,.csv,.tsv,.dat,.lis,.vot,.xml"
          onChange={event => {
            const input = event.target;
            const [file] = input.files ?? [];
            if (file) {
              void file.text().then(async content => {
                await discovery.takeList({ text: content });
                // The same file, corrected, can be chosen again.
                input.value = '';
              });
            }
          }}
        />
      </div>
      {discovery.listError && <ErrorNote error={discovery.listError} />}
    </details>
  );
}

function nameOf({ name, position }: Target): string {
  return name || (position ? `${position.ra.toFixed(4)} ${position.dec.toFixed(4)}` : '');
}
