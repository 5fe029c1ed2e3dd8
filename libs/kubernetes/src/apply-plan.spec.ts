import { manualClock } from '#testing';
import { applyPlan, type WriteLimits } from './apply-plan.ts';
import type { DeleteOptions, KubernetesClient } from './client.ts';
import type { Fence } from './inventory-fence.ts';
import type { KubernetesObject, ResourceType } from './objects.ts';
import type { Plan } from './plan.types.ts';

const type: ResourceType = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  resource: 'jobs',
  namespaced: true,
  verbs: [],
};
const marks = {
  labels: { 'platform.astropulse.io/application': 'app-1' },
  annotations: { 'platform.astropulse.io/owner': 'app-1' },
};
const job = (metadata: object): KubernetesObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'report', namespace: 'web', ...metadata },
});
const old = job({ uid: 'old', ...marks });

describe('K8.6-20: an object that is deleted and created again', () => {
  const clock = manualClock();
  /** Applies a plan that replaces `old`. @param live what is on the cluster, one for each time that it is read */
  async function replace(live: readonly (KubernetesObject | undefined)[], limits: Partial<WriteLimits> = {}) {
    const left = [...live];
    const writes: unknown[] = [];
    const client = {
      get: () => Promise.resolve(left.length > 1 ? left.shift() : left[0]),
      delete: (_type: ResourceType, _where: object, { uid, propagation }: DeleteOptions) => {
        writes.push({ uid, propagation });
        return Promise.resolve('deleting' as const);
      },
      apply: () => {
        writes.push('apply');
        return Promise.resolve({ object: job({ uid: 'new', ...marks }), created: true, warnings: [] });
      },
    } as unknown as KubernetesClient; // all methods that are called
    const plan = {
      waves: [
        { name: 'workloads', objects: [{ object: job(marks), type, force: true, unchanged: false, replaces: 'old' }] },
      ],
      inventory: [],
    } as unknown as Plan; // all members that are used
    const wait = (ms: number) => Promise.resolve(clock.advance(ms));
    const outcome = await applyPlan(client, plan, {} as Fence, { clock, wait, ...limits }).then(
      ({ applied }) => applied[0]?.uid,
      (error: unknown) => error,
    );
    return { outcome, writes };
  }
  const deletion = { uid: 'old', propagation: 'Foreground' };

  it('is created when it and its pods no longer exist', async () => {
    const { outcome, writes } = await replace([...Array.from({ length: 50 }, () => old), undefined]);
    expect(outcome).toBe('new');
    expect(writes).toEqual([deletion, 'apply']);
  });

  it('is not deleted again by a repetition', async () => {
    expect((await replace([job({ uid: 'new', ...marks })])).writes).toEqual(['apply']);
    expect((await replace([undefined])).writes).toEqual(['apply']);
    const deleting = job({ uid: 'old', deletionTimestamp: '2026-01-01T00:00:00Z', ...marks });
    expect((await replace([deleting, deleting, undefined])).writes).toEqual(['apply']);
  });

  it.each([
    ['before', [job({ uid: 'theirs' })], []],
    ['after', [old, job({ uid: 'theirs' })], [deletion]],
  ])('is left to others who created it %s it was deleted', async (_, live, expected) => {
    const { outcome, writes } = await replace(live);
    expect(outcome).toMatchObject({ status: 409, message: expect.stringContaining('was created by others') });
    expect(writes).toEqual(expected);
  });

  it('is awaited as long as given, and names what holds it', async () => {
    const startedAt = clock.monotonic();
    const held = job({ ...old.metadata, finalizers: ['example.com/hold'] });
    const { outcome } = await replace([held], { deletionMs: 600_000 });
    expect(outcome).toMatchObject({
      reason: 'ObjectTerminating',
      message: expect.stringContaining('example.com/hold'),
    });
    expect(clock.monotonic() - startedAt).toBeGreaterThan(600_000);
    const ended = new Error('a newer revision was requested');
    expect((await replace([held], { wait: () => Promise.reject(ended) })).outcome).toBe(ended);
  });
});
