// Sandbox clusters, accessed from another process over TLS, as kubectl does: their growth with the number of objects,
// comparison with a real server, effect on each other, and memory.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withServing } from './other-process.ts';
import type { Row } from './row.ts';
import {
  applyAll,
  certificateIn,
  comeToRest,
  connect,
  sandboxAt,
  serverOf,
  type Address,
  type Api,
} from './sandbox.client.ts';
import { growth } from './sandbox.growth.ts';
import { configMap, mixed } from './sandbox.objects.ts';
import type { Memory } from './sandbox.parts.ts';
import { perSecond, withFolder } from './surroundings.ts';

const FEW = 1_000;
const MANY = 10_000;
const EMPTY = 20;
const LOADS = 8;
const THREADS = 4;
const QUIET = 3_000;
/** Per kind in mixed(). */
const APPLICATIONS = 100;

interface Served {
  /** Sends a control request to the process that serves the sandboxes. */
  control(path: string): Promise<Buffer>;
  /** Address of a sandbox in the main thread of the process. */
  address(organization: string): Address;
  /** Address of a sandbox that is served as in the platform. */
  served(organization: string): Promise<Address>;
}

/** Runs `work` with sandboxes in a separate process. */
function withSandboxes<T>(folder: string, work: (served: Served) => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  return withServing('sandboxes', [folder], (port) => {
    const api = connect({ server: `https://127.0.0.1:${port}`, token: '', ca: certificateIn(folder) });
    const control = (path: string) => api.ask('GET', `/-/${path}`);
    const served: Served = {
      control,
      address: (organization) => sandboxAt(folder, port, organization),
      served: async (organization) => JSON.parse((await control(`serve/${organization}`)).toString('utf8')) as Address,
    };
    return work(served).finally(api.close);
  });
}

export async function run(): Promise<Row[]> {
  return withFolder(async (folder) => [
    ...(await grown(join(folder, 'growth'))),
    ...(await besideServer(join(folder, 'server'))),
    ...(await besideOthers(join(folder, 'others'))),
    ...(await memory(join(folder, 'memory'))),
  ]);
}

/** Compares two processes that differ only in the number of objects, alternately. */
function grown(folder: string): Promise<Row[]> {
  return withSandboxes(join(folder, 'few'), (few) =>
    withSandboxes(join(folder, 'many'), async (many) => {
      const filled = async ({ control, address }: Served, count: number) => {
        await control(`fill/bench/configmaps/${count}`);
        return { api: connect(address('bench')), count };
      };
      return growth(await filled(few, FEW), await filled(many, MANY));
    }),
  );
}

/** Measures 300 applies on the sandbox between two runs on a real server. The better one counts. */
function besideServer(folder: string): Promise<Row[]> {
  const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
  return withSandboxes(folder, async ({ served }) => {
    const sandbox = connect(await served('bench'));
    const server = kubeconfig ? connect(serverOf(kubeconfig)) : undefined;
    const rows: Row[] = [];
    let runs = 0;
    const rate = async (api: Api, inFlight: number): Promise<number> => {
      const namespace = `bench-${process.pid}-${runs++}`;
      const objects = mixed(namespace);
      const applied = await perSecond(objects.length, () => applyAll(api, objects, inFlight));
      await comeToRest(api, namespace, APPLICATIONS);
      return applied;
    };
    for (const api of [sandbox, ...(server ? [server] : [])]) await rate(api, 10); // warm-up
    for (const inFlight of [10, 1]) {
      const name = `sandbox: 300 server-side applies, ${inFlight === 1 ? 'one at a time' : `${inFlight} in flight`}`;
      if (!server) console.error(`${name}, beside a real server: skipped, ASTRO_TEST_KUBECONFIG is not set`);
      const before = server ? await rate(server, inFlight) : undefined;
      const ours = await rate(sandbox, inFlight);
      const raw = server && before !== undefined ? Math.max(before, await rate(server, inFlight)) : undefined;
      rows.push({
        name,
        unit: 'applies/s',
        ours,
        ...(raw !== undefined && { raw, ratio: ours / raw }),
        goal:
          raw === undefined
            ? 'not measured beside a real server: ASTRO_TEST_KUBECONFIG is not set'
            : '>= 1 of a real server',
      });
    }
    return rows;
  });
}

/** Measures GETs in the sandbox of one organization while another process applies to another's. */
function besideOthers(folder: string): Promise<Row[]> {
  return withSandboxes(folder, async ({ served }) => {
    const [quiet, busy] = [connect(await served('quiet')), await served('busy')];
    const settings = configMap(42);
    await quiet.ask('PATCH', `${settings.path}?fieldManager=bench`, settings.body);
    const get = async (into: number[]): Promise<void> => {
      const began = performance.now();
      await quiet.ask('GET', settings.path);
      into.push(performance.now() - began);
    };
    const alone = async (): Promise<number[]> => {
      const durationsMs: number[] = [];
      for (let n = 0; n < QUIET; n++) await get(durationsMs);
      return durationsMs;
    };
    return withServing('sandbox-applier', [JSON.stringify(busy)], async (applier) => {
      let loads = 0;
      const loaded = async (): Promise<number[]> => {
        const durationsMs: number[] = [];
        let isOver = false;
        const applied = fetch(`http://127.0.0.1:${applier}`).then((answer) => {
          isOver = true;
          if (!answer.ok) throw new Error('the other organization was not served');
        });
        while (!isOver) await get(durationsMs);
        await applied;
        await comeToRest(connect(busy), `load-${loads++}`, APPLICATIONS);
        return durationsMs;
      };
      await alone(); // warm-up
      await loaded();
      const before = await alone();
      const beside: number[] = [];
      for (let times = 0; times < LOADS; times++) beside.push(...(await loaded()));
      const without = [...before, ...(await alone())];
      return [0.5, 0.99].map((part) => {
        const [ours, raw] = [quantile(beside, part), quantile(without, part)];
        return {
          name: `sandbox: GET while another organization's gets 300 applies, ${part === 0.5 ? 'median' : '99 %'}, beside quiet`,
          unit: 'ms',
          ours,
          raw,
          ratio: ours / raw,
          goal: part === 0.5 ? 'reported' : '<= 2',
        };
      });
    });
  });
}

const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;

/** Measures how much the memory of a process grows, after garbage collection. */
function memory(folder: string): Promise<Row[]> {
  return withSandboxes(folder, async ({ control, served }) => {
    const now = async () => JSON.parse((await control('memory')).toString('utf8')) as Memory;
    const rows: Row[] = [];
    let last = await now();
    const grew = async (name: string, things: number, goal: string): Promise<void> => {
      const next = await now();
      for (const part of ['heap', 'rss'] as const)
        rows.push({
          name: `sandbox: memory, ${name}, ${part === 'heap' ? 'heap after collection' : 'resident'}`,
          unit: 'kB',
          ours: (next[part] - last[part]) / things / 1024,
          goal,
        });
      last = next;
    };
    for (let n = 0; n < THREADS; n++) await served(`thread-${n}`);
    await grew(`each thread, with one empty sandbox (of ${THREADS})`, THREADS, 'reported');
    await control('open/first');
    await grew('the first one opened, with the schemas of all', 1, 'reported');
    for (let n = 0; n < EMPTY; n++) await control(`open/empty-${n}`);
    await grew(`each further one, empty (of ${EMPTY})`, EMPTY, 'reported');
    for (const kind of ['configmaps', 'pods']) {
      await control(`fill/${kind}/${kind}/${MANY}`);
      await grew(
        `each of ${MANY.toLocaleString('en-US')} ${kind === 'pods' ? 'running Pods' : 'ConfigMaps'}`,
        MANY,
        'reported',
      );
    }
    return rows;
  });
}
