import { createHash } from 'node:crypto';
import {
  ATTEMPT_ANNOTATION,
  inventoryName,
  isMarkedAsOf,
  keyOf,
  keyText,
  planDeployment,
  splitHooks,
  type Fence,
  type Hook,
  type HookPhase,
  type KubernetesObject,
} from '#kubernetes';
import { decodeText, encodeText } from '#vault';
import { CONFIG_MAP } from '../cluster/kinds.ts';
import { failureOfPlanErrors } from '../cluster/failure.ts';
import { liveObject } from '../cluster/workloads.worker.ts';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import { runHooks, waveReports, type HookContext } from './hooks.worker.ts';
import { shortName, toContract, united } from './inventory.ts';
import { listed } from './large-inventory.worker.ts';
import { fingerprintKey, recall } from './prepare.worker.ts';
import type { Progress } from './progress.ts';
import type { Run } from './run.worker.ts';
import { attemptMark, reportedChanges } from './steps.ts';

/** Hooks of a deletion, which are validated by the cluster and recorded. */
interface DeletionHooks {
  /** Runs the hooks of a phase. A failed one ends the attempt; the next attempt continues with it. */
  run(phase: Extract<HookPhase, 'pre-delete' | 'post-delete'>): Promise<void>;
}

/**
 * All attempts at a deletion, in which a hook that has completed is not run again: what it needs may be deleted already.
 */
const DELETION = 'deletion';

/**
 * Prepares the hooks of a deletion, and adds them to the inventory. Returns undefined if there are none, or if nothing
 * of the application is left, since an interrupted attempt has run them then.
 */
export async function deletionHooks(run: Run, fence: Fence, progress: Progress): Promise<DeletionHooks | undefined> {
  const { task } = run;
  if (task.orphan || !task.deployed || !(await isInstalled(run))) return undefined;
  const recorded = await recordedHooks(run, task.deployed.rendered);
  if (!recorded) return undefined;
  const context = await withoutHooksInstead(run, () => planHooks(run, recorded, { fence, progress }));
  return { run: (phase) => withoutHooksInstead(run, () => runHooks(run, phase, context, [])) };
}

/** Returns whether the inventory object or another object of the application exists. */
const isInstalled = (run: Run): Promise<boolean> =>
  run.call(async (client) => {
    const { applicationId, targetNamespace, inventory } = run.task;
    if (await client.get(CONFIG_MAP, inventoryName(applicationId), targetNamespace)) return true;
    const live = await Promise.all(inventory.map((entry) => liveObject(client, entry)));
    return live.some((object) => object && isMarkedAsOf(object, applicationId));
  });

interface RecordedHooks {
  readonly hooks: readonly Hook[];
  /** Vault record with their objects. */
  readonly rendered: string;
  /** SHA-256 of the record, in hexadecimal. */
  readonly digest: string;
}

/**
 * Returns the hooks among the objects that were deployed, marked with this attempt. An attempt that continues an
 * interrupted one has the marks of that, so that a hook that runs is awaited. Undefined if there are none.
 * @param deployed vault record with the objects
 */
async function recordedHooks(run: Run, deployed: string): Promise<RecordedHooks | undefined> {
  const { task, ports } = run;
  if (task.recordedPlan) {
    const { objects, rendered, digest } = await recall(run, task.recordedPlan);
    return { hooks: splitHooks(objects, 'delete').hooks, rendered, digest };
  }
  const record = await ports.records.get(deployed);
  if (!record) {
    const message = 'hooks do not run, because the deployed objects are no longer recorded';
    await run.claim.report({ step: 'progressing', message });
    return undefined;
  }
  const objects = await ports.renderer.recall(decodeText(record.value));
  const names = new Set(splitHooks(objects, 'delete').hooks.map(({ object }) => keyText(keyOf(object))));
  if (names.size === 0) return undefined;
  const mark = attemptMark(task);
  const marked = objects
    .filter((object) => names.has(keyText(keyOf(object))))
    .map((object): KubernetesObject => {
      const annotations = { ...object.metadata.annotations, [ATTEMPT_ANNOTATION]: mark };
      return { ...object, metadata: { ...object.metadata, annotations } };
    });
  const bytes = encodeText(JSON.stringify(marked));
  const digest = createHash('sha256').update(bytes).digest('hex');
  const rendered = `rendered/${task.organizationId}/${task.applicationId}/${digest}`;
  await ports.records.put(rendered, bytes);
  return { hooks: splitHooks(marked, 'delete').hooks, rendered, digest };
}

/** Validates the hooks with a server-side dry run, and reports them before anything is written. */
async function planHooks(
  run: Run,
  { hooks, rendered, digest }: RecordedHooks,
  { fence, progress }: { readonly fence: Fence; readonly progress: Progress },
): Promise<HookContext> {
  const { applicationId, applicationName, targetNamespace: namespace } = run.task;
  const names = new Set(hooks.map(({ object }) => keyText(keyOf(object))));
  const previous = progress.inventory.filter(({ key }) => names.has(keyText(key)));
  const key = await fingerprintKey(run);
  const outcome = await run.call((client) =>
    planDeployment(client, {
      objects: [],
      hooks,
      ownership: { applicationId, namespace },
      previous,
      fingerprintKey: key,
    }),
  );
  if (!outcome.ok)
    throw new AttemptFailedError(
      failureOfPlanErrors(outcome.refusals, {
        app: applicationName,
        shortName: (object) => shortName(object, namespace),
      }),
    );
  const { plan } = outcome;
  progress.inventory = united(progress.inventory, plan.inventory);
  const { entries: inventory, ...record } = await listed(run, progress.inventory.map(toContract));
  const changes = reportedChanges(plan.changes, namespace);
  const warnings = plan.warnings.slice(0, 50);
  await run.claim.report({ step: 'planned', plan: { rendered, digest, changes, inventory, ...record, warnings } });
  return { plan, fence, progress, report: waveReports(run, plan), completedIn: DELETION };
}

/** Adds to the failure of a hook how to delete the application without it. */
async function withoutHooksInstead<T>(run: Run, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AttemptFailedError) || error.failure.code.startsWith('deployments/cluster-')) throw error;
    const app = run.task.applicationName;
    const fix = `see why: astroctl app logs ${app}; it is retried, or delete without hooks: astroctl app delete ${app} --no-hooks`;
    throw new AttemptFailedError({ ...error.failure, fix }, { cause: error });
  }
}
