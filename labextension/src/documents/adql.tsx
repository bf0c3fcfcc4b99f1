import { ReactWidget } from '@jupyterlab/ui-components';
import { PanelLayout, SplitPanel, Widget } from '@lumino/widgets';
import type React from 'react';
import { CommandIDs } from '../commandIds';
import { AdqlQuery } from '../models/adqlQuery';
import type { OwnTable } from '../models/ownTables';
import { ViewContextProvider, type ViewContext } from '../panels/context';
import { AdqlBar, AdqlOutcome } from './adqlBars';
import { AdqlEditor } from './adqlEditor';
import { OwnTablesBar } from './ownTables';
import { SchemaTree } from './schemaTree';

const FIRST_QUERY = 'SELECT TOP 100 *\nFROM ';

/** An ADQL query in the main area: whom to ask, the editor, the service's tables, how it went. */
export class AdqlDocument extends Widget {
  readonly query: AdqlQuery;
  private readonly _editor: AdqlEditor;
  private readonly _observer: ResizeObserver;

  constructor(context: ViewContext, given: { adql: string; service: string; own: readonly OwnTable[] }) {
    super();
    const { esap, trans } = context;
    this.addClass('esap-AdqlDocument');
    const service = given.service || (esap.services.offering('adql')[0]?.name ?? '');
    this.query = new AdqlQuery(esap.client, service, given.adql || FIRST_QUERY, given.own);
    this._editor = new AdqlEditor(this.query, trans);
    const wrap = (element: React.JSX.Element): ReactWidget =>
      ReactWidget.create(<ViewContextProvider value={context}>{element}</ViewContextProvider>);
    const pick = (name: string): void => this._editor.insert(name);
    const tree = wrap(<SchemaTree query={this.query} onPick={pick} />);
    tree.addClass('esap-SchemaTree');
    const middle = new SplitPanel({ orientation: 'horizontal', spacing: 4 });
    middle.addClass('esap-AdqlDocument-middle');
    middle.addWidget(this._editor);
    middle.addWidget(tree);
    middle.setRelativeSizes([2, 1]);
    const layout = new PanelLayout();
    this.layout = layout;
    layout.addWidget(wrap(<AdqlBar query={this.query} />));
    layout.addWidget(wrap(<OwnTablesBar query={this.query} onPick={pick} />));
    layout.addWidget(middle);
    // What appears above or below the editor changes its height.
    this._observer = new ResizeObserver(() => {
      middle.processMessage(Widget.ResizeMessage.UnknownSize);
    });
    this._observer.observe(middle.node);
    layout.addWidget(wrap(<AdqlOutcome query={this.query} />));
    this._openTableWhenReady(context);
    this.query.ended.connect(() => void esap.discovery.refreshHistory());
    void this._begin(context, service);
  }

  override dispose(): void {
    this._observer.disconnect();
    super.dispose();
  }

  protected override onActivateRequest(): void {
    this._editor.focus();
  }

  /** After a reload of the page the services are known a moment later than this is made. */
  private async _begin({ esap }: ViewContext, service: string): Promise<void> {
    if (!service && esap.services.list.length === 0) {
      await esap.services.refresh();
    }
    const name = service || (esap.services.offering('adql')[0]?.name ?? '');
    if (name) {
      await this.query.setService(name);
    }
  }

  /** What was asked: the tables of the query, or else the service. */
  private _titleOf(esap: ViewContext['esap']): string {
    const { adql, services } = this.query.search?.query ?? this.query.query;
    const tables = this.query.schema.tablesIn(adql).map(table => table.name);
    return tables.join(', ') || esap.services.titleOf(services[0] ?? '');
  }

  private _openTableWhenReady({ commands, esap }: ViewContext): void {
    let opened = '';
    this.query.changed.connect(() => {
      const id = this.query.search?.tableId ?? '';
      if (id && id !== opened) {
        opened = id;
        void commands.execute(CommandIDs.openTable, { id, title: this._titleOf(esap), below: this.parent?.id ?? '' });
      }
    });
  }
}
