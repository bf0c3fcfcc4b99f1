import type { TranslationBundle } from '@jupyterlab/translation';

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in powers of 1000, three digits: 12.3 MB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 999.5 && step < BYTES.length - 1) {
    value /= 1000;
    step += 1;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${BYTES[step] ?? ''}`;
}

/** 1,234,567 in the person's own notation. */
export function formatCount(count: number): string {
  return count.toLocaleString();
}

/** How many rows are taken of those that are selected: "3 rows", "the first 10,000 of 25,000 rows". */
export function formatTaken(selected: number, most: number, trans: TranslationBundle): string {
  return selected > most
    ? trans.__('the first %1 of %2 rows', formatCount(most), formatCount(selected))
    : formatRows(selected, trans);
}

/** 5 s, 3 min 20 s, 2 h 5 min. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) {
    return `${seconds < 1 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long something holds yet, as one says it: 5 days, 3 h 20 min, 59 min, less than a minute. */
export function formatLife(seconds: number, trans: TranslationBundle): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) {
    return trans.__('less than a minute');
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 1) {
    return trans.__('%1 min', minutes);
  }
  const days = Math.floor(hours / 24);
  return days < 2 ? trans.__('%1 h %2 min', hours, minutes % 60) : trans._n('%1 day', '%1 days', days);
}

/** When it was, as short as can be understood. */
export function formatTime(iso: string, now: Date = new Date()): string {
  const time = new Date(iso);
  const sameDay = time.toDateString() === now.toDateString();
  return sameDay
    ? time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : time.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

/** Degrees in the unit that reads best. */
export function formatAngle(degrees: number): string {
  const [value, unit] =
    degrees >= 1 ? [degrees, '°'] : degrees >= 1 / 60 ? [degrees * 60, '′'] : [degrees * 3600, '″'];
  return `${String(Number(value.toPrecision(4)))}${unit}`;
}

export function formatRows(rows: number, trans: TranslationBundle): string {
  // The number itself is always the first to be filled in.
  return trans._n('%2 row', '%2 rows', rows, formatCount(rows));
}
