const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** How long one waits before one tries again, after so many failures in a row. */
export function pauseAfter(failures: number): number {
  return Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
}
