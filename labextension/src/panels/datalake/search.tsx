import { addIcon, closeIcon, searchIcon } from '@jupyterlab/ui-components';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { Kind } from '../../models/datalake';
import { isReadable, OPERATORS, type MetadataCondition, type Operator } from '../../models/metadataFilter';
import { useView } from '../context';
import { Button, IconButton } from '../parts';

const NOTHING: MetadataCondition = { key: '', operator: '=', value: '' };

/** Finds DIDs by name with wildcards, kind and metadata. */
export function DIDSearch({ lakes }: { lakes: readonly { name: string; title: string }[] }): ReactNode {
  const { esap, trans } = useView();
  const [pattern, setPattern] = useState('');
  const [chosen, setChosen] = useState(lakes[0]?.name ?? '');
  const [kind, setKind] = useState<Kind>('all');
  const [conditions, setConditions] = useState<readonly MetadataCondition[]>([]);
  const ready = /^[^:]+:/.test(pattern.trim()) && conditions.every(isReadable);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready) {
      void esap.datalake.search({ service: chosen, pattern: pattern.trim(), kind, conditions });
    }
  };
  const change = (at: number, values: Partial<MetadataCondition>): void => {
    setConditions(conditions.map((each, index) => (index === at ? { ...each, ...values } : each)));
  };
  const kinds: Record<Kind, string> = {
    all: trans.__('All kinds'),
    collection: trans.__('Collections'),
    dataset: trans.__('Datasets'),
    container: trans.__('Containers'),
    file: trans.__('Files')
  };

  return (
    <form className="esap-Form esap-DIDSearch" role="search" onSubmit={submit} noValidate>
      {lakes.length > 1 && (
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Data lake')}
          value={chosen}
          onChange={event => setChosen(event.target.value)}
        >
          {lakes.map(lake => (
            <option key={lake.name} value={lake.name}>
              {lake.title || lake.name}
            </option>
          ))}
        </select>
      )}
      <div className="esap-Row">
        <input
          className="jp-mod-styled"
          type="text"
          aria-label={trans.__('DIDs to look for')}
          placeholder={trans.__('scope:name*')}
          title={trans.__('A scope and a name with the wildcard *')}
          autoComplete="off"
          spellCheck={false}
          value={pattern}
          onChange={event => setPattern(event.target.value)}
        />
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Kind of DID')}
          value={kind}
          onChange={event => setKind(event.target.value as Kind)}
        >
          {Object.entries(kinds).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {conditions.map((condition, at) => (
        <div key={at} className="esap-Row esap-Condition" role="group" aria-label={trans.__('Condition %1', at + 1)}>
          <input
            className="jp-mod-styled"
            type="text"
            list="esap-metadata-keys"
            aria-label={trans.__('Metadata key')}
            aria-invalid={!isReadable(condition)}
            placeholder={trans.__('key')}
            autoComplete="off"
            spellCheck={false}
            value={condition.key}
            onChange={event => change(at, { key: event.target.value })}
          />
          <select
            className="jp-mod-styled"
            aria-label={trans.__('Operator')}
            value={condition.operator}
            onChange={event => change(at, { operator: event.target.value as Operator })}
          >
            {OPERATORS.map(operator => (
              <option key={operator}>{operator}</option>
            ))}
          </select>
          <input
            className="jp-mod-styled"
            type="text"
            aria-label={trans.__('Value')}
            aria-invalid={!isReadable(condition)}
            placeholder={trans.__('value')}
            autoComplete="off"
            spellCheck={false}
            value={condition.value}
            onChange={event => change(at, { value: event.target.value })}
          />
          <IconButton
            icon={closeIcon}
            label={trans.__('Remove condition %1', at + 1)}
            onClick={() => setConditions(conditions.filter((_, index) => index !== at))}
          />
        </div>
      ))}
      {!conditions.every(isReadable) && (
        <p className="esap-fault" role="alert">
          {trans.__('Rucio reads no = < > ! , or ; in keys and values.')}
        </p>
      )}
      <datalist id="esap-metadata-keys">
        {esap.datalake.metadataKeys.map(key => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <div className="esap-Row">
        <Button submits accept icon={searchIcon} disabled={!ready}>
          {trans.__('Find')}
        </Button>
        <Button icon={addIcon} onClick={() => setConditions([...conditions, NOTHING])}>
          {trans.__('Metadata')}
        </Button>
      </div>
    </form>
  );
}
