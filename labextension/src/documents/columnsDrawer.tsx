import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState, type ReactNode } from 'react';
import { asEsapError, type EsapError } from '../api/errors';
import type { ColumnStatistics, Histogram, Order } from '../api/types';
import { useChanges, useView } from '../panels/context';
import { formatCount } from '../panels/format';
import { Button, ErrorNote } from '../panels/parts';
import { formatValue } from './cells';
import { Drawer } from './drawer';
import type { TableView } from './tableView';

const BINS = 40;

/** What each column means, and what the rows that are shown hold in it. */
export function ColumnsDrawer({ view }: { view: TableView }): ReactNode {
  const { esap, trans } = useView();
  const { rows } = view;
  useChanges(rows);
  const [name, setName] = useState(rows.columns.find(each => each.kind === 'number')?.name ?? '');
  const column = rows.columns.find(each => each.name === name) ?? rows.columns[0];
  const [statistics, setStatistics] = useState<ColumnStatistics | null>(null);
  const [histogram, setHistogram] = useState<Histogram | null>(null);
  const [error, setError] = useState<EsapError | null>(null);
  const { conditions, id } = rows;
  const shown = column?.name;
  const isNumber = column?.kind === 'number';
  useEffect(() => {
    let current = true;
    setStatistics(null);
    setHistogram(null);
    setError(null);
    const ask = async (): Promise<void> => {
      if (shown === undefined) {
        return;
      }
      try {
        const [known, counted] = await Promise.all([
          esap.client.statistics(id, shown, conditions),
          isNumber ? esap.client.histogram(id, shown, conditions, BINS) : null
        ]);
        if (current) {
          setStatistics(known);
          setHistogram(counted);
        }
      } catch (thrown) {
        if (current) {
          setError(asEsapError(thrown));
        }
      }
    };
    void ask();
    return () => {
      current = false;
    };
  }, [esap, id, shown, isNumber, conditions]);

  return (
    <Drawer view={view} title={trans.__('Columns')}>
      <div className="esap-Columns">
        <ul className="esap-List" aria-label={trans.__('Columns')}>
          {rows.columns.map(each => (
            <li key={each.name}>
              <button
                type="button"
                className="esap-Line"
                aria-pressed={each === column}
                onClick={() => setName(each.name)}
              >
                <span className="esap-Line-title">{each.name}</span>
                <span className="esap-muted">{each.unit}</span>
              </button>
            </li>
          ))}
        </ul>
        {column && (
          <div className="esap-grow">
            <h4>{column.name}</h4>
            <p>{column.description}</p>
            <p className="esap-muted">{[column.type, column.unit, column.ucd].filter(Boolean).join(' · ')}</p>
            <Button onClick={() => void rows.toggleOrder(column.name)}>{nextOrder(rows.order, column.name, trans)}</Button>
            {error && <ErrorNote error={error} />}
            {statistics && <StatisticsList statistics={statistics} unit={column.unit} />}
            {histogram && histogram.counts.length > 1 && <Bars histogram={histogram} />}
          </div>
        )}
      </div>
    </Drawer>
  );
}

/** What `toggleOrder` does next, as a click on the head of the column does. */
function nextOrder(order: Order | null, column: string, trans: TranslationBundle): string {
  if (order?.column !== column) {
    return trans.__('Sort by it, ascending');
  }
  return order.descending ? trans.__('Do not sort') : trans.__('Sort by it, descending');
}

function StatisticsList({ statistics, unit }: { statistics: ColumnStatistics; unit: string }): ReactNode {
  const { trans } = useView();
  const { minimum, maximum, mean, standard_deviation: deviation, quartiles } = statistics;
  const withUnit = (value: unknown): string => `${formatValue(rounded(value))} ${unit}`.trim();
  const lines: [string, string | null][] = [
    [trans.__('Rows'), formatCount(statistics.rows)],
    [trans.__('Empty'), formatCount(statistics.empty)],
    [trans.__('Distinct'), statistics.distinct === null ? null : `≈ ${formatCount(statistics.distinct)}`],
    [trans.__('Minimum'), minimum === null ? null : withUnit(minimum)],
    [trans.__('Maximum'), maximum === null ? null : withUnit(maximum)],
    [trans.__('Mean'), mean === null ? null : withUnit(mean)],
    [trans.__('Standard deviation'), deviation === null ? null : withUnit(deviation)],
    [trans.__('Quartiles'), quartiles?.map(rounded).map(formatValue).join(', ') ?? null],
    [
      trans.__('Most frequent'),
      statistics.most_frequent.map(each => `${String(each.value)} (${formatCount(each.count)})`).join(', ') || null
    ]
  ];
  return (
    <dl className="esap-Statistics">
      {lines.map(
        ([word, value]) =>
          value !== null && (
            <div key={word}>
              <dt>{word}</dt>
              <dd>{value}</dd>
            </div>
          )
      )}
    </dl>
  );
}

/** A histogram; each bar says its range and count. */
function Bars({ histogram }: { histogram: Histogram }): ReactNode {
  const { trans } = useView();
  const highest = Math.max(...histogram.counts, 1);
  const edges = histogram.edges.map(rounded).map(formatValue);
  return (
    <div className="esap-Histogram" role="img" aria-label={trans.__('Histogram of %1', histogram.column)}>
      <div className="esap-Histogram-bars">
        {histogram.counts.map((count, bin) => (
          <div
            key={bin}
            title={trans.__('%1 to %2: %3', edges[bin], edges[bin + 1], formatCount(count))}
            style={{ height: `${(100 * count) / highest}%` }}
          />
        ))}
      </div>
      <div className="esap-Histogram-ends esap-muted">
        <span>{edges[0]}</span>
        <span>{edges.at(-1)}</span>
      </div>
    </div>
  );
}

function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}
