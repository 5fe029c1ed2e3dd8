import { eventually, manualClock, sequenceIds } from '#testing';
import { KubernetesApiError, KubernetesUnreachableError, type KubernetesClient, type WatchEvent } from './client.ts';
import { TYPES } from './discovery.ts';
import type { KubernetesObject } from './objects.ts';
import { reflect } from './reflector.ts';

const configMap = (name: string, resourceVersion: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', resourceVersion },
});
const bookmark = (resourceVersion: string): WatchEvent => ({
  type: 'BOOKMARK',
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '', resourceVersion } },
});
const expired = new KubernetesApiError({ status: 410, reason: 'Expired', message: 'too old' });
const broken = new KubernetesUnreachableError('connection', 'broke', false);

type Step = WatchEvent | Error;

/**
 * A client with only list and watch: returns the given lists; each watch yields its steps, and the last one stays open.
 */
function scripted(lists: readonly (readonly KubernetesObject[] | Error)[], watches: readonly (readonly Step[])[]) {
  const requests: string[] = [];
  const client = {
    async list() {
      const items = lists[Math.min(requests.filter((what) => what === 'list').length, lists.length - 1)] ?? [];
      requests.push('list');
      if (items instanceof Error) throw items;
      return { items, resourceVersion: '100' };
    },
    async *watch(
      _: unknown,
      { resourceVersion, signal }: { readonly resourceVersion: string; readonly signal: AbortSignal },
    ) {
      const steps = watches[requests.filter((what) => what.startsWith('watch')).length];
      requests.push(`watch ${resourceVersion}`);
      for (const step of steps ?? []) {
        if (step instanceof Error) throw step;
        yield step;
      }
      if (!steps) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  } as unknown as KubernetesClient; // a reflector calls only these two methods
  return { client, requests };
}

function start(client: KubernetesClient) {
  const clock = manualClock();
  const stop = new AbortController();
  const faults: unknown[] = [];
  const copy = reflect(client, TYPES.configMap, {
    signal: stop.signal,
    clock,
    ids: sequenceIds(),
    onChange: () => {},
    onFault: (error) => faults.push(error),
  });
  running.push({ stop, ended: copy.ended });
  return { clock, copy, faults, names: () => [...copy.objects.values()].map(({ metadata }) => metadata.name).sort() };
}
const running: { readonly stop: AbortController; readonly ended: Promise<void> }[] = [];
afterEach(async () => {
  for (const { stop, ended } of running.splice(0)) {
    stop.abort();
    await ended;
  }
});

describe('E14: a reflection of a cluster', () => {
  it('follows additions, changes, and removals, even if they are repeated', async () => {
    const { client } = scripted(
      [[configMap('a', '1')]],
      [
        [
          { type: 'ADDED', object: configMap('b', '101') },
          { type: 'ADDED', object: configMap('b', '101') },
          { type: 'DELETED', object: configMap('a', '102') },
          { type: 'DELETED', object: configMap('a', '102') },
        ],
      ],
    );
    const { names } = start(client);
    await eventually(() => expect(names()).toEqual(['b']));
  });

  it('continues from the last bookmark when a watch ends, without a new list', async () => {
    const { client, requests } = scripted([[]], [[bookmark('150')]]);
    start(client);
    await eventually(() => expect(requests).toEqual(['list', 'watch 100', 'watch 150']));
  });

  it('lists again immediately when its version has expired, and then matches the cluster', async () => {
    const { client, requests } = scripted([[configMap('stale', '1')], [configMap('fresh', '2')]], [[expired]]);
    const { names } = start(client);
    await eventually(() => expect(names()).toEqual(['fresh']));
    expect(requests.slice(0, 3)).toEqual(['list', 'watch 100', 'list']);
  });

  it('keeps its objects while the cluster is unreachable, and retries with increasing delays', async () => {
    const { client, requests } = scripted(
      [[configMap('a', '1')], broken, broken, [configMap('a', '1'), configMap('b', '2')]],
      [[broken]],
    );
    const { clock, names, faults } = start(client);
    for (const turn of [1, 2, 3]) {
      await eventually(() => expect(faults).toHaveLength(turn));
      expect(names()).toEqual(['a']);
      const before = requests.length;
      clock.advance(150 * 2 ** (turn - 1));
      await Promise.resolve();
      expect(requests).toHaveLength(before);
      await eventually(() => {
        clock.advance(50);
        expect(requests.length).toBeGreaterThan(before);
      });
    }
    await eventually(() => expect(names()).toEqual(['a', 'b']));
  });

  it('does not retry in a tight loop when watches end immediately', async () => {
    const { client, requests } = scripted([[]], [[], [], []]);
    const { faults } = start(client);
    await eventually(() => expect(faults).toHaveLength(1));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(requests).toEqual(['list', 'watch 100']);
  });

  it('rejects if the first list is refused', async () => {
    const { client } = scripted([new KubernetesApiError({ status: 403, reason: 'Forbidden', message: 'no' })], []);
    await expect(start(client).copy.synced).rejects.toMatchObject({ status: 403 });
  });
});
