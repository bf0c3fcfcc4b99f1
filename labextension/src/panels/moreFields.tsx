import { useEffect, useState, type ReactNode } from 'react';
import { textOf, type QueryField } from '../models/queryForm';
import { useView } from './context';
import { useChosenServices } from './serviceChoice';

// Not JupyterLab's FormComponent (rjsf): it shows each optional field of pydantic, a choice between a type and
// null, with a chooser of its own, and knows nothing of one form made of several services' schemas.

/** The further fields of the chosen services' query forms. */
export function MoreFields(): ReactNode {
  const { esap, trans } = useView();
  const { discovery } = esap;
  const { form, forms, search } = discovery;
  const chosen = useChosenServices();
  const set = Object.keys(form.parameters).length;
  const [open, setOpen] = useState(false);
  const shown = open || set > 0;
  const asked = chosen.join('\n');
  useEffect(() => {
    if (shown) {
      void forms.load(asked.split('\n').filter(Boolean));
    }
  }, [shown, asked, forms]);

  const fields = forms.fields(chosen, form.product);
  const wrong = search?.error?.field.startsWith('parameters.') ? search.error : null;
  return (
    <details
      className="esap-Find esap-MoreFields"
      open={shown}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>
        {trans.__('More fields')}{' '}
        {set > 0 && <span className="esap-muted">{trans._n('%1 set', '%1 set', set)}</span>}
      </summary>
      {shown && fields.length === 0 && (
        <p className="esap-muted">{trans.__('The chosen services have no further fields for this.')}</p>
      )}
      <div className="esap-Find-form">
        {shown &&
          fields.map(field => (
            <FieldInput
              key={field.name}
              field={field}
              value={form.parameters[field.name]}
              chosen={chosen}
              fault={wrong?.field === `parameters.${field.name}` ? wrong.message : ''}
            />
          ))}
      </div>
    </details>
  );
}

function FieldInput({
  field,
  value,
  chosen,
  fault
}: {
  field: QueryField;
  value: unknown;
  chosen: readonly string[];
  fault: string;
}): ReactNode {
  const { esap, trans } = useView();
  const { discovery, services } = esap;
  const id = `esap-field-${field.name}`;
  const common = {
    id,
    className: 'jp-mod-styled',
    value: textOf(value, field.kind),
    'aria-describedby': `${id}-about`,
    'aria-invalid': fault !== ''
  };
  const set = (text: string): void => discovery.setParameter(field.name, text);
  const others = chosen.filter(name => discovery.forms.isThere(name) && !field.services.includes(name));
  return (
    <>
      <label htmlFor={id}>{field.title}</label>
      {field.kind === 'choice' || field.kind === 'flag' ? (
        <select {...common} onChange={event => set(event.target.value)}>
          <option value="">{trans.__('any')}</option>
          {(field.kind === 'flag' ? ['true', 'false'] : field.choices).map(choice => (
            <option key={choice} value={choice}>
              {field.kind === 'flag' ? (choice === 'true' ? trans.__('yes') : trans.__('no')) : choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          type={field.kind === 'time' ? 'datetime-local' : 'text'}
          inputMode={field.kind === 'number' || field.kind === 'integer' ? 'decimal' : undefined}
          autoComplete="off"
          spellCheck={false}
          onChange={event => set(event.target.value)}
        />
      )}
      <p className="esap-muted" id={`${id}-about`}>
        {field.description}
        {others.length > 0 && (
          <span className="esap-FieldNote">
            {trans.__('If set, not asked: %1', others.map(name => services.titleOf(name)).join(', '))}
          </span>
        )}
      </p>
      {fault && (
        <p className="esap-fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}
