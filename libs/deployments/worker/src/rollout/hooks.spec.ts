import type { RolloutTask } from '#deployments/contract';
import type { Clock } from '#kernel';
import {
  ATTEMPT_ANNOTATION,
  KubernetesUnreachableError,
  type KubernetesClient,
  type KubernetesObject,
} from '#kubernetes';
import { systemClock, systemIds } from '#runtime/system';
import { ClaimLostError, type Claim } from './claim.worker.ts';
import { SupersededError } from './cluster-calls.worker.ts';
import { runHooks, type HookContext } from './hooks.worker.ts';
import { DEFAULT_TIMES, Run, type RunPorts } from './run.worker.ts';
import { FairSlots } from './slots.worker.ts';

/** Returns an attempt on a cluster that answers with `client`. Its waits end immediately. */
function given(client: Partial<KubernetesClient>) {
  const superseded = new AbortController();
  const lost = new AbortController();
  const clock: Clock = { ...systemClock, timer: (_ms, run) => systemClock.timer(0, run) };
  const ports = {
    connections: { client: () => Promise.resolve(client) },
    clock,
    ids: systemIds,
    times: { ...DEFAULT_TIMES, deletionMs: 2_000 },
  };
  const claim = {
    superseded: superseded.signal,
    lost: lost.signal,
    deadline: () => Number.POSITIVE_INFINITY,
    extend: () => Promise.resolve(),
    extendBeforeWave: () => Promise.resolve(),
    report: () => Promise.resolve(),
  };
  const task = { applicationId: 'app-1', applicationName: 'web', cluster: { name: 'dev' } };
  const run = new Run(
    ports as unknown as RunPorts, // all members that hooks use
    claim as unknown as Claim,
    task as unknown as RolloutTask,
    new AbortController().signal,
    new FairSlots(1).of('org-1'),
  );
  return { run, superseded, lost };
}

describe('hooks of a deployment that a newer revision replaces', () => {
  it('end while the object of an earlier deployment is being deleted', async () => {
    const marks = {
      labels: { 'platform.astropulse.io/application': 'app-1' },
      annotations: { 'platform.astropulse.io/owner': 'app-1', [ATTEMPT_ANNOTATION]: 'earlier' },
    };
    const object: KubernetesObject = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate', ...marks } };
    const { run, superseded } = given({
      get: () => Promise.resolve({ ...object, metadata: { ...object.metadata, uid: 'earlier' } }),
      delete: () => {
        superseded.abort();
        return Promise.resolve('deleting');
      },
    });
    const hook = {
      phase: 'pre-deploy',
      object: { ...object, metadata: { name: 'migrate', annotations: { [ATTEMPT_ANNOTATION]: 'this' } } },
      weight: 0,
      isRecreated: true,
      isDeletedWhen: { succeeded: false, failed: false },
      planned: {},
    };
    const context = {
      plan: { hooks: [hook] },
      fence: { hasCompleted: () => false, hold: () => Promise.resolve() },
      progress: { inventory: [], applied: [], wrote: false },
      report: () => Promise.resolve(),
    } as unknown as HookContext;
    await expect(runHooks(run, 'pre-deploy', context, [])).rejects.toThrow(SupersededError);
  });

  it('are awaited while the cluster is not available', async () => {
    const { run, superseded, lost } = given({});
    superseded.abort();
    const calls = { made: 0 };
    const step = () => {
      calls.made += 1;
      const silent = new KubernetesUnreachableError('connection', 'closed', false);
      return calls.made < 3 ? Promise.reject(silent) : Promise.resolve('done');
    };
    expect(await run.callToCompletion(step)).toBe('done');
    calls.made = 0;
    await expect(run.call(step)).rejects.toThrow(SupersededError);
    calls.made = 0;
    lost.abort();
    await expect(run.callToCompletion(step)).rejects.toThrow(ClaimLostError);
  });
});
