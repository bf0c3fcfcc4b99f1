import type { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

/** Lets the person choose a file that the file browser shows; resolves to its path, empty if they did not. */
export function chooseFileWith(manager: IDocumentManager, contents: Contents.IManager): () => Promise<string> {
  return async () => {
    const chosen = await FileDialog.getOpenFiles({ manager });
    const [file] = chosen.value ?? [];
    return file && file.type !== 'directory' ? contents.localPath(file.path) : '';
  };
}
