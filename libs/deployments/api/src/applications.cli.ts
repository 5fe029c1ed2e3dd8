import {
  age,
  ExitCode,
  isCommandError,
  parseSpan,
  printable,
  usage,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  applicationEventsRequest,
  applicationLogsRequest,
  applicationResourcesRequest,
  applicationStatusRequest,
  applyApplicationRequest,
  applyProfileRequest,
  deleteApplicationRequest,
  getApplicationRequest,
  listApplicationsRequest,
  listRevisionsRequest,
  rollbackRequest,
  type ApplicationStatusView,
  type ApplicationView,
  type KubernetesEvent,
  type PlatformEvent,
} from '#deployments/contract';
import { readManifestFiles, type Manifest } from './manifest-files.cli.ts';
import { waitForRollout } from './rollout-wait.cli.ts';
import type { applicationCommands } from './commands.cli.ts';

/** T1. The order of the lines is a contract: scripts grep for them. */
const STATUS_LINES = [
  'name',
  'status',
  'health',
  'sync',
  'version',
  'organization',
  'profileName',
  'clusterName',
  'provider',
  'region',
  'targetNamespace',
  'sourceType',
  'sourceRef',
  'replicas',
  'endpoint',
  'updatedAt',
  'message',
] as const satisfies readonly (keyof ApplicationStatusView)[];

/** T1 and T2. */
const GET_LINES = [
  ...STATUS_LINES,
  'tier',
  'protected',
  'limits',
  'autoscaling',
  'deployedBy',
  'createdAt',
] as const satisfies readonly (keyof ApplicationView)[];

const timeoutOf = (options: { readonly timeout: string }): number | CommandError =>
  parseSpan(options.timeout) ?? usage('--timeout is not a duration.', 'write it as 30s or 5m');

/** `app apply`: profiles first, then applications; a line per object; all are tried. */
export async function appApply(
  options: Options<typeof applicationCommands.appApply>,
  session: Session,
): Promise<Outcome> {
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const read = await readManifestFiles(
    options.filename,
    options.recursive,
    'Application',
    ['Application', 'ApplicationProfile'],
    session.io,
  );
  if (isCommandError(read)) return read;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  for (const warning of read.warnings) session.print.note(`Warning: ${warning}`);

  const dryRun = options['dry-run'] || options.diff;
  const ordered = [...read.manifests].sort(
    (a, b) => Number(a.kind === 'Application') - Number(b.kind === 'Application'),
  );
  const failures: CommandError[] = [];
  const waits: { name: string; version: string }[] = [];
  for (const manifest of ordered) {
    const outcome = await applyOne(manifest, org, dryRun, session);
    if (isCommandError(outcome)) failures.push(outcome);
    else if (outcome) waits.push(outcome);
  }
  const first = reportAllButLast(failures, session);
  if (options.wait && !dryRun) {
    for (const { name, version } of waits) {
      const waited = await waitForRollout(session, { org, name, version, goal: 'running', timeoutMs, narrate: true });
      if (isCommandError(waited)) return first ?? waited;
    }
  }
  if (!first) return ExitCode.Success;
  return ordered.length > 1 ? { ...first, exit: ExitCode.Failed } : first;
}

/** Several failures: each is said; the last is returned, to be said by the program. */
function reportAllButLast(failures: readonly CommandError[], session: Session): CommandError | undefined {
  for (const failure of failures.slice(0, -1)) session.print.note(`Error: ${failure.detail}`);
  return failures.at(-1);
}

async function applyOne(
  manifest: Manifest,
  org: string,
  dryRun: boolean,
  session: Session,
): Promise<{ name: string; version: string } | undefined | CommandError> {
  const suffix = dryRun ? ' (dry run)' : '';
  if (manifest.kind === 'ApplicationProfile') {
    const name = manifest.spec.profileName;
    const applied = await session.call(applyProfileRequest, { org, name, manifest: manifest.spec }, { dryRun });
    if (!applied.ok) return applied.failure;
    session.print.line(`profile/${name} ${applied.value.outcome}${suffix}`);
    return undefined;
  }
  if (manifest.kind !== 'Application')
    return usage(`${manifest.file} is not an Application.`, 'use: astroctl clusters register -f FILE');
  const { name } = manifest.spec;
  const applied = await session.call(applyApplicationRequest, { org, name, manifest: manifest.spec }, { dryRun });
  if (!applied.ok) return applied.failure;
  const { outcome, changes, application } = applied.value;
  if (session.print.format === 'json') session.print.line(JSON.stringify(applied.value));
  else session.print.line(`application/${name} ${outcome}${suffix}`);
  if (outcome === 'configured' && changes.length > 0)
    session.print.note(`${name} ${application.version}: ${changes.join('; ')} (see: astroctl app history ${name})`);
  else if (outcome === 'created' && !dryRun) session.print.note(`Next: astroctl app status ${name}`);
  return { name, version: application.version };
}

/** `app validate`: checks files without sending anything; with `--online` the server checks them too, and changes nothing. */
export async function appValidate(
  options: Options<typeof applicationCommands.appValidate>,
  session: Session,
): Promise<Outcome> {
  const read = await readManifestFiles(
    options.filename,
    options.recursive,
    'Application',
    ['Application', 'ApplicationProfile', 'K8sClusterRegistration'],
    session.io,
  );
  if (isCommandError(read)) return read;
  if (!options.online) {
    for (const manifest of read.manifests) session.print.line(`${manifest.file}: ${manifest.kind} is valid`);
    return ExitCode.Success;
  }
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const failures: CommandError[] = [];
  for (const manifest of read.manifests) {
    const outcome = await applyOne(manifest, org, true, session);
    if (isCommandError(outcome)) failures.push(outcome);
  }
  return reportAllButLast(failures, session) ?? ExitCode.Success;
}

/** `app get [NAME]`: T1 and T2 of one, or the table of all. */
export async function appGet(options: Options<typeof applicationCommands.appGet>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const name = options.name;
  if (name !== undefined) {
    const found = await session.call(getApplicationRequest, { org, name });
    if (!found.ok) return found.failure;
    await session.print.one(found.value, { lines: GET_LINES, name: (value) => `application/${value.name}` });
    return ExitCode.Success;
  }
  const rows: ApplicationView[] = [];
  let cursor: string | undefined;
  do {
    const page = await session.call(listApplicationsRequest, { org, ...(cursor !== undefined && { cursor }) });
    if (!page.ok) return page.failure;
    rows.push(...page.value.items);
    cursor = page.value.next;
  } while (cursor !== undefined);
  const nowMs = session.io.clock.now();
  const columns: Column<ApplicationView>[] = [
    { title: 'NAME', value: (row) => row.name },
    { title: 'STATUS', value: (row) => row.status },
    { title: 'VERSION', value: (row) => row.version },
    { title: 'PROFILE', value: (row) => row.profileName },
    { title: 'CLUSTER', value: (row) => row.clusterName },
    { title: 'SOURCE', value: (row) => `${row.sourceType} ${row.sourceRef.replace(/@sha256:.*/, '')}` },
    { title: 'AGE', value: (row) => age(row.createdAt, nowMs) },
    { title: 'NAMESPACE', value: (row) => row.targetNamespace, wide: true },
    { title: 'ENDPOINT', value: (row) => row.endpoint, wide: true },
  ];
  await session.print.list(rows, {
    columns,
    name: (row) => `application/${row.name}`,
    empty: 'No applications. Create one: astroctl app apply -f FILE',
  });
  return ExitCode.Success;
}

/** `app status NAME`: T1; a terminal also sees the pods. */
export async function appStatus(
  options: Options<typeof applicationCommands.appStatus>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  if (options.watch) {
    const timeoutMs = timeoutOf(options);
    if (isCommandError(timeoutMs)) return timeoutMs;
    const waited = await waitForRollout(session, { org, name, goal: 'running', timeoutMs, narrate: true });
    if (isCommandError(waited)) return waited;
  }
  const found = await session.call(applicationStatusRequest, { org, name });
  if (!found.ok) return found.failure;
  const field = options.field;
  if (field !== undefined) {
    const key = STATUS_LINES.find((line) => line === field);
    if (!key) return usage(`status has no field ${field}.`, `choose one of ${STATUS_LINES.join(', ')}`);
    session.print.line(found.value[key] ?? '-');
    return ExitCode.Success;
  }
  await session.print.one(found.value, { lines: STATUS_LINES, name: (value) => `application/${value.name}` });
  if (session.print.format === 'table' && session.io.stdout.isTTY && found.value.pods.length > 0) {
    session.print.line('');
    const nowMs = session.io.clock.now();
    type Pod = ApplicationStatusView['pods'][number];
    const columns: Column<Pod>[] = [
      { title: 'POD', value: (pod) => pod.name },
      { title: 'READY', value: (pod) => pod.ready },
      { title: 'STATE', value: (pod) => pod.state },
      { title: 'RESTARTS', value: (pod) => pod.restarts },
      { title: 'NODE', value: (pod) => pod.node },
      { title: 'AGE', value: (pod) => age(pod.createdAt, nowMs) },
    ];
    await session.print.list(found.value.pods, { columns, name: (pod) => `pod/${pod.name}` });
  }
  return ExitCode.Success;
}

/** `app resources NAME`. */
export async function appResources(
  options: Options<typeof applicationCommands.appResources>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(applicationResourcesRequest, { org, name: options.name });
  if (!found.ok) return found.failure;
  const nowMs = session.io.clock.now();
  type Row = (typeof found.value.items)[number];
  const columns: Column<Row>[] = [
    { title: 'KIND', value: (row) => row.kind },
    { title: 'NAMESPACE', value: (row) => row.namespace },
    { title: 'NAME', value: (row) => row.name },
    { title: 'HEALTH', value: (row) => row.health },
    { title: 'SYNC', value: (row) => row.sync },
    { title: 'AGE', value: (row) => age(row.createdAt, nowMs) },
    { title: 'MESSAGE', value: (row) => row.message, wide: true },
  ];
  await session.print.list(found.value.items, {
    columns,
    name: (row) => `${row.kind.toLowerCase()}/${row.name}`,
    empty: 'No objects.',
  });
  return ExitCode.Success;
}

/** `app wait NAME…`. */
export async function appWait(
  options: Options<typeof applicationCommands.appWait>,
  session: Session,
): Promise<Outcome> {
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const goal = options.for;
  for (const name of options.name) {
    const waited = await waitForRollout(session, { org, name, goal, timeoutMs, narrate: true });
    if (isCommandError(waited)) return waited;
    session.print.line(`application/${name} ${goal}`);
  }
  return ExitCode.Success;
}

/** `app logs NAME`. */
export async function appLogs(
  options: Options<typeof applicationCommands.appLogs>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const since = options.since;
  const sinceMs = since === undefined ? undefined : parseSpan(since);
  if (since !== undefined && sinceMs === undefined)
    return usage('--since is not a duration.', 'write it as 30s, 5m or 2h');
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
  for await (const { pod, line, dropped } of lines) {
    if (dropped)
      session.print.note(
        `(${dropped} lines of ${pod} were dropped because they arrived faster than they could be sent)`,
      );
    session.print.line(printable(options.prefix ? `${pod}: ${line}` : line));
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

/** `app events NAME`: what the platform did; `-k`: show Kubernetes events of its objects. Oldest first. */
export async function appEvents(
  options: Options<typeof applicationCommands.appEvents>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const follow = options.follow;
  const events = session.stream(applicationEventsRequest, {
    org,
    name: options.name,
    kubernetes: options.kubernetes,
    follow,
  });
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

/** `app history NAME`. */
export async function appHistory(
  options: Options<typeof applicationCommands.appHistory>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(listRevisionsRequest, { org, name: options.name });
  if (!found.ok) return found.failure;
  type Row = (typeof found.value.items)[number];
  const columns: Column<Row>[] = [
    { title: 'VERSION', value: (row) => row.version },
    { title: 'STATE', value: (row) => row.state },
    { title: 'SOURCE', value: (row) => row.source },
    { title: 'BY', value: (row) => row.by },
    { title: 'WHEN', value: (row) => row.when },
    { title: 'ROLLBACK', value: (row) => row.rollback },
  ];
  await session.print.list(found.value.items, { columns, name: (row) => `revision/${row.version}` });
  return ExitCode.Success;
}

/** `app rollback NAME [--to v3]`: shows what changes, asks, and deploys the old content as a new revision. */
export async function appRollback(
  options: Options<typeof applicationCommands.appRollback>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  const to = options.to;
  const revision = to === undefined ? undefined : Number(/^v?(\d{1,9})$/.exec(to)?.[1]);
  if (revision !== undefined && !(revision >= 1))
    return usage(`${to} is not a version.`, `see: astroctl app history ${name}`);
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const input = { org, name, ...(revision !== undefined && { to: revision }) };
  const plan = await session.call(rollbackRequest, input, { dryRun: true });
  if (!plan.ok) return plan.failure;
  for (const change of plan.value.changes) session.print.note(`  ${change}`);
  const sure = await session.confirm(`Roll ${name} back${to === undefined ? '' : ` to ${to}`}?`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(rollbackRequest, input);
  if (!done.ok) return done.failure;
  session.print.line(`application/${name} ${done.value.outcome}`);
  session.print.note(
    `${name} ${done.value.application.version} has the content of ${to ?? 'the version before'}. Next: astroctl app wait ${name}`,
  );
  return ExitCode.Success;
}

/** `app delete NAME`: shows what goes, asks, and waits until it is gone. */
export async function appDelete(
  options: Options<typeof applicationCommands.appDelete>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const input = { org, name, orphan: options.orphan };
  const plan = await session.call(deleteApplicationRequest, input, { dryRun: true });
  if (!plan.ok) return plan.failure;
  const { objects } = plan.value;
  session.print.note(
    input.orphan
      ? `${name} will be deleted from the platform; its ${objects.length} objects stay on the cluster.`
      : `${name} and its ${objects.length} objects will be deleted: ${objects.join(', ')}`,
  );
  const sure = await session.confirm(`Delete ${name}?`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(deleteApplicationRequest, input);
  if (!done.ok) return done.failure;
  const waited = await waitForRollout(session, { org, name, goal: 'deleted', timeoutMs, narrate: false });
  if (isCommandError(waited)) return waited;
  session.print.line(`application/${name} deleted`);
  return ExitCode.Success;
}
