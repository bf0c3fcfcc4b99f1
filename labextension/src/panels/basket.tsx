import { closeIcon, codeIcon, deleteIcon, downloadIcon, fileIcon, linkIcon, treeViewIcon } from '@jupyterlab/ui-components';
import { useEffect, useState, type ReactNode } from 'react';
import type { Item } from '../api/types';
import { codeOfItems } from '../code';
import { CommandIDs } from '../commandIds';
import { dragWhenMoved } from '../dragging';
import { basketIcon } from '../icons';
import type { StagingHow } from '../models/basket';
import { isMeant } from './confirm';
import { useChanges, useView } from './context';
import { formatBytes, formatTime } from './format';
import { Button, Empty, ErrorNote, IconButton } from './parts';

const ICONS = { url: fileIcon, datalink: linkIcon, did: treeViewIcon };

/** Cards that are drawn at once; a basket may hold 100,000 items. */
const PAGE = 200;

/** The items gathered so far, each with where it comes from; stage them or hand them to the notebook. */
export function BasketPanel(): ReactNode {
  const { esap, commands, trans } = useView();
  const { basket } = esap;
  useChanges(basket);
  const { items, size } = basket;
  const [how, setHow] = useState<StagingHow>({ mode: 'download' });
  const [shown, setShown] = useState(PAGE);
  const more = items.length - shown;
  const insert = (chosen: readonly Item[] | null): void => {
    void commands.execute(CommandIDs.insertCode, { code: codeOfItems(chosen) });
  };
  const empty = async (): Promise<void> => {
    const question = trans.__('Take all %1 items out of the basket?', items.length);
    if (items.length < 2 || (await isMeant(question, trans.__('Empty'), trans))) {
      await basket.clear();
    }
  };
  return (
    <>
      {basket.error && <ErrorNote error={basket.error} onRetry={() => void basket.refresh()} />}
      {basket.loaded && items.length === 0 && (
        <Empty icon={basketIcon}>
          <p>{trans.__('The basket is empty.')}</p>
          <p className="esap-muted">
            {trans.__('Search in Discover, select rows of the table and put them here; or choose files in the data lake.')}
          </p>
        </Empty>
      )}
      {items.length > 0 && (
        <>
          <div className="esap-Actions">
            <Button accept icon={downloadIcon} onClick={() => void esap.stage(null, how)}>
              {trans.__('Stage all')}
            </Button>
            <IconButton
              icon={codeIcon}
              label={trans.__('Insert code that stages the basket')}
              onClick={() => insert(null)}
            />
            <IconButton
              icon={deleteIcon}
              label={trans.__('Empty the basket')}
              onClick={() => void empty()}
            />
          </div>
          {items.some(item => item.kind === 'did') && <HowToStage how={how} onChange={setHow} />}
          <p className="esap-muted">
            {trans._n('%1 item', '%1 items', items.length)}
            {size.bytes > 0 && ` · ${formatBytes(size.bytes)}`}
            {size.unknown > 0 && ` · ${trans.__('%1 of unknown size', size.unknown)}`}
          </p>
          <ul className="esap-List">
            {items.slice(0, shown).map(item => (
              <ItemLine key={item.id} item={item} how={how} onInsert={() => insert([item])} />
            ))}
          </ul>
          {more > 0 && (
            <div className="esap-Actions">
              <span className="esap-muted esap-grow">{trans._n('%1 more item', '%1 more items', more)}</span>
              <Button onClick={() => setShown(shown + PAGE)}>{trans.__('Show more')}</Button>
            </div>
          )}
        </>
      )}
    </>
  );
}

/** Items of a data lake can be downloaded, or replicated to the site's own RSE by a rule. */
function HowToStage({ how, onChange }: { how: StagingHow; onChange: (how: StagingHow) => void }): ReactNode {
  const { esap, trans } = useView();
  const { datalake, basket } = esap;
  useChanges(datalake);
  const services = [...new Set(basket.items.filter(item => item.kind === 'did').map(item => item.service))];
  const names = services.join(' ');
  useEffect(() => {
    // Without it the RSE can still be typed.
    names.split(' ').forEach(service => void datalake.loadLake(service).catch(() => undefined));
  }, [datalake, names]);
  const sites = [...new Set(services.map(service => datalake.lakes.get(service)?.siteRSE ?? '').filter(Boolean))];
  const replica = how.mode === 'replica';
  const elsewhere = replica && (how.rse_expression ?? '') !== '';
  const value = !replica ? 'download' : elsewhere || sites.length === 0 ? 'elsewhere' : 'site';
  return (
    <div className="esap-Form esap-HowToStage">
      <select
        className="jp-mod-styled"
        aria-label={trans.__('How to stage')}
        value={value}
        onChange={({ target }) => {
          const modes: Record<string, StagingHow> = {
            download: { mode: 'download' },
            site: { mode: 'replica', rse_expression: '' },
            elsewhere: { mode: 'replica', rse_expression: sites[0] ?? ' ' }
          };
          onChange(modes[target.value] ?? {});
        }}
      >
        <option value="download">{trans.__('Download here')}</option>
        {sites.length > 0 && <option value="site">{trans.__('Replicate to %1', sites.join(', '))}</option>}
        <option value="elsewhere">{trans.__('Replicate to an RSE expression …')}</option>
      </select>
      {value === 'elsewhere' && (
        <input
          className="jp-mod-styled"
          type="text"
          aria-label={trans.__('RSE expression')}
          placeholder={trans.__('RSE expression')}
          autoComplete="off"
          spellCheck={false}
          value={(how.rse_expression ?? '').trimStart()}
          onChange={event => onChange({ mode: 'replica', rse_expression: event.target.value || ' ' })}
        />
      )}
    </div>
  );
}

interface ItemLineProps {
  item: Item;
  how: StagingHow;
  onInsert: () => void;
}

function ItemLine({ item, how, onInsert }: ItemLineProps): ReactNode {
  const { esap, trans } = useView();
  const title = item.title || item.locator;
  const KindIcon = ICONS[item.kind];
  const { provenance } = item;
  return (
    <li className="esap-Card">
      <div
        className="esap-Card-head esap-mod-draggable"
        onPointerDown={event => dragWhenMoved(event, () => ({ title, code: codeOfItems([item]) }))}
      >
        <KindIcon.react tag="span" className="esap-Icon" />
        <span className="esap-Card-title" title={`${title}\n${item.locator}`}>
          {title}
        </span>
        <IconButton
          icon={downloadIcon}
          label={trans.__('Stage %1', title)}
          onClick={() => void esap.stage([item.id], item.kind === 'did' ? how : {})}
        />
        <IconButton icon={codeIcon} label={trans.__('Insert code that stages %1', title)} onClick={onInsert} />
        <IconButton
          icon={closeIcon}
          label={trans.__('Take %1 out of the basket', title)}
          onClick={() => void esap.basket.remove([item.id])}
        />
      </div>
      <p className="esap-muted" title={`${provenance.identifier}\n${provenance.query}`.trim()}>
        {[
          esap.services.titleOf(provenance.service),
          item.size === null ? trans.__('size unknown') : formatBytes(item.size),
          formatTime(provenance.retrieved_at)
        ].join(' · ')}
      </p>
    </li>
  );
}
