import {
  CommandFailedError,
  age,
  ExitCode,
  isCommandError,
  usage,
  type Column,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  applicationEventsRequest,
  applicationResourcesRequest,
  applicationStatusRequest,
  deleteApplicationRequest,
  getApplicationRequest,
  listApplicationsRequest,
  type ApplicationStatusView,
  type ApplicationView,
  type PlatformEvent,
} from '#deployments/contract';
import type { applicationCommands } from './commands.cli.ts';
import { timeoutOf, waitForRollout } from './rollout-wait.cli.ts';

export { appExport, appOpen, appSet } from './change.cli.ts';
export { appDiff } from './diff.cli.ts';
export { appApply, appValidate } from './apply.cli.ts';
export { appEvents, appLogs } from './logs.cli.ts';
export { appTop } from './top.cli.ts';
export { appHistory, appRollback } from './revisions.cli.ts';

/** Lines of `app status`. Their order must not change, because scripts parse them. */
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

/** Lines of `app get NAME`: the status, followed by the configuration. */
const GET_LINES = [
  ...STATUS_LINES,
  'tier',
  'protected',
  'limits',
  'autoscaling',
  'deployedBy',
  'createdAt',
] as const satisfies readonly (keyof ApplicationView)[];

/** Runs `app get [NAME]`: prints one application, or a table of all applications. */
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
  const listed = await session.list(listApplicationsRequest, { org });
  if (!listed.ok) return listed.failure;
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
  await session.print.list(listed.value, {
    columns,
    name: (row) => `application/${row.name}`,
    empty: 'No applications. Create one: astroctl app apply -f FILE',
  });
  return ExitCode.Success;
}

/** Runs `app status NAME`. In a terminal, the pods are listed too. */
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

/** Runs `app resources NAME`. */
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

/** Runs `app wait NAME…`. */
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
    await session.print.done(
      { name, reached: goal },
      { text: `application/${name} ${goal}`, name: `application/${name}` },
    );
  }
  return ExitCode.Success;
}

/** Runs `app delete NAME`: shows what will be deleted, asks for confirmation, and waits until it is deleted. */
export async function appDelete(
  options: Options<typeof applicationCommands.appDelete>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const input = { org, name, orphan: options.orphan, noHooks: options['no-hooks'] };
  const plan = await session.call(deleteApplicationRequest, input, { dryRun: true });
  if (!plan.ok) return plan.failure;
  const { objects } = plan.value;
  session.print.note(
    input.orphan
      ? `${name} will be deleted from the platform. A rollout in progress is ended first. The applied objects are kept on the cluster: ${objects.join(', ') || 'nothing so far'}`
      : `${name} and its ${objects.length} objects will be deleted: ${objects.join(', ')}`,
  );
  const sure = await session.confirm(`Delete ${name}?`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(deleteApplicationRequest, input);
  if (!done.ok) return done.failure;
  const waited = await waitForRollout(session, { org, name, goal: 'deleted', timeoutMs, narrate: false });
  if (isCommandError(waited)) return waited;
  for (const sentence of await keptObjects(session, org, name, input.orphan)) session.print.note(sentence);
  await session.print.done(done.value, { text: `application/${name} deleted`, name: `application/${name}` });
  return ExitCode.Success;
}

/**
 * Returns a sentence for each object that the deletion left on the cluster, from the last event of the application.
 * Returns an empty list when the events cannot be read.
 */
async function keptObjects(session: Session, org: string, name: string, orphan: boolean): Promise<readonly string[]> {
  let last: PlatformEvent | undefined;
  try {
    for await (const event of session.stream(applicationEventsRequest, { org, name, kubernetes: false, follow: false }))
      if (event.source === 'platform' && event.step === 'succeeded') last = event;
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
  }
  if (orphan) return last ? [`${name}: ${last.message}`] : [];
  return last?.kept?.map(({ object, contains }) => `${object} is kept because it contains ${contains}`) ?? [];
}

export { appAdopt } from './adopt.cli.ts';
export { appPause, appRestart, appResume, appSync } from './operations.cli.ts';
