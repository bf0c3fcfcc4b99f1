import { ABCWidgetFactory, DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { MODEL } from '../fileTypes';
import type { ViewContext } from '../panels/context';
import { ALWAYS_TABLES, TABLE_FACTORY, TABLE_TYPES } from '../tableFiles';
import { TableDocument } from './table';

/** Shows a file as a table, for "Open With" and whoever else opens files. */
export class FileTableFactory extends ABCWidgetFactory<DocumentWidget<TableDocument>> {
  constructor(
    private readonly _view: ViewContext,
    private readonly _contents: Contents.IManager
  ) {
    super({
      name: TABLE_FACTORY,
      label: _view.trans.__('ESAP Table'),
      modelName: MODEL,
      fileTypes: TABLE_TYPES,
      defaultFor: ALWAYS_TABLES,
      readOnly: true
    });
  }

  protected override createNewWidget(context: DocumentRegistry.Context): DocumentWidget<TableDocument> {
    // A drive before the path is of the browser only.
    const path = this._contents.localPath(context.path);
    const content = new TableDocument(this._view, { path });
    const widget = new DocumentWidget({ content, context });
    widget.toolbar.hide();
    return widget;
  }
}
