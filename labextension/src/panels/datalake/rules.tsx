import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, deleteIcon } from '@jupyterlab/ui-components';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { Rule } from '../../api/types';
import type { Details } from '../../models/datalake';
import { secondsOfDays } from '../../models/lifetimes';
import { useView } from '../context';
import { formatTime } from '../format';
import { Button, ErrorNote, IconButton } from '../parts';

/** The rules on the chosen DID; one's own can be deleted, and new ones made. */
export function RulesView({ details: { rules, ruleError, service } }: { details: Details }): ReactNode {
  const { esap, trans } = useView();
  const [adding, setAdding] = useState(false);
  if (!rules) {
    return null;
  }
  const account = esap.datalake.lakes.get(service)?.account;
  const askAndDelete = async (rule: Rule): Promise<void> => {
    const { button } = await showDialog({
      title: trans.__('Delete the rule?'),
      body: trans.__('The copies that it keeps on %1 may then be deleted there.', rule.rse_expression),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })]
    });
    if (button.accept) {
      await esap.datalake.deleteRule(rule);
    }
  };
  return (
    <>
      <h4>{trans.__('Rules')}</h4>
      {rules.length === 0 && <p className="esap-muted">{trans.__('There are none.')}</p>}
      <ul className="esap-List esap-Replicas">
        {rules.map(rule => (
          <li key={rule.id} title={rule.error || rule.id}>
            <span className="esap-grow">{rule.rse_expression}</span>
            {rule.account === account && (
              <IconButton
                icon={deleteIcon}
                label={trans.__('Delete the rule on %1', rule.rse_expression)}
                onClick={() => void askAndDelete(rule)}
              />
            )}
            <span className="esap-Rule-facts esap-muted">
              {[
                rule.state.toLowerCase(),
                locksOf(rule, trans),
                rule.copies > 1 ? trans.__('%1 copies', rule.copies) : '',
                rule.account,
                rule.expires_at ? trans.__('until %1', formatTime(rule.expires_at)) : trans.__('for ever')
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
            {rule.error && <span className="esap-fault">{rule.error}</span>}
          </li>
        ))}
      </ul>
      {adding ? (
        <NewRuleForm service={service} onDone={() => setAdding(false)} />
      ) : (
        <Button icon={addIcon} onClick={() => setAdding(true)}>
          {trans.__('Add a rule')}
        </Button>
      )}
      {ruleError && <ErrorNote error={ruleError} />}
    </>
  );
}

function NewRuleForm({ service, onDone }: { service: string; onDone: () => void }): ReactNode {
  const { esap, trans } = useView();
  const lake = esap.datalake.lakes.get(service);
  const [expression, setExpression] = useState(lake?.siteRSE ?? '');
  const [copies, setCopies] = useState('1');
  const [days, setDays] = useState('');
  const lifetime = secondsOfDays(days);
  const ready = expression.trim() !== '' && lifetime !== undefined && /^[1-9]\d?$/.test(copies);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready) {
      void esap.datalake
        .addRule({ rse_expression: expression.trim(), copies: Number(copies), lifetime })
        .then(made => made && onDone());
    }
  };
  return (
    <form className="esap-Form esap-NewRule" aria-label={trans.__('New rule')} onSubmit={submit} noValidate>
      <label htmlFor="esap-rule-rse">{trans.__('RSE expression')}</label>
      <input
        id="esap-rule-rse"
        className="jp-mod-styled"
        type="text"
        list="esap-rses"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={expression}
        onChange={event => setExpression(event.target.value)}
      />
      <datalist id="esap-rses">{lake?.rses.map(rse => <option key={rse.name} value={rse.name} />)}</datalist>
      <div className="esap-Row">
        <label>
          {trans.__('Copies')}
          <input
            className="jp-mod-styled"
            type="number"
            min={1}
            max={99}
            value={copies}
            onChange={event => setCopies(event.target.value)}
          />
        </label>
        <label>
          {trans.__('Days (empty: for ever)')}
          <input
            className="jp-mod-styled"
            type="text"
            inputMode="decimal"
            aria-invalid={lifetime === undefined}
            value={days}
            onChange={event => setDays(event.target.value)}
          />
        </label>
      </div>
      <div className="esap-Row">
        <Button submits accept disabled={!ready}>
          {trans.__('Make the rule')}
        </Button>
        <Button onClick={onDone}>{trans.__('Cancel')}</Button>
      </div>
    </form>
  );
}

function locksOf(rule: Rule, trans: TranslationBundle): string {
  const { locks_ok: ok, locks_replicating: replicating, locks_stuck: stuck } = rule;
  const all = ok + replicating + stuck;
  return all === 0 || ok === all ? '' : `${ok}/${all}${stuck > 0 ? ` (${trans.__('%1 stuck', stuck)})` : ''}`;
}
