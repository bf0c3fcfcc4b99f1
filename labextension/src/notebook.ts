import type { JupyterFrontEnd } from '@jupyterlab/application';
import { NotebookActions, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

/** Put a code cell below the active one of the notebook in front; without a notebook, into a new one. */
export async function insertCell(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  code: string
): Promise<void> {
  const panel = notebooks.currentWidget ?? (await newNotebook(app));
  if (!panel) {
    return;
  }
  await panel.context.ready;
  await panel.revealed;
  const notebook = panel.content;
  const active = notebook.activeCell;
  if (active?.model.type !== 'code' || active.model.sharedModel.getSource().trim() !== '') {
    NotebookActions.insertBelow(notebook);
  }
  notebook.activeCell?.model.sharedModel.setSource(code);
  app.shell.activateById(panel.id);
}

async function newNotebook(app: JupyterFrontEnd): Promise<NotebookPanel | null> {
  const kernelName = app.serviceManager.kernelspecs.specs?.default ?? 'python3';
  return (await app.commands.execute('notebook:create-new', { kernelName })) as NotebookPanel | null;
}
