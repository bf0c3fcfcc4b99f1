import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from './commandIds';
import { Esap, IEsap } from './models/esap';
import { OwnServer } from './models/ownServer';
import type { ViewContext } from './panels/context';
import { makeServerItem, showServer, warnOfEnd } from './panels/ownServer';

/** The server that the person works in: its end, and the room that is left. */
export const ownServer: JupyterFrontEndPlugin<void> = {
  id: 'esap-jupyter:own-server',
  description: 'Shows until when a hub lets this server live, and warns of a home that is nearly full.',
  autoStart: true,
  requires: [IEsap],
  optional: [ITranslator, IStatusBar, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    esap: Esap,
    translator: ITranslator | null,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('esap_jupyter');
    const context: ViewContext = { esap, commands: app.commands, trans };
    const server = new OwnServer(esap.client);
    app.commands.addCommand(CommandIDs.showServer, {
      label: trans.__('Show This Server'),
      caption: trans.__('Until when this server lives, and how much room is left'),
      execute: () => showServer(context, server),
      describedBy: { args: { type: 'object', properties: {} } }
    });
    palette?.addItem({ command: CommandIDs.showServer, category: trans.__('ESAP') });
    statusBar?.registerStatusItem('esap-jupyter:own-server', {
      item: makeServerItem(context, server),
      align: 'right',
      rank: 900
    });
    server.ending.connect(() => {
      void warnOfEnd(context, server);
    });
    let toldOfRoom = false;
    server.changed.connect(() => {
      if (server.isNearlyFull && !toldOfRoom) {
        toldOfRoom = true;
        Notification.warning(trans.__('Your home is nearly full.'), {
          actions: [{ label: trans.__('Show'), callback: () => void app.commands.execute(CommandIDs.showServer) }]
        });
      }
    });
    void app.restored.then(() => server.start());
  }
};
