const DAY = 86_400;

/** Seconds of a lifetime that is written in days; null for ever, undefined if it is no number of days. */
export function secondsOfDays(days: string): number | null | undefined {
  const text = days.trim();
  if (!text) {
    return null;
  }
  const seconds = Math.round(Number(text) * DAY);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
