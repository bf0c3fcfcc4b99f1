import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon, launchIcon, lockIcon, userIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useReducer, type ReactNode } from 'react';
import type { DevicePrompt, KnownToken, SignInState } from '../api/types';
import { CommandIDs } from '../commandIds';
import { secondsToLive } from '../models/signIn';
import { useChanges, useView } from './context';
import { formatLife } from './format';
import { Button, Empty, ErrorNote, IconButton, ProgressBar } from './parts';

const TICK_MS = 1_000;

/** Who the person is to the services, how long each token lives, signing in and out; never a token. */
export function SignInPanel(): ReactNode {
  const { esap, trans } = useView();
  const { signIn } = esap;
  useChanges(signIn);
  useEffect(() => {
    void signIn.start();
    return () => void signIn.stop();
  }, [signIn]);
  const { state, error } = signIn;
  return (
    <>
      {error && <ErrorNote error={error} onRetry={() => void signIn.refresh()} />}
      {!state && !error && <p className="esap-muted">{trans.__('Looking who you are …')}</p>}
      {state && <Known state={state} />}
    </>
  );
}

function Known({ state }: { state: SignInState }): ReactNode {
  const { esap, trans } = useView();
  if (state.prompt) {
    return <Prompt prompt={state.prompt} />;
  }
  if (esap.signIn.signedIn) {
    return (
      <>
        <Person state={state} />
        {state.problem && <Problem state={state} />}
        <Tokens tokens={state.tokens} renewed={state.can_sign_out || state.sign_in_url !== ''} />
        {state.can_sign_out && (
          <div className="esap-Actions">
            <SignOutButton />
          </div>
        )}
      </>
    );
  }
  if (state.problem) {
    return (
      <>
        <Problem state={state} />
        {state.can_sign_out && (
          <div className="esap-Actions">
            <SignOutButton />
          </div>
        )}
      </>
    );
  }
  return (
    <Empty icon={userIcon}>
      <p>{trans.__('You are not signed in.')}</p>
      <p className="esap-muted">{trans.__('Services that need no sign-in work. Data lakes, and some archives, want to know who you are.')}</p>
      {state.can_sign_in ? (
        <SignInButton label={trans.__('Sign in')} />
      ) : (
        <p className="esap-muted">
          {trans.__('Nobody to sign in with is configured: set issuer and client_id of sign_in in esap.toml.')}
        </p>
      )}
    </Empty>
  );
}

/** Why there are no tokens, and how to have some again. */
function Problem({ state }: { state: SignInState }): ReactNode {
  const { trans } = useView();
  return (
    <div className="esap-Note esap-mod-error" role="alert">
      <p>{state.problem}</p>
      {state.hint && <p className="esap-hint">{state.hint}</p>}
      {state.sign_in_url ? (
        <a className="esap-LinkButton" href={state.sign_in_url} target="_blank" rel="noreferrer">
          {trans.__('Sign in again')}
          <launchIcon.react tag="span" className="esap-Icon" />
        </a>
      ) : (
        state.can_sign_in && <SignInButton label={trans.__('Sign in again')} />
      )}
    </div>
  );
}

function SignInButton({ label }: { label: string }): ReactNode {
  const { esap, commands } = useView();
  return (
    <Button accept disabled={esap.signIn.busy} onClick={() => void commands.execute(CommandIDs.signIn)}>
      {label}
    </Button>
  );
}

function SignOutButton(): ReactNode {
  const { esap, commands, trans } = useView();
  return (
    <Button disabled={esap.signIn.busy} onClick={() => void commands.execute(CommandIDs.signOut)}>
      {trans.__('Sign out')}
    </Button>
  );
}

/** What the person does to sign in: open a page in any browser, and confirm a code there. */
function Prompt({ prompt }: { prompt: DevicePrompt }): ReactNode {
  const { esap, trans } = useView();
  useTicks();
  const left = (Date.parse(prompt.expires_at) - Date.now()) / 1000;
  return (
    <section className="esap-SignIn-prompt" aria-label={trans.__('Sign in')}>
      <p>{trans.__('Open this page in any browser, on any machine, and confirm the code:')}</p>
      <p className="esap-Row">
        <code className="esap-SignIn-code">{prompt.user_code}</code>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy the code')}
          onClick={() => Clipboard.copyToSystem(prompt.user_code)}
        />
      </p>
      <p className="esap-Row">
        <a
          className="esap-grow"
          href={prompt.verification_uri_complete || prompt.verification_uri}
          target="_blank"
          rel="noreferrer"
        >
          {prompt.verification_uri}
        </a>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy the address')}
          onClick={() => Clipboard.copyToSystem(prompt.verification_uri)}
        />
      </p>
      <ProgressBar fraction={null} label={trans.__('Waiting until you have confirmed')} />
      <p className="esap-muted">{trans.__('Waiting for you: the code holds for %1.', formatLife(left, trans))}</p>
      <div className="esap-Actions">
        <Button disabled={esap.signIn.busy} onClick={() => void esap.signIn.giveUp()}>
          {trans.__('Cancel')}
        </Button>
      </div>
    </section>
  );
}

function Person({ state }: { state: SignInState }): ReactNode {
  const { trans } = useView();
  const { name, username, source, issuer, groups } = state;
  return (
    <section aria-label={trans.__('Who you are')}>
      <div className="esap-SignIn-person">
        <userIcon.react tag="span" className="esap-Icon" />
        <div className="esap-grow">
          <strong>{name || username || trans.__('Somebody with a token')}</strong>
          {name && username && <div className="esap-muted">{username}</div>}
        </div>
      </div>
      <dl className="esap-Facts">
        <div>
          <dt>{trans.__('Tokens from')}</dt>
          <dd>{source}</dd>
        </div>
        {issuer && (
          <div>
            <dt>{trans.__('Provider')}</dt>
            <dd>{issuer}</dd>
          </div>
        )}
        {groups.length > 0 && (
          <div>
            <dt>{trans.__('Groups')}</dt>
            <dd>
              <ul className="esap-List">
                {groups.map(group => (
                  <li key={group}>{group}</li>
                ))}
              </ul>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** `renewed`: whoever signed the person in gives new ones; a token that somebody put here just ends. */
function Tokens({ tokens, renewed }: { tokens: readonly KnownToken[]; renewed: boolean }): ReactNode {
  const { trans } = useView();
  useTicks();
  return (
    <section className="esap-Section" aria-label={trans.__('Tokens')}>
      <h3>{trans.__('Tokens')}</h3>
      <ul className="esap-List">
        {tokens.map(token => (
          <li key={token.audience} className="esap-SignIn-token">
            <lockIcon.react tag="span" className="esap-Icon" />
            <span className="esap-grow">
              {token.audience || trans.__('of your sign-in')}
              {token.problem && <p className="esap-fault">{token.problem}</p>}
            </span>
            {!token.problem && <span className="esap-SignIn-life">{lifeOf(token, trans)}</span>}
          </li>
        ))}
      </ul>
      {renewed && (
        <p className="esap-muted">{trans.__('ESAP gets new ones by itself for as long as the sign-in holds.')}</p>
      )}
    </section>
  );
}

function lifeOf(token: KnownToken, trans: TranslationBundle): string {
  const seconds = secondsToLive(token);
  if (seconds === null) {
    return trans.__('does not say until when');
  }
  return seconds === 0 ? trans.__('ended') : trans.__('%1 left', formatLife(seconds, trans));
}

/** Draw again every second: time goes by though nothing has changed. */
function useTicks(): void {
  const [, drawAgain] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const ticking = window.setInterval(drawAgain, TICK_MS);
    return () => window.clearInterval(ticking);
  }, []);
}
