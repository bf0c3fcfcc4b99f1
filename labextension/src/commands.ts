import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  Dialog,
  InputDialog,
  MainAreaWidget,
  Notification,
  showDialog,
  WidgetTracker
} from '@jupyterlab/apputils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { codeIcon, downloadIcon, fileUploadIcon, refreshIcon, saveIcon, spreadsheetIcon } from '@jupyterlab/ui-components';
import { asEsapError } from './api/errors';
import { codeOfItems } from './code';
import { CommandIDs } from './commandIds';
import type { AdqlDocument } from './documents/adql';
import type { SkyDocument } from './documents/sky';
import type { TableDocument } from './documents/table';
import { esapIcon, plotIcon, skyIcon } from './icons';
import { PANELS, type PanelName } from './models/esap';
import { insertCell } from './notebook';
import type { ViewContext } from './panels/context';
import { SIDE_BAR_ID } from './panels/sidebar';
import { hasTable, TABLE_FACTORY } from './tableFiles';

const PROJECTIONS = ['stereographic', 'aitoff', 'mollweide', 'hammer'] as const;

/** The documents that are open, which come back after the page was reloaded. */
export interface Documents {
  tables: WidgetTracker<MainAreaWidget<TableDocument>>;
  skies: WidgetTracker<MainAreaWidget<SkyDocument>>;
  queries: WidgetTracker<MainAreaWidget<AdqlDocument>>;
}

export function makeDocuments(): Documents {
  return {
    tables: new WidgetTracker<MainAreaWidget<TableDocument>>({ namespace: 'esap-table' }),
    skies: new WidgetTracker<MainAreaWidget<SkyDocument>>({ namespace: 'esap-sky' }),
    queries: new WidgetTracker<MainAreaWidget<AdqlDocument>>({ namespace: 'esap-adql' })
  };
}

/** Every command, once, those of queries apart: panels, palette, launcher, menus and other extensions run these. */
export function addCommands(
  app: JupyterFrontEnd,
  context: ViewContext,
  documents: Documents,
  notebooks: INotebookTracker,
  files: IFileBrowserFactory | null
): void {
  const { commands, shell } = app;
  const { esap, trans } = context;

  commands.addCommand(CommandIDs.showPanel, {
    label: args => {
      const labels: Record<PanelName, string> = {
        discover: trans.__('Search Archives and Data Lakes'),
        basket: trans.__('Show the Basket'),
        jobs: trans.__('Show the Jobs'),
        datalake: trans.__('Browse the Data Lake'),
        'sign-in': trans.__('Show Who I Am to the Services')
      };
      return labels[panelOf(args.panel)];
    },
    caption: trans.__('Find data in many archives and bring it here'),
    icon: esapIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          panel: { type: 'string', enum: [...PANELS], description: 'Which panel' }
        }
      }
    },
    execute: args => {
      esap.panel = panelOf(args.panel);
      shell.activateById(SIDE_BAR_ID);
    }
  });

  commands.addCommand(CommandIDs.openTable, {
    label: trans.__('Open a Table'),
    icon: spreadsheetIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: { type: 'string', description: 'The id of the table' },
          title: { type: 'string', description: 'The title of the tab' },
          below: { type: 'string', description: 'The id of the widget to show it below' },
          path: { type: 'string', description: 'Instead of an id, a file as the file browser names it' }
        }
      }
    },
    execute: async args => {
      const id = textOf(args.id);
      if (!id) {
        await commands.execute(CommandIDs.openFileAsTable, { path: textOf(args.path) });
        return;
      }
      const open = documents.tables.find(widget => widget.content.rows.id === id);
      if (open) {
        shell.activateById(open.id);
        return;
      }
      const { TableDocument } = await import('./documents/table');
      const widget = new MainAreaWidget({ content: new TableDocument(context, { id }) });
      widget.id = `esap-table-${id}`;
      widget.title.label = textOf(args.title) || trans.__('Table');
      widget.title.icon = spreadsheetIcon;
      widget.title.closable = true;
      widget.toolbar.hide();
      const below = textOf(args.below);
      shell.add(widget, 'main', { type: 'Table', ...(below ? { ref: below, mode: 'split-bottom' } : {}) });
      await documents.tables.add(widget);
    }
  });

  commands.addCommand(CommandIDs.plotTable, {
    label: trans.__('Plot Two Columns of the Table'),
    icon: plotIcon,
    isEnabled: () => documents.tables.currentWidget !== null,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      const table = documents.tables.currentWidget?.content;
      if (table) {
        table.view.plotting = true;
      }
    }
  });

  commands.addCommand(CommandIDs.openSky, {
    label: trans.__('Show the Table on the Sky'),
    icon: skyIcon,
    isEnabled: args => textOf(args.id) !== '' || documents.tables.currentWidget !== null,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: { type: 'string', description: 'The id of the table; without it, that of the table in front' },
          title: { type: 'string', description: 'The title of the tab' },
          projection: { type: 'string', enum: [...PROJECTIONS], description: 'How the sky is projected' }
        }
      }
    },
    execute: async args => {
      const front = documents.tables.currentWidget;
      const id = textOf(args.id) || (front?.content.rows.id ?? '');
      const open = documents.skies.find(widget => widget.content.tableId === id);
      if (open) {
        shell.activateById(open.id);
        return;
      }
      const { SkyDocument } = await import('./documents/sky');
      const tableOf = (): MainAreaWidget<TableDocument> | undefined =>
        documents.tables.find(widget => widget.content.rows.id === id);
      const table = tableOf();
      const projection = PROJECTIONS.find(name => name === args.projection) ?? 'stereographic';
      const content = new SkyDocument(context, id, table?.content ?? null, projection);
      const widget = new MainAreaWidget({ content });
      widget.id = `esap-sky-${id}`;
      widget.title.label = textOf(args.title) || trans.__('Sky: %1', table?.title.label ?? '');
      widget.title.icon = skyIcon;
      widget.title.closable = true;
      widget.toolbar.hide();
      // A table that is opened later is followed from then on.
      const follow = (): void => content.link(tableOf()?.content ?? null);
      documents.tables.widgetAdded.connect(follow);
      widget.disposed.connect(() => documents.tables.widgetAdded.disconnect(follow));
      content.state.projected.connect(() => void documents.skies.save(widget));
      shell.add(widget, 'main', { type: 'Sky', ...(table ? { ref: table.id, mode: 'split-right' } : {}) });
      await documents.skies.add(widget);
    }
  });

  const chosenFile = (): string => {
    const [chosen] = files?.tracker.currentWidget?.selectedItems() ?? [];
    return chosen?.path ?? '';
  };
  commands.addCommand(CommandIDs.openFileAsTable, {
    label: trans.__('Open as Table'),
    caption: trans.__('A VOTable, FITS, Parquet, CSV or ECSV file, of any size'),
    icon: spreadsheetIcon,
    isVisible: args => Boolean(args.path) || hasTable(chosenFile()),
    isEnabled: args => Boolean(args.path) || hasTable(chosenFile()),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: {
            type: 'string',
            description: 'The file as the file browser names it; without it, the one that is selected there'
          }
        }
      }
    },
    execute: async args => {
      await commands.execute('docmanager:open', { path: textOf(args.path) || chosenFile(), factory: TABLE_FACTORY });
    }
  });

  commands.addCommand(CommandIDs.saveTable, {
    label: trans.__('Save the Table …'),
    icon: saveIcon,
    isEnabled: () => documents.tables.currentWidget !== null,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      const rows = documents.tables.currentWidget?.content.rows;
      if (!rows) {
        return;
      }
      const { id, selection } = rows;
      const name = (rows.details?.title ?? '').replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_|_$/g, '');
      const asked = await InputDialog.getText({
        title: trans.__('Save the table'),
        label: trans.__('File in the workspace; .vot, .fits, .parquet or .csv says the format'),
        text: `${name.slice(0, 60) || 'table'}.vot`,
        okLabel: trans.__('Save')
      });
      if (asked.value) {
        await save(asked.value, false);
      }

      async function save(path: string, replace: boolean): Promise<void> {
        try {
          const saved = await esap.client.saveTable(id, path, replace, selection);
          Notification.success(trans.__('Saved as %1', saved), { autoClose: 4000 });
        } catch (thrown) {
          const error = asEsapError(thrown);
          if (error.code !== 'conflict' || replace) {
            Notification.error(`${error.message} ${error.hint}`);
            return;
          }
          const { button } = await showDialog({
            title: trans.__('Replace the file?'),
            body: trans.__('%1 exists already.', path),
            buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Replace') })]
          });
          if (button.accept) {
            await save(path, true);
          }
        }
      }
    }
  });

  commands.addCommand(CommandIDs.insertCode, {
    label: trans.__('Insert Code that Stages the Basket'),
    icon: codeIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { code: { type: 'string', description: 'Python code; without it, that which stages the basket' } }
      }
    },
    execute: args => insertCell(app, notebooks, textOf(args.code) || codeOfItems(null))
  });

  commands.addCommand(CommandIDs.stageBasket, {
    label: trans.__('Stage the Basket'),
    icon: downloadIcon,
    isEnabled: () => esap.basket.items.length > 0,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => esap.stage()
  });

  commands.addCommand(CommandIDs.openPath, {
    label: trans.__('Open a Staged File'),
    describedBy: {
      args: {
        type: 'object',
        properties: { path: { type: 'string', description: 'Absolute path of the file' } },
        required: ['path']
      }
    },
    execute: async args => {
      const path = textOf(args.path);
      const inBrowser = await esap.pathInFileBrowser(path);
      if (inBrowser === null) {
        Notification.info(trans.__('The file browser does not reach %1', path));
        return;
      }
      await commands.execute('filebrowser:go-to-path', { path: inBrowser, dontShowBrowser: false });
      // What has no type of its own would only be shown as text that it is not.
      if (app.docRegistry.getFileTypesForPath(inBrowser).length > 0) {
        await commands.execute('docmanager:open', { path: inBrowser });
      }
    }
  });

  commands.addCommand(CommandIDs.upload, {
    label: trans.__('Upload to the Data Lake …'),
    icon: fileUploadIcon,
    isEnabled: () => selectedPaths(files).length > 0,
    isVisible: () => esap.services.offering('uploads').length > 0,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          paths: {
            type: 'array',
            items: { type: 'string' },
            description: 'Files or folders, as the file browser names them; by default those selected in it'
          }
        }
      }
    },
    execute: async args => {
      const given = Array.isArray(args.paths) ? args.paths.map(textOf) : [];
      const paths = given.length > 0 ? given : selectedPaths(files);
      const { askForUpload } = await import('./panels/uploadDialog');
      const wanted = await askForUpload(context, paths);
      if (!wanted) {
        return;
      }
      try {
        await esap.upload(wanted);
        shell.activateById(SIDE_BAR_ID);
      } catch (thrown) {
        const error = asEsapError(thrown);
        Notification.error(`${error.message} ${error.hint}`);
      }
    }
  });

  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Ask the Server Again'),
    icon: refreshIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => esap.refresh()
  });
}

/** Open again what was open before the page was reloaded. */
export function restoreDocuments(restorer: ILayoutRestorer, documents: Documents): void {
  void restorer.restore(documents.tables, {
    command: CommandIDs.openTable,
    name: widget => pathOf(widget) || widget.content.rows.id,
    args: widget => {
      const path = pathOf(widget);
      return path ? { path } : { id: widget.content.rows.id, title: widget.title.label };
    }
  });
  void restorer.restore(documents.skies, {
    command: CommandIDs.openSky,
    name: widget => widget.content.tableId,
    args: ({ content, title }) => ({
      id: content.tableId,
      title: title.label,
      projection: content.state.projection
    })
  });
  void restorer.restore(documents.queries, {
    command: CommandIDs.newAdql,
    name: widget => widget.id,
    args: ({ id, content: { query } }) => ({
      id,
      adql: query.adql,
      service: query.service,
      own: query.own.list.map(table => ({ ...table }))
    })
  });
}

/** What is selected in the file browser; drives of other extensions are not on this server's disk. */
function selectedPaths(files: IFileBrowserFactory | null): string[] {
  const selected = files?.tracker.currentWidget?.selectedItems() ?? [];
  return [...selected].map(file => file.path).filter(path => !path.includes(':'));
}

/** The path of the file that a table is read from; empty if it came from services. */
export function pathOf(widget: MainAreaWidget<TableDocument>): string {
  return widget instanceof DocumentWidget ? widget.context.path : '';
}

function panelOf(name: unknown): PanelName {
  return PANELS.find(panel => panel === name) ?? 'discover';
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
