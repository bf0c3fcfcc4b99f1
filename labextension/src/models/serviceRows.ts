/** How many rows each service has in a table, in the order in which they stand: all of one before those of the next. */
export type ServiceCounts = readonly (readonly [service: string, rows: number])[];

/** Rows by their numbers in a table, as they were when the services had so many. */
export interface PickedRows {
  numbers: readonly number[];
  counts: ServiceCounts;
}

/** Where a row stands now. */
export type RowMove = (row: number) => number;

export function totalOf(counts: ServiceCounts): number {
  return counts.reduce((sum, [, rows]) => sum + rows, 0);
}

/** Rows by their numbers among those of their service, which stay what they are while the table grows. */
export function byService({ numbers, counts }: PickedRows): Map<string, number[]> {
  const picked = new Map<string, number[]>();
  let first = 0;
  for (const [service, rows] of counts) {
    const end = first + rows;
    const its = numbers.filter(number => number >= first && number < end).map(number => number - first);
    if (its.length > 0) {
      picked.set(service, its);
    }
    first = end;
  }
  return picked;
}

/** Where rows stand once the services have more; null if they stay where they are. */
export function moveOf(before: ServiceCounts, now: ServiceCounts): RowMove | null {
  const [ends, shifts]: [number[], number[]] = [[], []];
  let [end, start] = [0, 0];
  before.forEach(([, rows], index) => {
    shifts.push(start - end);
    end += rows;
    ends.push(end);
    start += now[index]?.[1] ?? rows;
  });
  return shifts.some(shift => shift > 0) ? row => row + (shifts[ends.findIndex(each => row < each)] ?? 0) : null;
}
