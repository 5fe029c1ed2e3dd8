import type { KubernetesClient, KubernetesObject, LogOptions, ResourceType } from '#kubernetes';
import { eventually, manualClock } from '#testing';
import { logLines, type LogRequest } from './logs.worker.ts';

const DEPLOYMENTS: ResourceType = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
  verbs: [],
};
const inventory = [{ group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: null }];
const request = (more: Partial<LogRequest> = {}): LogRequest => ({
  inventory,
  follow: false,
  previous: false,
  ...more,
});

const pod = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, uid: name, namespace: 'shop' },
  spec: { containers: [{ name: 'app' }] },
  status: { containerStatuses: [{ name: 'app', state: { running: {} } }] },
});

/** Returns a cluster with one Deployment and the given pods and lines. */
function cluster(
  pods: readonly KubernetesObject[],
  lines: (pod: string, options: LogOptions) => AsyncIterable<string>,
): () => Promise<KubernetesClient> {
  const known: Pick<KubernetesClient, 'discovery' | 'get' | 'list' | 'logs'> = {
    discovery: () => Promise.resolve({ types: [DEPLOYMENTS], find: () => DEPLOYMENTS, preferred: () => DEPLOYMENTS }),
    get: () =>
      Promise.resolve({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { selector: { matchLabels: { app: 'web' } } },
      }),
    list: () => Promise.resolve({ items: pods, resourceVersion: '1' }),
    logs: (_namespace, name, options = {}) => lines(name, options),
  };
  return () => Promise.resolve(known as KubernetesClient); // the test needs no other members
}

async function* lines(from: number, to: number): AsyncIterable<string> {
  for (let number = from; number < to; number++) {
    if (number % 100 === 0) await new Promise(setImmediate);
    yield `2026-01-01T00:00:${String(number % 60).padStart(2, '0')}Z line ${number}`;
  }
}

describe('log lines of an application', () => {
  it('come from all pods, in the order of each pod', async () => {
    const seen: string[] = [];
    for await (const { pod: name, line } of logLines(
      cluster([pod('a'), pod('b')], (name) => lines(0, name === 'a' ? 3 : 2)),
      request(),
      manualClock(),
      new AbortController().signal,
    ))
      seen.push(`${name} ${line}`);
    expect(seen.filter((line) => line.startsWith('a'))).toEqual(['a line 0', 'a line 1', 'a line 2']);
    expect(seen.filter((line) => line.startsWith('b'))).toEqual(['b line 0', 'b line 1']);
  });

  it('E15: slow the cluster down while a reader without follow is slow, and none is lost', async () => {
    let asked = 0;
    async function* counted() {
      for await (const line of lines(0, 5_000)) {
        asked++;
        yield line;
      }
    }
    const reader = logLines(cluster([pod('a')], counted), request(), manualClock(), new AbortController().signal)[
      Symbol.asyncIterator
    ]();
    await reader.next();
    await eventually(() => expect(asked).toBeGreaterThan(1_900));
    await new Promise(setImmediate);
    expect(asked).toBeLessThan(2_200);
    let read = 1;
    while (!(await reader.next()).done) read++;
    expect(read).toBe(5_000);
  });

  it('E15: are dropped and counted when a follower is too slow, even if no line comes after them', async () => {
    const clock = manualClock();
    let asked = 0;
    let isOver = false;
    async function* flood() {
      if (isOver) return; // the follower polls again
      for await (const line of lines(0, 12_000)) {
        asked++;
        yield line;
      }
      isOver = true;
    }
    const stop = new AbortController();
    const reader = logLines(cluster([pod('a')], flood), request({ follow: true }), clock, stop.signal)[
      Symbol.asyncIterator
    ]();
    await reader.next();
    await eventually(() => expect(asked).toBeGreaterThan(1_900));
    await eventually(() => {
      clock.advance(1_100); // no line is read for this time
      expect(isOver).toBe(true);
    });
    let read = 1;
    let dropped = 0;
    while (dropped === 0) {
      const step = await reader.next();
      if (step.done) break;
      read++;
      dropped += step.value.dropped ?? 0;
    }
    expect(read + dropped).toBe(12_000);
    expect(dropped).toBeGreaterThan(5_000);
    stop.abort();
    await reader.return?.(undefined);
  });

  it('end immediately when the reader disconnects', async () => {
    const stop = new AbortController();
    const reader = logLines(
      cluster([pod('a')], () => lines(0, 1)),
      request({ follow: true }),
      manualClock(),
      stop.signal,
    )[Symbol.asyncIterator]();
    expect((await reader.next()).value).toMatchObject({ line: 'line 0' });
    const next = reader.next();
    stop.abort();
    expect((await next).done).toBe(true);
  });
});
