import {
  ATTEMPT_ANNOTATION,
  deleteOnce,
  FIELD_MANAGER,
  HOOK_ANNOTATION,
  HOOK_PHASES,
  isMarkedAsOf,
  keyOf,
  keyText,
  runsToCompletion,
  waitForHealth,
  type ApplicationHealth,
  type Fence,
  type HookPhase,
  type InventoryEntry,
  type KubernetesClient,
  type KubernetesObject,
  type ObjectKey,
  type Plan,
  type PlannedHook,
} from '#kubernetes';
import { count, at } from '../cluster/json.ts';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import { listed } from './large-inventory.worker.ts';
import { failureOfHook, hookName } from './hook-failure.ts';
import { identity, toContract, united } from './inventory.ts';
import type { Progress } from './progress.ts';
import type { Run } from './run.worker.ts';

/** Interval for checking whether a hook of an earlier deployment is deleted. */
const LOOK_MS = 250;
/** How much longer than a Job's own deadline the worker waits for it. */
const GRACE_MS = 60_000;

/** What running the hooks of a deployment or deletion needs. */
export interface HookContext {
  readonly plan: Plan;
  readonly fence: Fence;
  readonly progress: Progress;
  /** Reports a wave. */
  readonly report: (wave: string, applied: readonly InventoryEntry[]) => Promise<void>;
  /**
   * Name for all attempts in which a completed hook is not run again. By default, these are an attempt and those that
   * continue it.
   */
  readonly completedIn?: string;
}

/** Returns a function that reports a wave of objects or hooks, and how many of all waves are done. */
export function waveReports(run: Run, plan: Plan): HookContext['report'] {
  const waves = plan.waves.filter(({ objects }) => objects.length > 0).length;
  const all = HOOK_PHASES.reduce((sum, phase) => sum + weightsOf(plan, phase).length, waves);
  let done = 0;
  return async (wave, applied) => {
    const { entries: objects, ...record } = await listed(run, applied.map(toContract));
    done += 1;
    await run.claim.report({ step: 'applied', wave, objects, ...record, waves: { done, all } });
  };
}

/** Groups hooks of one weight, which are reported together. */
function weightsOf(plan: Plan, phase: HookPhase): readonly (readonly PlannedHook[])[] {
  const groups: PlannedHook[][] = [];
  for (const hook of plan.hooks.filter((one) => one.phase === phase)) {
    const last = groups.at(-1);
    if (last?.[0]?.weight === hook.weight) last.push(hook);
    else groups.push([hook]);
  }
  return groups;
}

/**
 * Runs hooks one after another, and waits until each Job and pod has completed. A hook that a worker before this one
 * has completed is not run again, and one that it has started is only awaited. A failed hook ends the attempt.
 * @param pending objects that are not applied yet
 */
export async function runHooks(
  run: Run,
  phase: HookPhase,
  given: HookContext,
  pending: readonly ObjectKey[],
): Promise<void> {
  const context = { ...given, pending };
  const completed: PlannedHook[] = [];
  for (const group of weightsOf(context.plan, phase)) {
    const entries: InventoryEntry[] = [];
    for (const hook of group) {
      await run.beginWave();
      entries.push(await runHook(run, hook, context, completed));
      completed.push(hook);
    }
    await context.report(phase, entries);
  }
  await remove(
    run,
    completed.filter(({ isDeletedWhen }) => isDeletedWhen.succeeded),
    context,
  );
}

/** With the objects that observers show as not updated until the hooks have completed. */
interface PendingContext extends HookContext {
  readonly pending: readonly ObjectKey[];
}

async function runHook(
  run: Run,
  hook: PlannedHook,
  context: PendingContext,
  before: readonly PlannedHook[],
): Promise<InventoryEntry> {
  const { fence, progress, pending } = context;
  const { object } = hook;
  const key = keyOf(object);
  const entry: InventoryEntry = { key, apiVersion: object.apiVersion, hook: true };
  const deployment = context.completedIn ?? object.metadata.annotations?.[ATTEMPT_ANNOTATION] ?? '';
  const name = `${hook.phase} ${keyText(key)}`;
  if (fence.hasCompleted(deployment, name)) return entry;
  await run.call(() => fence.hold(progress.inventory, pending));
  const written = await start(run, hook);
  const { uid } = written.metadata;
  const known = { ...entry, ...(uid !== undefined && { uid }) };
  progress.inventory = united(progress.inventory, [known]);
  if (runsToCompletion(object)) {
    const startedAt = run.ports.clock.monotonic();
    const health = await completion(run, hook, known);
    if (health.state !== 'Healthy') {
      const waitedMs = health.final === true ? undefined : run.ports.clock.monotonic() - startedAt;
      const gone = before.filter(({ isDeletedWhen }) => isDeletedWhen.succeeded);
      await remove(run, hook.isDeletedWhen.failed ? [...gone, hook] : gone, context);
      throw new AttemptFailedError(failureOfHook(hook, health, { app: run.task.applicationName, waitedMs }));
    }
  }
  fence.complete(deployment, name);
  await run.call(() => fence.hold(progress.inventory, pending));
  return known;
}

/** Creates the object of a hook, unless a worker before this one has. */
async function start(run: Run, { object, planned, isRecreated, phase }: PlannedHook): Promise<KubernetesObject> {
  const { name, namespace } = object.metadata;
  const present = (client: KubernetesClient) => client.get(planned.type, name, namespace);
  const live = await run.call(present);
  if (live && isStarted(live, object)) return live;
  if (live && !isMarkedAsOf(live, run.task.applicationId))
    throw new AttemptFailedError({
      code: 'deployments/owned-by-other',
      message: `${hookName({ object, phase })} already exists and is not managed by this application`,
      fix: 'use another name, or delete the existing object first',
    });
  if (live && isRecreated) {
    await deleteObject(run, planned, live);
    const until = run.ports.clock.monotonic() + run.ports.times.deletionMs;
    while ((await run.call(present))?.metadata.uid === live.metadata.uid) {
      if (run.ports.clock.monotonic() > until)
        throw new AttemptFailedError({
          code: 'deployments/object-terminating',
          message: `${hookName({ object, phase })} is being deleted`,
          fix: 'wait until it is deleted, then apply again',
        });
      await run.waitIdly(LOOK_MS);
    }
    await run.beginWave();
  }
  run.throwIfClaimEnds();
  const { object: written } = await run.call((client) =>
    client.apply(planned.type, object, {
      fieldManager: FIELD_MANAGER,
      force: planned.force,
      deadlineMs: run.writeMs(),
    }),
  );
  return written;
}

/** Returns whether the live object was created by this deployment for the same phase. */
const isStarted = (live: KubernetesObject, object: KubernetesObject): boolean =>
  live.metadata.deletionTimestamp === undefined &&
  [ATTEMPT_ANNOTATION, HOOK_ANNOTATION].every(
    (annotation) => live.metadata.annotations?.[annotation] === object.metadata.annotations?.[annotation],
  );

/**
 * Waits until a hook has completed or failed. A newer revision does not end the wait, because it would delete the hook
 * while it runs, such as in the middle of a migration. A newer deletion does, since it was requested to run no hooks.
 */
async function completion(run: Run, hook: PlannedHook, entry: InventoryEntry): Promise<ApplicationHealth> {
  const { clock, ids, times, metrics } = run.ports;
  const ownMs = count(at(hook.object, 'spec', 'activeDeadlineSeconds')) * 1_000;
  const deadlineMs = Math.max(times.rolloutMs, ownMs === 0 ? 0 : ownMs + GRACE_MS);
  const until = clock.monotonic() + deadlineMs;
  const isDeletion = run.task.kind === 'delete';
  const signal = isDeletion ? run.ended : AbortSignal.any([run.claim.lost, run.stopping]);
  const throwIfEnded = () => {
    run.throwIfStopping();
    if (isDeletion) run.throwIfSuperseded();
  };
  let reported = '';
  const onProgress = async ({ state, message }: ApplicationHealth): Promise<void> => {
    if (state === 'Healthy' || message === reported) return;
    reported = message;
    await run.claim.report({ step: 'progressing', message: `${hook.phase} ${message}` });
  };
  const look = async (client: KubernetesClient): Promise<ApplicationHealth> => {
    try {
      return await waitForHealth(client, {
        entries: [entry],
        toCompletion: true,
        deadlineMs: until - clock.monotonic(),
        toleranceScale: times.toleranceScale,
        failFast: run.task.failFast === true,
        onProgress,
        signal,
        clock,
        ids,
      });
    } catch (error) {
      throwIfEnded();
      throw error;
    }
  };
  const wait = () => (isDeletion ? run.call(look) : run.callToCompletion(look));
  const health = await metrics.waiting(() => run.idly(wait));
  throwIfEnded();
  return health;
}

/** Deletes hooks after they have run, and removes them from the inventory. */
async function remove(
  run: Run,
  hooks: readonly PlannedHook[],
  { fence, progress, pending }: PendingContext,
): Promise<void> {
  if (hooks.length === 0) return;
  await run.claim.extend();
  await run.call(() => fence.hold(progress.inventory, pending));
  for (const { object, planned } of hooks) {
    const { name, namespace } = object.metadata;
    const live = await run.call((client) => client.get(planned.type, name, namespace));
    if (live && isStarted(live, object)) await deleteObject(run, planned, live);
    progress.inventory = progress.inventory.filter(({ key }) => identity(key) !== identity(keyOf(object)));
  }
  await run.call(() => fence.hold(progress.inventory, pending));
}

async function deleteObject(run: Run, { type }: PlannedHook['planned'], live: KubernetesObject): Promise<void> {
  const options = () => {
    run.throwIfClaimEnds();
    return { deadlineMs: run.writeMs() };
  };
  await run.call((client) => deleteOnce(client, type, live, options));
}
