// Sandbox clusters, each asked from another process over TLS as kubectl does: growth with their objects, beside a real server, beside each other, memory.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withServing } from './other-process.ts';
import type { Row } from './row.ts';
import { applyAll, certificateIn, comeToRest, connect, sandboxAt, serverOf, type Address, type Api } from './sandbox.client.ts';
import { growth } from './sandbox.growth.ts';
import { mixed } from './sandbox.objects.ts';
import type { Memory } from './sandbox.parts.ts';
import { perSecond, withFolder } from './surroundings.ts';

const FEW = 1_000;
const MANY = 10_000;
const EMPTY = 20;
const LOADS = 8;
const QUIET = 3_000;
/** Of each kind in mixed(). */
const APPLICATIONS = 100;

interface Served {
  readonly port: number;
  readonly folder: string;
  /** The doors beside the sandboxes. */
  control(path: string): Promise<Buffer>;
  address(organization: string): Address;
}

/** Sandboxes in a process of their own. */
function withSandboxes<T>(folder: string, work: (served: Served) => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  return withServing('sandboxes', [folder], (port) => {
    const api = connect({ server: `https://127.0.0.1:${port}`, token: '', ca: certificateIn(folder) });
    const served: Served = { port, folder, control: (path) => api.ask('GET', `/-/${path}`), address: (organization) => sandboxAt(folder, port, organization) };
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

/** Two processes that differ in nothing but the number of objects, asked in turn. */
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

/** 300 applies on the sandbox once between two runs on a real server; the better one counts. */
function besideServer(folder: string): Promise<Row[]> {
  const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
  return withSandboxes(folder, async ({ control, address }) => {
    await control('open/bench');
    const sandbox = connect(address('bench'));
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
    for (const api of [sandbox, ...(server ? [server] : [])]) await rate(api, 10); // compiled before it is measured
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
        goal: raw === undefined ? 'not measured beside a real server: ASTRO_TEST_KUBECONFIG is not set' : '>= 1 of a real server',
      });
    }
    return rows;
  });
}

/**
 * GETs in one organization's sandbox while another process applies to another's, in the same process; and beside the same load
 * in a process of its own, which is what the machine leaves to anybody.
 */
function besideOthers(folder: string): Promise<Row[]> {
  return withSandboxes(folder, ({ port, control, address }) =>
    withSandboxes(`${folder}-apart`, async (apart) => {
      for (const organization of ['quiet', 'busy']) await control(`open/${organization}`);
      for (const served of [{ control }, apart]) await served.control('fill/quiet/configmaps/100');
      const get = async (api: Api, into: number[]): Promise<void> => {
        const began = performance.now();
        await api.ask('GET', '/api/v1/namespaces/default/configmaps/settings-00042');
        into.push(performance.now() - began);
      };
      const quiet = async (api: Api): Promise<number[]> => {
        const took: number[] = [];
        for (let n = 0; n < QUIET; n++) await get(api, took);
        return took;
      };
      return withServing('sandbox-applier', [folder, String(port), 'busy'], async (applier) => {
        let loads = 0;
        const load = async (api: Api): Promise<number[]> => {
          const took: number[] = [];
          let isOver = false;
          const applied = fetch(`http://127.0.0.1:${applier}`).then((answer) => {
            isOver = true;
            if (!answer.ok) throw new Error('the other organization was not served');
          });
          while (!isOver) await get(api, took);
          await applied;
          await comeToRest(connect(address('busy')), `load-${loads++}`, APPLICATIONS);
          return took;
        };
        const rows: Row[] = [];
        for (const [where, api] of [
          ['', connect(address('quiet'))],
          [', in a process of its own', connect(apart.address('quiet'))],
        ] as const) {
          await quiet(api); // compiled before it is measured
          await load(api);
          const alone = await quiet(api);
          const busy: number[] = [];
          for (let times = 0; times < LOADS; times++) busy.push(...(await load(api)));
          alone.push(...(await quiet(api)));
          for (const part of [0.5, 0.99]) {
            const [ours, raw] = [quantile(busy, part), quantile(alone, part)];
            rows.push({
              name: `sandbox: GET while another organization's gets 300 applies${where}, ${part === 0.5 ? 'median' : '99 %'}, beside quiet`,
              unit: 'ms',
              ours,
              raw,
              ratio: ours / raw,
              goal: part === 0.5 || where !== '' ? 'reported' : '<= 2',
            });
          }
        }
        return rows;
      });
    }),
  );
}

const quantile = (values: readonly number[], part: number): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;

/** What a process grows by, after collections. */
function memory(folder: string): Promise<Row[]> {
  return withSandboxes(folder, async ({ control }) => {
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
    await control('open/first');
    await grew('the first one opened, with the schemas of all', 1, 'reported');
    for (let n = 0; n < EMPTY; n++) await control(`open/empty-${n}`);
    await grew(`each further one, empty (of ${EMPTY})`, EMPTY, 'reported');
    for (const kind of ['configmaps', 'pods']) {
      await control(`fill/${kind}/${kind}/${MANY}`);
      await grew(`each of ${MANY.toLocaleString('en-US')} ${kind === 'pods' ? 'running Pods' : 'ConfigMaps'}`, MANY, 'reported');
    }
    return rows;
  });
}
