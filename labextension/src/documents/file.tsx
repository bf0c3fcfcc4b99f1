import { ABCWidgetFactory, DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import { ReactWidget, spreadsheetIcon } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { ReactNode } from 'react';
import { asEsapError, type EsapError } from '../api/errors';
import type { FileContent } from '../api/types';
import { CommandIDs } from '../commandIds';
import { useView, ViewContextProvider, type ViewContext } from '../panels/context';
import { Button, ErrorNote } from '../panels/parts';

/** What shows an image, a spectrum or a light curve. */
interface Viewer extends Widget {
  applyTheme(): void;
}

/** A FITS file or VOTable, shown as what it is: the server says. */
export class FileView extends Widget {
  private readonly _context: ViewContext;
  private readonly _file: DocumentRegistry.Context;
  private _shown: Viewer | null = null;

  constructor(context: ViewContext, file: DocumentRegistry.Context) {
    super();
    this.addClass('esap-FileView');
    this._context = context;
    this._file = file;
    this.layout = new PanelLayout();
    void file.ready.then(() => this._open());
    // The file was written again.
    file.fileChanged.connect(this._openAgain, this);
  }

  override dispose(): void {
    this._file.fileChanged.disconnect(this._openAgain, this);
    super.dispose();
  }

  applyTheme(): void {
    this._shown?.applyTheme();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this._shown?.activate();
  }

  private _openAgain(): void {
    void this._open();
  }

  private async _open(): Promise<void> {
    const { path } = this._file;
    try {
      const content = await this._context.esap.client.fileContent(path);
      if (!this.isDisposed) {
        await this._show(path, content);
      }
    } catch (thrown) {
      this._say(<FileProblem error={asEsapError(thrown)} onRetry={() => void this._open()} path={path} />);
    }
  }

  private async _show(path: string, content: FileContent): Promise<void> {
    if (content.view === 'image') {
      const { ImageDocument } = await import('./imageView');
      const viewer = new ImageDocument(this._context, path, content, content.hdu ?? 0);
      this._replace(viewer);
      this._shown = viewer;
    } else if (content.view === 'spectrum' || content.view === 'timeseries') {
      const { CurveDocument } = await import('./curve');
      const viewer = new CurveDocument(this._context, path, content, content.hdu);
      this._replace(viewer);
      this._shown = viewer;
    } else if (content.view === 'table' && this._context.commands.hasCommand(CommandIDs.openFileAsTable)) {
      await this._context.commands.execute(CommandIDs.openFileAsTable, { path });
      // The table is another document; there is nothing to show here.
      this.parent?.dispose();
    } else {
      this._say(<FileProblem content={content} path={path} />);
    }
  }

  private _say(element: React.JSX.Element): void {
    this._shown = null;
    this._replace(ReactWidget.create(<ViewContextProvider value={this._context}>{element}</ViewContextProvider>));
  }

  private _replace(widget: Widget): void {
    const layout = this.layout as PanelLayout;
    if (this.isDisposed) {
      widget.dispose();
      return;
    }
    for (const each of [...layout.widgets]) {
      each.dispose();
    }
    layout.addWidget(widget);
  }
}

/** Why a file is not shown, and what one can do. */
function FileProblem(props: {
  path: string;
  content?: FileContent;
  error?: EsapError;
  onRetry?: () => void;
}): ReactNode {
  const { commands, trans } = useView();
  const { path, error, content, onRetry } = props;
  return (
    <div className="esap-FileProblem">
      {error && <ErrorNote error={error} {...(onRetry ? { onRetry } : {})} />}
      {content && (
        <p role="status">
          {content.view === 'empty'
            ? trans.__('This file has no data: neither an image nor a table.')
            : trans.__('This is neither an image, nor a spectrum, nor a light curve.')}
        </p>
      )}
      {content?.view !== 'empty' && commands.hasCommand(CommandIDs.openFileAsTable) && (
        <Button
          icon={spreadsheetIcon}
          onClick={() => void commands.execute(CommandIDs.openFileAsTable, { path })}
        >
          {trans.__('Open as table')}
        </Button>
      )}
    </div>
  );
}

export type FileWidget = DocumentWidget<FileView>;

/** Makes a document of a file, whose bytes are not read here. */
export class FileViewFactory extends ABCWidgetFactory<FileWidget> {
  private readonly _context: ViewContext;

  constructor(context: ViewContext, options: DocumentRegistry.IWidgetFactoryOptions<FileWidget>) {
    super(options);
    this._context = context;
  }

  protected override createNewWidget(context: DocumentRegistry.Context): FileWidget {
    const widget = new DocumentWidget({ content: new FileView(this._context, context), context });
    widget.toolbar.hide();
    return widget;
  }
}
