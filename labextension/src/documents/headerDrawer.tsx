import { closeIcon } from '@jupyterlab/ui-components';
import { useEffect, useState, type ReactNode } from 'react';
import { asEsapError, type EsapError } from '../api/errors';
import type { HeaderCard } from '../api/types';
import { useView } from '../panels/context';
import { ErrorNote, IconButton } from '../panels/parts';

/** The header of an HDU, of which one may look for a part. */
export function HeaderDrawer(props: {
  read: () => Promise<HeaderCard[]>;
  /** What it is the header of; it is read again when that changes. */
  of: string;
  onClose: () => void;
}): ReactNode {
  const { trans } = useView();
  const { read, of } = props;
  const [cards, setCards] = useState<readonly HeaderCard[]>([]);
  const [error, setError] = useState<EsapError | null>(null);
  const [wanted, setWanted] = useState('');
  useEffect(() => {
    let current = true;
    setError(null);
    read().then(
      found => current && setCards(found),
      (thrown: unknown) => current && setError(asEsapError(thrown))
    );
    return () => {
      current = false;
    };
    // `read` is another function at each drawing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [of]);
  const words = wanted.toLowerCase();
  const shown = cards.filter(card => `${card.keyword} ${card.value} ${card.comment}`.toLowerCase().includes(words));
  return (
    <section className="esap-Drawer esap-HeaderDrawer" aria-label={trans.__('Header')}>
      <div className="esap-Card-head">
        <h3>{trans.__('Header')}</h3>
        <input
          className="jp-mod-styled"
          type="text"
          aria-label={trans.__('Look for in the header')}
          placeholder={trans.__('Look for')}
          value={wanted}
          onChange={event => setWanted(event.target.value)}
        />
        <span className="esap-muted esap-grow" role="status">
          {trans._n('%2 card', '%2 cards', shown.length, shown.length)}
        </span>
        <IconButton icon={closeIcon} label={trans.__('Close the header')} onClick={props.onClose} />
      </div>
      {error && <ErrorNote error={error} />}
      {/* What scrolls must be reached by keyboard. */}
      <div className="esap-HeaderDrawer-cards" tabIndex={0} role="region" aria-label={trans.__('Cards')}>
        <table className="esap-Table">
          <thead>
            <tr>
              <th>{trans.__('Keyword')}</th>
              <th>{trans.__('Value')}</th>
              <th>{trans.__('Comment')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((card, index) => (
              <tr key={index}>
                <td>{card.keyword}</td>
                <td>{card.value}</td>
                <td>{card.comment}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
