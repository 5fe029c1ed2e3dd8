import {
  age,
  ExitCode,
  isCommandError,
  parseSpan,
  printable,
  usage,
  type Column,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  applicationEventsRequest,
  applicationLogsRequest,
  type KubernetesEvent,
  type PlatformEvent,
} from '#deployments/contract';
import type { applicationCommands } from './commands.cli.ts';

const LINES_AT_ONCE = 500;

/**
 * Yields everything that is recorded so far, page by page.
 *
 * @param page requests a page after a position
 */
export async function* everyPage<Item extends object>(
  page: (place: { readonly limit: number; readonly after?: string }) => AsyncIterable<Item>,
): AsyncGenerator<Item> {
  let count: number;
  let after: string | undefined;
  do {
    count = 0;
    for await (const item of page({ limit: LINES_AT_ONCE, ...(after !== undefined && { after }) })) {
      count += 1;
      if ('position' in item && typeof item.position === 'string') after = item.position;
      yield item;
    }
  } while (count === LINES_AT_ONCE);
}

/** Runs `app logs NAME`. */
export async function appLogs(
  options: Options<typeof applicationCommands.appLogs>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const since = options.since;
  const sinceMs = since === undefined ? undefined : parseSpan(since);
  if (since !== undefined && sinceMs === undefined)
    return usage('--since is not a duration.', 'write it as 30s, 5m, or 2h');
  const tail = options.tail;
  if (tail !== undefined && !/^\d{1,6}$/.test(tail))
    return usage('--tail is not a number of lines.', 'write it as --tail 100');
  const container = options.container;
  const lines = session.stream(applicationLogsRequest, {
    org,
    name: options.name,
    follow: options.follow,
    previous: options.previous,
    ...(sinceMs !== undefined && { sinceSeconds: Math.max(1, Math.ceil(sinceMs / 1_000)) }),
    ...(tail !== undefined && { tail: Number(tail) }),
    ...(container !== undefined && { container }),
  });
  for await (const entry of lines) {
    const { pod, line, dropped } = entry;
    if (dropped)
      session.print.note(
        `(${dropped} lines of ${pod} were dropped because they arrived faster than they could be sent)`,
      );
    const text = printable(options.prefix ? `${pod}: ${line}` : line);
    await session.print.done(entry, { text, name: `pod/${pod}` });
  }
  return ExitCode.Success;
}

const EVENT_COLUMNS: readonly Column<PlatformEvent>[] = [
  { title: 'TIME', value: (event) => event.time },
  { title: 'STEP', value: (event) => event.step },
  { title: 'VERSION', value: (event) => event.version },
  { title: 'BY', value: (event) => event.by },
  { title: 'MESSAGE', value: (event) => event.message },
];

/**
 * Runs `app events NAME`: lists events of the platform, or with `-k` the Kubernetes events of the application's
 * objects, oldest first.
 */
export async function appEvents(
  options: Options<typeof applicationCommands.appEvents>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const { follow, kubernetes: ofKubernetes } = options;
  const input = { org, name: options.name, kubernetes: ofKubernetes, follow };
  const events =
    follow || ofKubernetes
      ? session.stream(applicationEventsRequest, input)
      : everyPage((place) => session.stream(applicationEventsRequest, { ...input, ...place }));
  const nowMs = session.io.clock.now();
  const kubernetesColumns: Column<KubernetesEvent>[] = [
    { title: 'LAST', value: (event) => age(event.last, nowMs) },
    { title: 'TYPE', value: (event) => event.type },
    { title: 'REASON', value: (event) => event.reason },
    { title: 'OBJECT', value: (event) => event.object },
    { title: 'COUNT', value: (event) => event.count },
    { title: 'MESSAGE', value: (event) => event.message },
  ];
  if (follow) {
    const platformRow = session.print.rows(EVENT_COLUMNS);
    const kubernetesRow = session.print.rows(kubernetesColumns);
    for await (const event of events) {
      if (event.source === 'platform') platformRow(event);
      else kubernetesRow(event);
    }
    return ExitCode.Success;
  }
  const platform: PlatformEvent[] = [];
  const kubernetes: KubernetesEvent[] = [];
  for await (const event of events) {
    if (event.source === 'platform') platform.push(event);
    else kubernetes.push(event);
  }
  if (options.kubernetes)
    await session.print.list(kubernetes, {
      columns: kubernetesColumns,
      name: (event) => `event/${event.reason}`,
      empty: 'No events.',
    });
  else
    await session.print.list(platform, {
      columns: EVENT_COLUMNS,
      name: (event) => `event/${event.step}`,
      empty: 'No events.',
    });
  return ExitCode.Success;
}
