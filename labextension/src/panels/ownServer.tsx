import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type React from 'react';
import type { ReactNode } from 'react';
import { CommandIDs } from '../commandIds';
import type { OwnServer } from '../models/ownServer';
import { useChanges, useView, ViewContextProvider, type ViewContext } from './context';
import { formatBytes, formatLife, formatTime } from './format';
import { ErrorNote, ProgressBar } from './parts';

/** In the status bar: how long the server lives yet, and a home that is nearly full; a click tells more. */
export function makeServerItem(context: ViewContext, server: OwnServer): ReactWidget {
  const item = ReactWidget.create(
    <ViewContextProvider value={context}>
      <ServerItem server={server} />
    </ViewContextProvider>
  );
  item.addClass('esap-StatusItem');
  return item;
}

function ServerItem({ server }: { server: OwnServer }): ReactNode {
  const { commands, trans } = useView();
  useChanges(server);
  const left = server.secondsLeft;
  const told = [];
  if (left !== null) {
    told.push(trans.__('Server ends in %1', formatLife(left, trans)));
  }
  if (server.isNearlyFull) {
    told.push(trans.__('Home %1 % full', Math.floor((server.fullness ?? 0) * 100)));
  }
  if (told.length === 0) {
    return null;
  }
  return (
    <button
      type="button"
      className={`jp-StatusBar-TextItem esap-StatusButton ${server.isEnding || server.isNearlyFull ? 'esap-mod-warning' : ''}`}
      title={trans.__('Show this server')}
      onClick={() => void commands.execute(CommandIDs.showServer)}
    >
      {told.join(' · ')}
    </button>
  );
}

/** Show until when the server lives, and how much room is left; offers to keep it alive. */
export async function showServer(context: ViewContext, server: OwnServer): Promise<void> {
  const { trans } = context;
  await ask(context, server, trans.__('This server'), Dialog.cancelButton({ label: trans.__('Close') }));
}

/** Ask, shortly before the end, whether the server is to be kept alive. */
export async function warnOfEnd(context: ViewContext, server: OwnServer): Promise<void> {
  const { trans } = context;
  await ask(
    context,
    server,
    trans.__('This server ends soon'),
    Dialog.cancelButton({ label: server.canKeepAlive ? trans.__('Let it end') : trans.__('Close') })
  );
}

async function ask(context: ViewContext, server: OwnServer, title: string, no: Dialog.IButton): Promise<void> {
  const keep = Dialog.okButton({ label: context.trans.__('Keep alive') });
  const { button } = await showDialog({
    title,
    body: new ServerBody(context, server),
    buttons: server.canKeepAlive ? [no, keep] : [no],
    defaultButton: server.canKeepAlive ? 1 : 0
  });
  if (button.accept) {
    await server.keepAlive();
    if (server.error) {
      await showDialog({
        title: context.trans.__('The server is not kept alive'),
        body: [server.error.message, server.error.hint].filter(Boolean).join(' '),
        buttons: [Dialog.okButton()]
      });
    }
  }
}

class ServerBody extends ReactWidget {
  constructor(
    private readonly _context: ViewContext,
    private readonly _server: OwnServer
  ) {
    super();
    this.addClass('esap-Server');
  }

  protected override render(): React.JSX.Element {
    return (
      <ViewContextProvider value={this._context}>
        <Told server={this._server} />
      </ViewContextProvider>
    );
  }
}

function Told({ server }: { server: OwnServer }): ReactNode {
  const { trans } = useView();
  useChanges(server);
  const { life, error } = server;
  return (
    <>
      {life?.ends_at && <End server={server} endsAt={life.ends_at} />}
      {life && life.idle_minutes > 0 && (
        <p className="esap-muted">
          {trans.__(
            'It is also stopped after %1 minutes in which nothing is done: no work in a browser, no busy kernel, no search and no job.',
            Math.round(life.idle_minutes)
          )}
        </p>
      )}
      <Room server={server} />
      {life?.contact && <p className="esap-muted">{trans.__('Questions: %1', life.contact)}</p>}
      {error && <ErrorNote error={error} onRetry={() => void server.refresh()} />}
    </>
  );
}

function End({ server, endsAt }: { server: OwnServer; endsAt: string }): ReactNode {
  const { trans } = useView();
  const most = server.life?.at_most;
  return (
    <>
      <p>
        <strong>{trans.__('It ends in %1, at %2.', formatLife(server.secondsLeft ?? 0, trans), formatTime(endsAt))}</strong>{' '}
        {trans.__('Kernels and jobs stop then; files, tables and the basket stay.')}
      </p>
      <p>
        {server.canKeepAlive && most
          ? trans.__('It can be kept alive, until %1 at most.', formatTime(most))
          : trans.__('It cannot be kept alive any longer. Save your work; a new server can be started at once.')}
      </p>
    </>
  );
}

function Room({ server }: { server: OwnServer }): ReactNode {
  const { trans } = useView();
  const { storage, fullness } = server;
  if (!storage) {
    return null;
  }
  return (
    <section aria-label={trans.__('Room in the home')}>
      <p>{roomLeft(server, trans)}</p>
      {fullness !== null && <ProgressBar fraction={fullness} label={trans.__('How full the home is')} />}
      {server.isNearlyFull && (
        <p className="esap-fault">{trans.__('Delete what you do not need, or move it to a data lake, before nothing can be written.')}</p>
      )}
    </section>
  );
}

function roomLeft({ storage }: OwnServer, trans: TranslationBundle): string {
  const used = storage?.used ?? null;
  if (!storage || used === null) {
    return trans.__('The home is being measured …');
  }
  return trans.__('Home: %1 of %2 used, %3 left.', formatBytes(used), formatBytes(storage.limit), formatBytes(storage.free));
}
