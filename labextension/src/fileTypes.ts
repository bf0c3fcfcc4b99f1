import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker, type IThemeManager } from '@jupyterlab/apputils';
import { TextModelFactory, type DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { imageIcon } from '@jupyterlab/ui-components';
import type { FileWidget } from './documents/file';
import { FileViewFactory } from './documents/file';
import type { ViewContext } from './panels/context';

const FACTORY = 'esap-file-view';
/** The model of files whose bytes stay on the server. */
export const MODEL = 'esap-not-read';
export const FITS = 'esap-fits';
export const VOTABLE = 'esap-votable';
export const XML = 'esap-xml';

/** The model of a file whose bytes stay on the server: without a format, Jupyter asks for none. */
class NotReadModelFactory extends TextModelFactory {
  override get name(): string {
    return MODEL;
  }

  override get contentType(): Contents.ContentType {
    return 'file';
  }

  override get fileFormat(): Contents.FileFormat {
    return null;
  }
}

/** FITS files and VOTables open with a double click as what they are. */
export function addFileTypes(
  app: JupyterFrontEnd,
  context: ViewContext,
  restorer: ILayoutRestorer | null,
  themes: IThemeManager | null
): void {
  const { docRegistry } = app;
  const { trans } = context;
  const common: Partial<DocumentRegistry.IFileType> = { fileFormat: 'base64', contentType: 'file', icon: imageIcon };
  docRegistry.addFileType({
    ...common,
    name: FITS,
    displayName: trans.__('FITS'),
    extensions: ['.fits', '.fit', '.fts', '.fits.gz', '.fit.gz', '.fts.gz', '.fits.fz', '.fz'],
    mimeTypes: ['application/fits', 'image/fits']
  });
  docRegistry.addFileType({
    ...common,
    name: VOTABLE,
    displayName: trans.__('VOTable'),
    extensions: ['.vot', '.votable', '.vot.gz'],
    mimeTypes: ['application/x-votable+xml']
  });
  // It may be a VOTable, and is then chosen by "Open with".
  docRegistry.addFileType({
    name: XML,
    displayName: trans.__('XML'),
    extensions: ['.xml'],
    mimeTypes: ['text/xml'],
    fileFormat: 'text',
    contentType: 'file'
  });
  docRegistry.addModelFactory(new NotReadModelFactory());
  const factory = new FileViewFactory(context, {
    name: FACTORY,
    label: trans.__('ESAP Viewer'),
    modelName: MODEL,
    fileTypes: [FITS, VOTABLE, XML],
    defaultFor: [FITS, VOTABLE],
    readOnly: true
  });
  const tracker = new WidgetTracker<FileWidget>({ namespace: 'esap-file' });
  factory.widgetCreated.connect((_, widget) => {
    widget.title.icon = imageIcon;
    void tracker.add(widget);
    widget.context.pathChanged.connect(() => void tracker.save(widget));
  });
  docRegistry.addWidgetFactory(factory);
  themes?.themeChanged.connect(() => {
    tracker.forEach(widget => widget.content.applyTheme());
  });
  if (restorer) {
    void restorer.restore(tracker, {
      command: 'docmanager:open',
      name: widget => widget.context.path,
      args: widget => ({ path: widget.context.path, factory: FACTORY })
    });
  }
}
