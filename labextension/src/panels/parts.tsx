import type { LabIcon } from '@jupyterlab/ui-components';
import { refreshIcon, userIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { SIGN_IN_NEEDED, type EsapError } from '../api/errors';
import { CommandIDs } from '../commandIds';
import { useView } from './context';

interface IconButtonProps {
  icon: LabIcon;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  /** Whether what it switches is on. */
  pressed?: boolean;
}

/** A small button that shows an icon only; its label is read aloud and shown on hovering. */
export function IconButton({ icon, label, onClick, disabled = false, pressed }: IconButtonProps): ReactNode {
  return (
    <button
      type="button"
      className="jp-Button jp-mod-minimal esap-IconButton"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <icon.react tag="span" className="esap-Icon" />
    </button>
  );
}

interface ButtonProps {
  children: ReactNode;
  icon?: LabIcon;
  onClick?: () => void;
  disabled?: boolean;
  accept?: boolean;
  title?: string;
  submits?: boolean;
  /** Whether what it switches is on. */
  pressed?: boolean;
}

export function Button(props: ButtonProps): ReactNode {
  const { icon: ButtonIcon } = props;
  return (
    <button
      type={props.submits ? 'submit' : 'button'}
      className={`jp-mod-styled esap-Button ${props.accept ? 'jp-mod-accept' : 'jp-mod-reject'}`}
      title={props.title}
      aria-pressed={props.pressed}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {ButtonIcon && <ButtonIcon.react tag="span" className="esap-Icon" />}
      {props.children}
    </button>
  );
}

interface ErrorNoteProps {
  error: EsapError;
  onRetry?: () => void;
  /** Whether it is tried again without a click. */
  retries?: boolean;
}

/** What went wrong and what to do next. */
export function ErrorNote({ error, onRetry, retries = false }: ErrorNoteProps): ReactNode {
  const { trans } = useView();
  if (error.isMissingExtension) {
    return <MissingExtension {...(onRetry ? { onRetry } : {})} />;
  }
  return (
    <div className="esap-Note esap-mod-error" role="alert">
      <p>
        {error.service && <strong>{error.service}: </strong>}
        {error.message}
      </p>
      {error.hint && <p className="esap-hint">{error.hint}</p>}
      {retries && <p className="esap-hint">{trans.__('This page tries again by itself.')}</p>}
      {error.service && error.code === SIGN_IN_NEEDED && <ShowSignIn />}
      {onRetry && (
        <Button icon={refreshIcon} onClick={onRetry}>
          {trans.__('Try again')}
        </Button>
      )}
    </div>
  );
}

/** Leads to where the person signs in. */
export function ShowSignIn(): ReactNode {
  const { commands, trans } = useView();
  return (
    <Button
      icon={userIcon}
      onClick={() => void commands.execute(CommandIDs.showPanel, { panel: 'sign-in' })}
    >
      {trans.__('To the sign-in')}
    </Button>
  );
}

/** How to cure a server that has no ESAP, or one older than these panels. */
function MissingExtension({ onRetry }: { onRetry?: () => void }): ReactNode {
  const { trans } = useView();
  return (
    <div className="esap-Note esap-mod-error" role="alert">
      <p>
        <strong>{trans.__('The ESAP server extension is missing or too old.')}</strong>
      </p>
      <p>{trans.__('Install it where the Jupyter server runs, then restart the server:')}</p>
      <pre>
        pip install --upgrade esap-jupyter{'\n'}jupyter server extension enable esap_jupyter
      </pre>
      {onRetry && (
        <Button icon={refreshIcon} onClick={onRetry}>
          {trans.__('Try again')}
        </Button>
      )}
    </div>
  );
}

/** What a panel says while there is nothing in it. */
export function Empty({ icon: EmptyIcon, children }: { icon: LabIcon; children: ReactNode }): ReactNode {
  return (
    <div className="esap-Empty">
      <EmptyIcon.react tag="span" className="esap-Empty-icon" />
      {children}
    </div>
  );
}

/** How much is done, from 0 to 1; null while nobody can tell. */
export function ProgressBar({ fraction, label }: { fraction: number | null; label: string }): ReactNode {
  const percent = fraction === null ? undefined : Math.round(fraction * 100);
  return (
    <div
      className={`esap-ProgressBar ${fraction === null ? 'esap-mod-unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={percent === undefined ? {} : { width: `${percent}%` }} />
    </div>
  );
}
