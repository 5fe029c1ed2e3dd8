/** Values of a schedule's field that match. */
type Field = ReadonlySet<number>;

export interface Schedule {
  readonly minutes: Field;
  readonly hours: Field;
  readonly days: Field;
  readonly months: Field;
  readonly weekdays: Field;
  /** Whether days of the month and days of the week are both restricted. Then a day matches if either does. */
  readonly eitherDay: boolean;
}

const NAMES: { readonly [name: string]: number } = Object.fromEntries([
  ...'jan feb mar apr may jun jul aug sep oct nov dec'
    .split(' ')
    .map((name, index): [string, number] => [name, index + 1]),
  ...'sun mon tue wed thu fri sat'.split(' ').map((name, index): [string, number] => [name, index]),
]);
const SHORTHANDS: { readonly [name: string]: string } = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Parses the five fields of a cron schedule: lists, ranges, steps, and names.
 * @returns `undefined` if the text is invalid
 */
export function parseSchedule(text: string): Schedule | undefined {
  const words = (SHORTHANDS[text.trim()] ?? text.trim()).split(/\s+/);
  const [minute, hour, day, month, weekday] = words;
  if (
    words.length !== 5 ||
    minute === undefined ||
    hour === undefined ||
    day === undefined ||
    month === undefined ||
    weekday === undefined
  )
    return undefined;
  const [minutes, hours, days, months, weekdays] = [
    fieldOf(minute, 0, 59),
    fieldOf(hour, 0, 23),
    fieldOf(day, 1, 31),
    fieldOf(month, 1, 12),
    fieldOf(weekday, 0, 6),
  ];
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  return { minutes, hours, days, months, weekdays, eitherDay: !/^[*?]/.test(day) && !/^[*?]/.test(weekday) };
}

function fieldOf(text: string, least: number, most: number): Field | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const number = (word: string): number => NAMES[word.toLowerCase()] ?? (/^\d{1,2}$/.test(word) ? Number(word) : NaN);
    const [from = '', to] = range.split('-');
    const first = range === '*' || range === '?' ? least : number(from);
    const last =
      range === '*' || range === '?' ? most : to !== undefined ? number(to) : part.includes('/') ? most : first;
    const by = /^\d{1,2}$/.test(step) ? Number(step) : NaN;
    if (!(first >= least && last <= most && first <= last && by > 0)) return undefined;
    for (let value = first; value <= last; value += by) found.add(value);
  }
  return found;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const FAR_MS = 5 * 366 * DAY_MS; // long enough to find February 29

/** Returns the first matching time after `afterMs`, in UTC; `undefined` if there is none. */
export function nextRun(schedule: Schedule, afterMs: number): number | undefined {
  let time = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  while (time < afterMs + FAR_MS) {
    const date = new Date(time);
    const monthDay = schedule.days.has(date.getUTCDate());
    const weekDay = schedule.weekdays.has(date.getUTCDay());
    const dayFits =
      schedule.months.has(date.getUTCMonth() + 1) && (schedule.eitherDay ? monthDay || weekDay : monthDay && weekDay);
    if (!dayFits) time = Math.floor(time / DAY_MS) * DAY_MS + DAY_MS;
    else if (!schedule.hours.has(date.getUTCHours()))
      time = Math.floor(time / (60 * MINUTE_MS)) * 60 * MINUTE_MS + 60 * MINUTE_MS;
    else if (!schedule.minutes.has(date.getUTCMinutes())) time += MINUTE_MS;
    else return time;
  }
  return undefined;
}
