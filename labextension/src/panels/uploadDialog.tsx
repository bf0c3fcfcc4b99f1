import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { ReactNode } from 'react';
import type { NewUpload } from '../api/types';
import { secondsOfDays } from '../models/lifetimes';
import { Upload } from '../models/upload';
import { useChanges, useView, ViewContextProvider, type ViewContext } from './context';
import { formatBytes } from './format';
import { ErrorNote } from './parts';

/** Ask where files are to go; resolves to what to ask of the server, or null. */
export async function askForUpload(context: ViewContext, files: readonly string[]): Promise<NewUpload | null> {
  const { esap, trans } = context;
  const upload = new Upload(esap.client, files);
  const lakes = esap.services.offering('uploads');
  const body = new UploadBody(context, upload, lakes);
  void upload.choose(lakes[0]?.name ?? '');
  const dialog = new Dialog<NewUpload>({
    title: trans.__('Upload to the data lake'),
    body,
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Upload') })]
  });
  dialog.addClass('esap-UploadDialog');
  const { button, value } = await dialog.launch();
  if (!button.accept) {
    return null;
  }
  if (!upload.ready) {
    await showDialog({
      title: trans.__('Nothing was uploaded'),
      body: upload.error?.message ?? trans.__('Choose an RSE and a scope.'),
      buttons: [Dialog.okButton()]
    });
    return null;
  }
  return value;
}

class UploadBody extends ReactWidget implements Dialog.IBodyWidget<NewUpload> {
  constructor(
    private readonly _context: ViewContext,
    private readonly _upload: Upload,
    private readonly _lakes: readonly { name: string; title: string }[]
  ) {
    super();
    this.addClass('esap-UploadBody');
  }

  getValue(): NewUpload {
    return this._upload.request;
  }

  protected override render(): React.JSX.Element {
    return (
      <ViewContextProvider value={this._context}>
        <UploadForm upload={this._upload} lakes={this._lakes} />
      </ViewContextProvider>
    );
  }
}

interface FormProps {
  upload: Upload;
  lakes: readonly { name: string; title: string }[];
}

function UploadForm({ upload, lakes }: FormProps): ReactNode {
  const { trans } = useView();
  useChanges(upload);
  const names = upload.files.map(path => path.split('/').pop() ?? path);
  return (
    <div className="esap-Form">
      <p className="esap-muted" title={upload.files.join('\n')}>
        {names.slice(0, 3).join(', ')}
        {names.length > 3 && ` ${trans.__('and %1 more', names.length - 3)}`}
      </p>
      <label htmlFor="esap-upload-service">{trans.__('Data lake')}</label>
      <select
        id="esap-upload-service"
        className="jp-mod-styled"
        value={upload.service}
        onChange={event => void upload.choose(event.target.value)}
      >
        {lakes.map(({ name, title }) => (
          <option key={name} value={name}>
            {title || name}
          </option>
        ))}
      </select>
      {upload.loading && <p role="status">{trans.__('Asking where you may write …')}</p>}
      {upload.error && <ErrorNote error={upload.error} onRetry={() => void upload.choose(upload.service)} />}
      {!upload.loading && !upload.error && upload.rses.length === 0 && (
        <p className="esap-fault" role="alert">
          {trans.__('There is no RSE that you may write. Ask Rucio’s operators for quota on one.')}
        </p>
      )}
      <label htmlFor="esap-upload-rse">{trans.__('RSE')}</label>
      <select
        id="esap-upload-rse"
        className="jp-mod-styled"
        disabled={upload.rses.length === 0}
        value={upload.rse}
        onChange={event => upload.change({ rse: event.target.value })}
      >
        {upload.rses.map(({ name, free }) => (
          <option key={name} value={name}>
            {free === null ? name : trans.__('%1 (%2 left)', name, formatBytes(free))}
          </option>
        ))}
      </select>
      <label htmlFor="esap-upload-scope">{trans.__('Scope')}</label>
      <input
        id="esap-upload-scope"
        className="jp-mod-styled"
        type="text"
        list="esap-upload-scopes"
        autoComplete="off"
        spellCheck={false}
        value={upload.scope}
        onChange={event => upload.change({ scope: event.target.value })}
      />
      <datalist id="esap-upload-scopes">
        {upload.scopes.map(scope => (
          <option key={scope} value={scope} />
        ))}
      </datalist>
      <label htmlFor="esap-upload-dataset">{trans.__('Dataset (optional; made if there is none)')}</label>
      <input
        id="esap-upload-dataset"
        className="jp-mod-styled"
        type="text"
        autoComplete="off"
        spellCheck={false}
        value={upload.dataset}
        onChange={event => upload.change({ dataset: event.target.value })}
      />
      <label htmlFor="esap-upload-days">{trans.__('Keep for days (empty: for ever)')}</label>
      <input
        id="esap-upload-days"
        className="jp-mod-styled"
        type="text"
        inputMode="decimal"
        aria-invalid={secondsOfDays(upload.days) === undefined}
        value={upload.days}
        onChange={event => upload.change({ days: event.target.value })}
      />
    </div>
  );
}
