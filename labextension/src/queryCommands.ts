import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, InputDialog, MainAreaWidget, showDialog } from '@jupyterlab/apputils';
import { codeIcon, runIcon, saveIcon } from '@jupyterlab/ui-components';
import type { Query } from './api/types';
import { CommandIDs } from './commandIds';
import { pathOf, textOf, type Documents } from './commands';
import { describe } from './models/describe';
import { asOwnTables, fitName, stemOf } from './models/ownTables';
import type { ViewContext } from './panels/context';
import { SIDE_BAR_ID } from './panels/sidebar';

const LONGEST_NAME = 200;

/** The commands of ADQL, of queries that are kept, and of the help. */
export function addQueryCommands(
  { commands, shell }: JupyterFrontEnd,
  context: ViewContext,
  { queries, tables }: Documents
): void {
  const { esap, trans } = context;
  const savedOf = (id: unknown) => esap.saved.list.find(each => each.id === id);

  async function askName(title: string, name: string): Promise<string> {
    const asked = await InputDialog.getText({ title, label: trans.__('Name'), text: name, okLabel: trans.__('Save') });
    return (asked.button.accept && asked.value ? asked.value.trim() : '').slice(0, LONGEST_NAME);
  }

  commands.addCommand(CommandIDs.saveQuery, {
    label: trans.__('Save the Query …'),
    icon: saveIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { query: { type: 'object', description: 'What to save; without it, what the form says' } }
      }
    },
    execute: async args => {
      const query = (args.query as unknown as Query | undefined) ?? esap.discovery.queryIfSound();
      const name = query && (await askName(trans.__('Save the query'), describe(query, trans).slice(0, 80)));
      if (query && name) {
        await esap.saved.save(name, query);
      }
    }
  });

  commands.addCommand(CommandIDs.renameQuery, {
    label: trans.__('Rename a Saved Query …'),
    describedBy: {
      args: { type: 'object', properties: { id: { type: 'number', description: 'Its id' } }, required: ['id'] }
    },
    execute: async args => {
      const saved = savedOf(args.id);
      const name = saved && (await askName(trans.__('Rename the query'), saved.name));
      if (saved && name && name !== saved.name) {
        await esap.saved.rename(saved, name);
      }
    }
  });

  commands.addCommand(CommandIDs.deleteQuery, {
    label: trans.__('Delete a Saved Query …'),
    describedBy: {
      args: { type: 'object', properties: { id: { type: 'number', description: 'Its id' } }, required: ['id'] }
    },
    execute: async args => {
      const saved = savedOf(args.id);
      if (!saved) {
        return;
      }
      const { button } = await showDialog({
        title: trans.__('Delete the query?'),
        body: saved.name,
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })]
      });
      if (button.accept) {
        await esap.saved.delete(saved);
      }
    }
  });

  commands.addCommand(CommandIDs.newAdql, {
    label: trans.__('ADQL Query'),
    caption: trans.__('Ask a TAP service in ADQL'),
    icon: codeIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          adql: { type: 'string', description: 'The query to begin with' },
          service: { type: 'string', description: 'The service to ask' },
          id: { type: 'string', description: 'The id of the widget, if it was there before' },
          own: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                name: { type: 'string', description: 'What the query calls it, behind TAP_UPLOAD' },
                path: { type: 'string', description: 'A file as the file browser names it' },
                table: { type: 'string', description: 'Instead of a file, the id of a table' },
                title: { type: 'string', description: 'What it is shown as' }
              }
            },
            description: 'Tables that go with the query'
          }
        }
      }
    },
    execute: async args => {
      const { AdqlDocument } = await import('./documents/adql');
      const content = new AdqlDocument(context, {
        adql: textOf(args.adql),
        service: textOf(args.service),
        own: asOwnTables(args.own)
      });
      const widget = new MainAreaWidget({ content });
      // What comes back after a reload has its old place by its old id.
      widget.id = textOf(args.id) || `esap-adql-${Date.now()}`;
      widget.title.label = trans.__('ADQL');
      widget.title.icon = codeIcon;
      widget.title.closable = true;
      widget.toolbar.hide();
      content.query.changed.connect(() => void queries.save(widget));
      shell.add(widget, 'main', { type: 'ADQL' });
      await queries.add(widget);
    }
  });

  commands.addCommand(CommandIDs.runAdql, {
    label: trans.__('Run the ADQL Query'),
    icon: runIcon,
    isEnabled: () => queries.currentWidget !== null,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => queries.currentWidget?.content.query.run()
  });

  commands.addCommand(CommandIDs.queryWithTable, {
    label: trans.__('Ask in ADQL with This Table'),
    caption: trans.__('All its rows go with the query'),
    icon: codeIcon,
    isEnabled: () => Boolean(tables.currentWidget?.content.rows.details),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      const widget = tables.currentWidget;
      const { rows } = widget?.content ?? {};
      if (!widget || !rows?.details) {
        return;
      }
      // Of a file, its first table is what goes along.
      const path = rows.part === (rows.parts[0]?.hdu ?? null) ? pathOf(widget) : '';
      const title = widget.title.label;
      const name = fitName(path ? stemOf(path) : (rows.details.query?.target ?? ''), []);
      await commands.execute(CommandIDs.newAdql, {
        adql: `SELECT TOP 100 *\nFROM TAP_UPLOAD.${name} AS ${name}\n`,
        own: [{ name, path, table: path ? '' : rows.id, title }]
      });
    }
  });

  commands.addCommand(CommandIDs.showHelp, {
    label: trans.__('Show How to Begin'),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      esap.panel = 'discover';
      esap.discovery.showHelp(true);
      shell.activateById(SIDE_BAR_ID);
    }
  });
}
