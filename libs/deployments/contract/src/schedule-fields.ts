import { z } from 'zod';
import { field } from './manifest-fields.ts';

const MONTHS = 'JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC';
const DAYS = 'SUN|MON|TUE|WED|THU|FRI|SAT';
const names = (upper: string): string => `${upper}|${upper.toLowerCase()}`;

/** Values of minute, hour, day of the month, month, and day of the week, as CronJobs accept them. */
const VALUES = [
  '[0-5]?[0-9]',
  '[01]?[0-9]|2[0-3]',
  '0?[1-9]|[12][0-9]|3[01]',
  `0?[1-9]|1[0-2]|${names(MONTHS)}`,
  `[0-6]|${names(DAYS)}`,
];
const part = (value: string): string => {
  const item = `(?:[*?]|(?:${value})(?:-(?:${value}))?)(?:/[1-9][0-9]?)?`;
  return `${item}(?:,${item})*`;
};
const CRON = new RegExp(
  `^(?:${VALUES.map(part).join(' +')}|@(?:hourly|daily|midnight|weekly|monthly|yearly|annually))$`,
);

/** Returns whether a name is in the time zone database. Offsets such as +02:00 are not. */
function isTimeZone(name: string): boolean {
  try {
    return (
      /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
    );
  } catch {
    return false;
  }
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };
const MAX_TIMEOUT_SECONDS = 24 * 3_600;

/** Returns the seconds of a duration such as `90s`, `10m`, or `2h`. */
export const secondsOf = (duration: string): number =>
  Number(duration.slice(0, -1)) * (SECONDS[duration.slice(-1)] ?? 1);

const words = (most: number) => z.array(z.string().max(4_096)).min(1).max(most);

/** Fields of an image application that say when it runs, or what runs before it. */
export const scheduleFields = {
  schedule: field(
    z
      .string()
      .max(200)
      .regex(CRON, "must be a cron expression with five fields, such as '0 3 * * *', or a macro such as @daily"),
    'Runs the image at these times, as a CronJob, until it exits. Five fields: minute, hour, day of the month, month, and day of the week (0-6, 0 is Sunday). The application has no Service, and cannot have externalAccess, replicas, or autoscaling.',
    '0 3 * * *',
  ).optional(),
  timeZone: field(
    z.string().max(64).refine(isTimeZone, 'must be a name of the time zone database, such as Europe/Berlin'),
    'Time zone of the schedule. Defaults to that of the cluster, which is usually UTC.',
    'Europe/Berlin',
  ).optional(),
  concurrencyPolicy: field(
    z.enum(['Forbid', 'Allow', 'Replace']),
    'What happens at a scheduled time while the previous run has not ended: Forbid skips it, Allow starts another run, and Replace ends the previous run. Defaults to Forbid.',
    'Forbid',
  ).optional(),
  preDeploy: field(
    z
      .strictObject({
        command: field(words(64), 'Command to run instead of the entry point of the image.', [
          '/app/migrate',
        ]).optional(),
        args: field(words(256), 'Arguments of the command.', ['--to', 'latest']).optional(),
        timeout: field(
          z
            .string()
            .regex(/^[1-9]\d{0,4}[smh]$/, 'must be a duration such as 90s, 10m, or 2h')
            .refine((value) => secondsOf(value) <= MAX_TIMEOUT_SECONDS, 'must be at most 24h'),
          'Time after which it fails. Defaults to 10m.',
          '10m',
        ).optional(),
      })
      .refine(({ command, args }) => command !== undefined || args !== undefined, 'must have command or args'),
    'Command that must succeed before each rollout, such as a migration of a database. It runs in a Job with the image, variables, and files of the new revision, but without its volumes. If it fails, nothing else is changed.',
    { command: ['/app/migrate'], timeout: '10m' },
  ).optional(),
};
