import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from './commandIds';
import { Esap, IEsap } from './models/esap';
import { readItemLink, withoutItemLink, type ItemLink } from './models/itemLink';

/** Puts into the basket what the address of the page names, if the person wants it there. */
export const openLink: JupyterFrontEndPlugin<void> = {
  id: 'esap-jupyter:open-link',
  description: 'Puts into the basket what a link to this JupyterLab names.',
  autoStart: true,
  requires: [IEsap],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, esap: Esap, translator: ITranslator | null) => {
    // At once: JupyterLab changes the address when it has started.
    const link = readItemLink(window.location.href);
    if (!link) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('esap_jupyter');
    const ask = async (): Promise<void> => {
      await app.restored;
      window.history.replaceState(window.history.state, '', withoutItemLink(window.location.href));
      const { button } = await showDialog({
        title: trans.__('Put this into the basket?'),
        body: (
          <div className="esap-OpenLink">
            <p>{trans.__('A link asks to put this into your basket:')}</p>
            <p>
              <code>{link.item}</code>
            </p>
            <p className="esap-muted">{trans.__('Nothing is downloaded before you stage it.')}</p>
          </div>
        ),
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Put into the basket') })]
      });
      if (button.accept) {
        await put(link);
      }
    };
    const put = async (wanted: ItemLink): Promise<void> => {
      const added = await esap.basket.addItemLink(wanted);
      const { error } = esap.basket;
      if (!added && error) {
        await showDialog({
          title: trans.__('It was not put into the basket'),
          body: [error.message, error.hint].filter(Boolean).join(' '),
          buttons: [Dialog.okButton()]
        });
        return;
      }
      await app.commands.execute(CommandIDs.showPanel, { panel: 'basket' });
    };
    void ask();
  }
};
