import {
  applyPlan,
  keyOf,
  openFence,
  planDeployment,
  pruneObjects,
  removalsOf,
  removalsText,
  removesMost,
  splitHooks,
  waitForHealth,
  waitText,
  type ApplicationHealth,
  type Fence,
  type InventoryEntry,
  type KubernetesObject,
  type Plan,
  type SplitObjects,
} from '#kubernetes';
import { failureOfHealth, failureOfPlanErrors, failureOfRemovals, type Failure } from '../cluster/failure.ts';
import type { Outcome } from './claim.worker.ts';
import { AttemptFailedError, SupersededError } from './cluster-calls.worker.ts';
import { runHooks, waveReports, type HookContext } from './hooks.worker.ts';
import { identity, shortName, toContract, toLibrary, united } from './inventory.ts';
import { listed } from './large-inventory.worker.ts';
import { ensureNamespace } from './namespace.worker.ts';
import { fingerprintKey, prepare, recall, type Prepared } from './prepare.worker.ts';
import type { Progress } from './progress.ts';
import { fenceOf, type Run } from './run.worker.ts';
import { restart } from './restart.worker.ts';
import { throwIfOtherCluster } from './same-cluster.worker.ts';
import { serving } from './serving.worker.ts';
import { endpointOf, healthText, imageOf, keptWarnings, replicasWords, reportedChanges } from './steps.ts';

/**
 * Deploys one revision to its cluster. The process may end at any line: what the next attempt needs is recorded in
 * time, all writes are idempotent, and the fence allows only the newest attempt to write.
 */
export async function deploy(run: Run): Promise<Outcome> {
  const progress: Progress = { inventory: run.task.inventory.map(toLibrary), applied: [], wrote: false };
  try {
    await throwIfOtherCluster(run);
    const prepared = run.task.recordedPlan ? await recall(run, run.task.recordedPlan) : await prepare(run);
    await ensureNamespace(run);
    const split = splitHooks(prepared.objects, run.task.hooks ?? 'upgrade');
    const plan = await makePlan(run, split, progress.inventory);
    progress.inventory = plan.inventory;
    await run.claim.report({ step: 'planned', plan: await reportOf(run, prepared, plan) });
    run.throwIfSuperseded();
    const fence = await run.call((client) => openFence(client, fenceOf(run)));
    const context = { plan, fence, progress, report: waveReports(run, plan) };
    await apply(run, context);
    await restart(run, progress.applied);
    const settled = () => run.claim.withFrequentChecks(() => waitUntilHealthy(run, split.objects, progress.applied));
    const health = await run.ports.metrics.waiting(() => run.idly(settled));
    await rememberJobs(run, fence, progress);
    const healthy = { step: 'healthy', message: healthText(health) } as const;
    const isLast = plan.prune.length === 0 && plan.hooks.every(({ phase }) => phase !== 'post-deploy');
    if (isLast) run.claim.reportWithNext(healthy);
    else await run.claim.report(healthy);
    await runHooks(run, 'post-deploy', context, []);
    const blocked = await prune(run, plan, fence, progress);
    const { entries: inventory, ...record } = await listed(run, progress.inventory.map(toContract));
    return {
      outcome: 'succeeded',
      message: [healthText(health), ...blocked].join('; '),
      inventory,
      ...record,
      hosts: [...prepared.hosts],
      endpoint: endpointOf(split.objects),
      replicas: replicasWords(health.replicas),
    };
  } catch (error) {
    if (error instanceof SupersededError) return { outcome: 'superseded' };
    if (!(error instanceof AttemptFailedError)) throw error;
    return failed(run, error.failure, progress);
  }
}

/**
 * Validates all objects with a server-side dry run before anything is written. One rejected object ends the attempt.
 * Hooks of earlier deployments are kept while the revision still contains them.
 */
async function makePlan(
  run: Run,
  { objects, hooks, otherHooks }: SplitObjects,
  inventory: readonly InventoryEntry[],
): Promise<Plan> {
  const waiting = new Set(otherHooks.map((object) => identity(keyOf(object))));
  const ran = new Set(hooks.map(({ object }) => identity(keyOf(object))));
  const previous = inventory.filter(({ key }) => !waiting.has(identity(key)) && !ran.has(identity(key)));
  const kept = inventory.filter(({ key }) => waiting.has(identity(key)));
  const { applicationId, targetNamespace: namespace, prune, adopt } = run.task;
  const key = await fingerprintKey(run);
  const outcome = await run.call((client) =>
    planDeployment(client, {
      objects,
      hooks,
      ownership: { applicationId, namespace },
      previous,
      fingerprintKey: key,
      ...(prune === false && { prune }),
      ...(adopt && { adopt: new Set(adopt) }),
    }),
  );
  if (!outcome.ok)
    throw new AttemptFailedError(
      failureOfPlanErrors(outcome.refusals, {
        app: run.task.applicationName,
        shortName: (object) => shortName(object, namespace),
      }),
    );
  const removals = removalsOf(outcome.plan);
  if (run.task.allowRemovals !== true && removesMost(removals, run.task.deployedObjects))
    throw new AttemptFailedError(failureOfRemovals(removalsText(removals), run.task.applicationName));
  return {
    ...outcome.plan,
    inventory: [...outcome.plan.inventory, ...kept.map((entry) => ({ ...entry, hook: true as const }))],
  };
}

/** Maximum number of changes in a report, which also contains their total. */
const MAX_CHANGES = 500;

async function reportOf(run: Run, { rendered, digest, warnings }: Prepared, plan: Plan) {
  const { targetNamespace } = run.task;
  const changes = reportedChanges(plan.changes, targetNamespace);
  const { entries: inventory, ...record } = await listed(run, plan.inventory.map(toContract));
  return {
    rendered,
    digest,
    changes: changes
      .toSorted((a, b) => Number(a.action === 'unchanged') - Number(b.action === 'unchanged'))
      .slice(0, MAX_CHANGES),
    changeCount: changes.filter(({ action }) => action !== 'unchanged').length,
    inventory,
    ...record,
    warnings: [...warnings, ...plan.warnings, ...keptWarnings(plan.changes, targetNamespace)].slice(0, 50),
  };
}

/** Maximum number of objects held by finalizers that the message of an attempt names. */
const MAX_BLOCKED = 5;

/** Waves without which hooks may not be able to run. */
const BEFORE_HOOKS: ReadonlySet<string> = new Set(['namespaces', 'definitions']);

/**
 * Applies the objects wave by wave. Before each wave, the claim is renewed; a newer revision ends the attempt there.
 */
async function apply(run: Run, context: HookContext): Promise<void> {
  const { plan, fence, progress, report } = context;
  const waves = plan.waves.filter(({ objects }) => objects.length > 0);
  const first = waves.findIndex(({ name }) => !BEFORE_HOOKS.has(name));
  for (const [index, wave] of waves.entries()) {
    const pending = waves.slice(index).flatMap(({ objects }) => objects.filter(({ unchanged }) => !unchanged));
    const keys = pending.map(({ object }) => keyOf(object));
    if (index === first) await runHooks(run, 'pre-deploy', context, keys);
    await run.beginWave();
    await run.call(() => fence.hold(progress.inventory, keys));
    // Objects that an attempt before this one has written are unchanged.
    progress.wrote ||= run.task.recordedPlan !== null || wave.objects.some(({ unchanged }) => !unchanged);
    run.throwIfClaimEnds();
    const { applied } = await run.call((client) =>
      applyPlan(client, { ...plan, waves: [wave] }, fence, {
        clock: run.ports.clock,
        claimDeadline: () => run.claim.deadline(),
        deletionMs: run.ports.times.deletionMs,
        wait: (ms) => run.waitIdly(ms),
      }),
    );
    progress.applied = united(progress.applied, applied);
    progress.inventory = united(progress.inventory, applied);
    await report(wave.name, applied);
  }
  if (first === -1) await runHooks(run, 'pre-deploy', context, []);
  await run.call(() => fence.hold(progress.inventory)); // shows observers that all writes are done
}

/**
 * Waits until all objects are healthy. A newer revision, the loss of the claim or the stop of this process ends the
 * wait.
 */
async function waitUntilHealthy(
  run: Run,
  objects: readonly KubernetesObject[],
  entries: readonly InventoryEntry[],
): Promise<ApplicationHealth> {
  const { clock, ids, times } = run.ports;
  const startedAt = clock.monotonic();
  const until = startedAt + times.rolloutMs;
  let reported = '';
  const onProgress = async (health: ApplicationHealth): Promise<void> => {
    const waited = health.code === undefined || health.final === true ? '' : waitText(health.code);
    const waiting = waited === '' ? '' : `; waiting ${waited}`;
    const message = `${healthText(health)}${waiting}`;
    if (message === reported || health.state === 'Healthy') return;
    reported = message;
    const problem = health.message === '' ? {} : { problem: `${health.message}${waiting}` };
    await run.claim.report({ step: 'progressing', message, ...problem });
  };
  const signal = run.ended;
  const health = await run.call(async (client) => {
    try {
      return await waitForHealth(client, {
        entries,
        kinds: run.task.cluster.health,
        deadlineMs: until - clock.monotonic(),
        stableMs: times.stableMs,
        toleranceScale: times.toleranceScale,
        failFast: run.task.failFast === true,
        onProgress,
        signal,
        clock,
        ids,
      });
    } catch (error) {
      run.throwIfSuperseded();
      run.throwIfStopping();
      throw error;
    }
  });
  run.throwIfSuperseded();
  run.throwIfStopping();
  if (health.state === 'Healthy' || health.state === 'Suspended') return health;
  const image = imageOf(objects);
  const waitedMs = health.final === true ? undefined : clock.monotonic() - startedAt;
  throw new AttemptFailedError(
    failureOfHealth(health, {
      app: run.task.applicationName,
      ...(image !== undefined && { image }),
      ...(waitedMs !== undefined && { waitedMs }),
    }),
  );
}

/** Records in the inventory that all Jobs are complete, since a Job with a time to live is deleted automatically. */
async function rememberJobs(run: Run, fence: Fence, progress: Progress): Promise<void> {
  const isNew = progress.inventory.some(({ job }) => job?.done === false);
  progress.inventory = progress.inventory.map((entry) =>
    entry.job ? { ...entry, job: { ...entry.job, done: true } } : entry,
  );
  if (isNew) await run.call(() => fence.hold(progress.inventory));
}

/**
 * Deletes the objects that the new revision does not contain, after all others.
 * @returns a sentence for each object that a finalizer holds
 */
async function prune(run: Run, plan: Plan, fence: Fence, progress: Progress): Promise<readonly string[]> {
  let blocked: readonly string[] = [];
  if (plan.prune.length > 0) {
    await run.beginWave();
    await run.call(() => fence.hold(progress.inventory));
    run.throwIfClaimEnds();
    blocked = await run.call((client) =>
      pruneObjects(client, plan.prune, {
        applicationId: run.task.applicationId,
        fence,
        clock: run.ports.clock,
        claimDeadline: () => run.claim.deadline(),
      }),
    );
    const gone = new Set(plan.prune.map(({ key }) => identity(key)));
    progress.inventory = progress.inventory.filter(({ key }) => !gone.has(identity(key)));
    // otherwise an observer would report deleted objects of the inventory as missing
    await run.call(() => fence.hold(progress.inventory));
  }
  run.claim.reportWithNext({ step: 'pruned', objects: plan.prune.slice(0, MAX_CHANGES).map(toContract) });
  return blocked.slice(0, MAX_BLOCKED);
}

async function failed(
  run: Run,
  { code, message, fix, adoptable }: Failure,
  { inventory, applied, wrote }: Progress,
): Promise<Outcome> {
  const { entries, ...record } = await listed(run, inventory.map(toContract));
  return {
    outcome: 'failed',
    code,
    message,
    fix,
    applied: wrote,
    inventory: entries,
    ...record,
    ...(adoptable && { adoptable }),
    serving: wrote ? await serving(run, applied) : null,
  };
}
