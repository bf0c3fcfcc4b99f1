import { ReactWidget, runningIcon, searchIcon, treeViewIcon, userIcon, type LabIcon } from '@jupyterlab/ui-components';
import type React from 'react';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import type { PanelName } from '../models/esap';
import { basketIcon, esapIcon } from '../icons';
import { BasketPanel } from './basket';
import { useChanges, useView, ViewContextProvider, type ViewContext } from './context';
import { DataLakePanel } from './datalake/panel';
import { DiscoverPanel } from './discover';
import { JobsPanel } from './jobs';
import { ErrorNote } from './parts';
import { SignInPanel } from './signIn';

export const SIDE_BAR_ID = 'esap-side-bar';

interface Tab {
  name: PanelName;
  label: string;
  icon: LabIcon;
  count: number;
  body: ReactNode;
}

/** The ESAP side bar: one panel at a time, chosen by tabs. */
export class SideBar extends ReactWidget {
  constructor(private readonly _context: ViewContext) {
    super();
    this.id = SIDE_BAR_ID;
    this.addClass('esap-SideBar');
    this.title.icon = esapIcon;
    this.title.caption = _context.trans.__('ESAP: find, stage and analyse data');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _context.trans.__('ESAP'));
  }

  protected override render(): React.JSX.Element {
    return (
      <ViewContextProvider value={this._context}>
        <Tabs />
      </ViewContextProvider>
    );
  }
}

function Tabs(): ReactNode {
  const { esap, trans } = useView();
  useChanges(esap);
  useChanges(esap.services);
  useChanges(esap.basket);
  useChanges(esap.jobs);
  useChanges(esap.searches);
  const buttons = useRef(new Map<PanelName, HTMLButtonElement>());
  const tabs: Tab[] = [
    { name: 'discover', label: trans.__('Discover'), icon: searchIcon, count: 0, body: <DiscoverPanel /> },
    {
      name: 'basket',
      label: trans.__('Basket'),
      icon: basketIcon,
      count: esap.basket.items.length,
      body: <BasketPanel />
    },
    {
      name: 'jobs',
      label: trans.__('Jobs'),
      icon: runningIcon,
      count: esap.jobs.running.length + esap.searches.list.length,
      body: <JobsPanel />
    },
    { name: 'datalake', label: trans.__('Data lake'), icon: treeViewIcon, count: 0, body: <DataLakePanel /> },
    { name: 'sign-in', label: trans.__('Sign in'), icon: userIcon, count: 0, body: <SignInPanel /> }
  ];
  const shown = tabs.find(tab => tab.name === esap.panel);
  const { error, list } = esap.services;
  const wasThere = list.length > 0 && !error?.isMissingExtension;

  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const here = tabs.findIndex(tab => tab.name === esap.panel);
    const next = tabs[(here + step + tabs.length) % tabs.length];
    if (next) {
      esap.panel = next.name;
      buttons.current.get(next.name)?.focus();
    }
  };

  return (
    <>
      <div className="esap-Tabs" role="tablist" aria-label={trans.__('ESAP panels')} onKeyDown={onKeyDown}>
        {tabs.map(tab => (
          <button
            key={tab.name}
            ref={button => {
              if (button) {
                buttons.current.set(tab.name, button);
              }
            }}
            type="button"
            role="tab"
            id={`esap-tab-${tab.name}`}
            className="esap-Tab"
            aria-selected={tab === shown}
            aria-controls="esap-tabpanel"
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => {
              esap.panel = tab.name;
            }}
          >
            <tab.icon.react tag="span" className="esap-Icon" />
            <span>{tab.label}</span>
            {tab.count > 0 && <span className="esap-Badge">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div
        className="esap-TabPanel"
        role="tabpanel"
        id="esap-tabpanel"
        aria-labelledby={`esap-tab-${esap.panel}`}
        tabIndex={-1}
      >
        {error && <ErrorNote error={error} retries={error.retryable} onRetry={() => void esap.refresh()} />}
        {(!error || wasThere) && shown?.body}
      </div>
    </>
  );
}
