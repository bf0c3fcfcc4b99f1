import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager, Notification } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { EsapClient } from './api/client';
import { translateErrors } from './api/errors';
import { CommandIDs } from './commandIds';
import { addCommands, makeDocuments, restoreDocuments, type Documents } from './commands';
import { addFileTypes } from './fileTypes';
import { chooseFileWith } from './chooseFile';
import { Esap, IEsap, PANELS } from './models/esap';
import { describe } from './models/describe';
import type { ViewContext } from './panels/context';
import { SideBar } from './panels/sidebar';
import { addQueryCommands } from './queryCommands';
import { openLink } from './openLink';
import { ownServer } from './ownServerPlugin';
import { remember } from './remembered';
import { addSignInCommands } from './signInCommands';
import { makeStatusItem } from './statusItem';
import { addTableTypes } from './tableFiles';

/** The state of the panels, for these and other extensions. */
const state: JupyterFrontEndPlugin<Esap> = {
  id: 'esap-jupyter:state',
  description: 'Provides the state of the ESAP panels.',
  provides: IEsap,
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    const esap = new Esap(new EsapClient(app.serviceManager.serverSettings));
    void app.restored.then(async () => {
      await esap.refresh();
      await esap.start();
    });
    // Events say that something changed; what it is now is asked for.
    app.serviceManager.events.stream.connect((_, event) => {
      if (event.schema_id.includes('events.esap-jupyter.org/job_changed')) {
        void esap.jobs.refresh();
      } else if (event.schema_id.includes('events.esap-jupyter.org/search_changed') && typeof event.search === 'string') {
        esap.noteSearch(event.search, event.ended === true);
      }
    });
    return esap;
  }
};

/** The side bar, the documents of the main area, and all commands. */
const panels: JupyterFrontEndPlugin<void> = {
  id: 'esap-jupyter:panels',
  description: 'The ESAP side bar, tables and ADQL queries.',
  autoStart: true,
  requires: [IEsap, INotebookTracker],
  optional: [ITranslator, ILayoutRestorer, ICommandPalette, ILauncher, IThemeManager, IStatusBar, ISettingRegistry, IFileBrowserFactory, IDocumentManager],
  activate: async (
    app: JupyterFrontEnd,
    esap: Esap,
    notebooks: INotebookTracker,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    themes: IThemeManager | null,
    statusBar: IStatusBar | null,
    settings: ISettingRegistry | null,
    files: IFileBrowserFactory | null,
    manager: IDocumentManager | null
  ) => {
    const trans = (translator ?? nullTranslator).load('esap_jupyter');
    translateErrors(trans);
    const chooseFile = manager ? chooseFileWith(manager, app.serviceManager.contents) : undefined;
    const context: ViewContext = { esap, commands: app.commands, trans, chooseFile };
    const documents = makeDocuments();
    addFileTypes(app, context, restorer, themes);
    addCommands(app, context, documents, notebooks, files);
    addQueryCommands(app, context, documents);
    addSignInCommands(app, context);

    const sideBar = new SideBar(context);
    app.shell.add(sideBar, 'left', { rank: 300, type: 'ESAP' });
    if (restorer) {
      restorer.add(sideBar, sideBar.id);
      restoreDocuments(restorer, documents);
    }

    const category = trans.__('ESAP');
    for (const panel of PANELS) {
      palette?.addItem({ command: CommandIDs.showPanel, category, args: { panel } });
    }
    for (const command of [
      CommandIDs.openFileAsTable,
      CommandIDs.newAdql,
      CommandIDs.runAdql,
      CommandIDs.queryWithTable,
      CommandIDs.saveTable,
      CommandIDs.plotTable,
      CommandIDs.openSky,
      CommandIDs.saveQuery,
      CommandIDs.showHelp,
      CommandIDs.stageBasket,
      CommandIDs.signIn,
      CommandIDs.signOut,
      CommandIDs.insertCode,
      CommandIDs.refresh
    ]) {
      palette?.addItem({ command, category });
    }
    launcher?.add({ command: CommandIDs.showPanel, category, rank: 0 });
    launcher?.add({ command: CommandIDs.newAdql, category, rank: 1 });

    statusBar?.registerStatusItem('esap-jupyter:jobs', {
      item: makeStatusItem(context),
      align: 'left',
      rank: 100
    });
    themes?.themeChanged.connect(() => {
      documents.tables.forEach(widget => widget.content.applyTheme());
      documents.skies.forEach(widget => widget.content.applyTheme());
    });
    follow(context, settings);
    void remember(esap, settings);
    await openFiles(app, context, documents);
  }
};

/** Let files be opened as tables; before the layout is restored, since such files may be in it. */
async function openFiles(app: JupyterFrontEnd, context: ViewContext, documents: Documents): Promise<void> {
  addTableTypes(app.docRegistry);
  const { FileTableFactory } = await import('./documents/fileTable');
  const factory = new FileTableFactory(context, app.serviceManager.contents);
  factory.widgetCreated.connect((_, widget) => {
    void documents.tables.add(widget);
  });
  app.docRegistry.addWidgetFactory(factory);
}

/** What happens by itself: a table opens when its first rows are there, the end of a staging is told. */
function follow({ esap, commands, trans }: ViewContext, registry: ISettingRegistry | null): void {
  let opensTables = true;
  let tellsOfJobs = true;
  void registry?.load('esap-jupyter:panels').then(settings => {
    const read = (): void => {
      opensTables = settings.get('openTables').composite !== false;
      tellsOfJobs = settings.get('notifyJobs').composite !== false;
    };
    settings.changed.connect(read);
    read();
  });

  let opened = '';
  esap.discovery.changed.connect(() => {
    const { search } = esap.discovery;
    if (opensTables && search?.running) {
      // What the table will be shown with comes while the services are asked.
      void import('./documents/table');
      void import('./api/page');
    }
    if (opensTables && search?.tableId && search.tableId !== opened) {
      opened = search.tableId;
      void commands.execute(CommandIDs.openTable, { id: opened, title: describe(search.query, trans) });
    }
  });
  const wordsOf = (kind: string): { done: string; failed: string } | undefined =>
    ({
      staging: { done: trans.__('Staged:'), failed: trans.__('Staging failed:') },
      replication: { done: trans.__('Replicated:'), failed: trans.__('Replication failed:') },
      upload: { done: trans.__('Uploaded:'), failed: trans.__('Upload failed:') }
    })[kind];
  esap.jobs.ended.connect((_, job) => {
    const said = wordsOf(job.kind);
    if (!tellsOfJobs || !said) {
      return;
    }
    const actions = [
      { label: trans.__('Show'), callback: () => void commands.execute(CommandIDs.showPanel, { panel: 'jobs' }) }
    ];
    if (job.phase === 'COMPLETED') {
      Notification.success(`${said.done} ${job.title}`, { actions, autoClose: 6000 });
    } else if (job.phase === 'ERROR') {
      Notification.error(`${said.failed} ${job.title}. ${job.error_message}`, { actions });
    }
  });
}

export default [state, panels, ownServer, openLink];
