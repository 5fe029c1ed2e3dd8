import type { Row } from './row.ts';
import type { Api, Watching } from './sandbox.client.ts';
import { configMap } from './sandbox.objects.ts';

/** A sandbox and its number of ConfigMaps. */
export interface Filled {
  readonly api: Api;
  readonly count: number;
}

interface Step {
  readonly name: string;
  /** Per round. */
  readonly times: number;
  /** Whether the size of the response grows with the number of objects. */
  readonly isProportional: boolean;
  /** @returns milliseconds */
  run(filled: Filled): Promise<number>;
}

const ROUNDS = 15;
const WARM = 5;
const COLLECTION = '/api/v1/namespaces/default/configmaps';
const PAGE = 500;
const MARGIN = 1.5;

let version = 0;
const changed = ({ count }: Filled) => configMap((version * 7919) % count, { version: String(++version) });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function revisionOf({ api }: Filled): Promise<string> {
  const { metadata } = await api.read(`${COLLECTION}?limit=1`);
  return (metadata as { readonly resourceVersion: string }).resourceVersion;
}

const open = new Map<Filled, Promise<Watching>>();

/** Returns one watch per sandbox, so that no measurement includes a TLS handshake. */
function kept(filled: Filled): Promise<Watching> {
  const watching =
    open.get(filled) ??
    revisionOf(filled).then((revision) => filled.api.watch(`${COLLECTION}?watch=true&resourceVersion=${revision}`));
  open.set(filled, watching);
  return watching;
}

const STEPS: readonly Step[] = [
  {
    name: `a page of ${PAGE} of a list`,
    times: 4,
    isProportional: false,
    run: ({ api }) => timed(() => api.ask('GET', `${COLLECTION}?limit=${PAGE}`)),
  },
  { name: 'the whole list', times: 1, isProportional: true, run: ({ api }) => timed(() => api.ask('GET', COLLECTION)) },
  {
    name: `the whole list in pages of ${PAGE}`,
    times: 1,
    isProportional: true,
    run: ({ api }) =>
      timed(async () => {
        for (let next = ''; ;) {
          const bytes = await api.ask('GET', `${COLLECTION}?limit=${PAGE}${next}`);
          const token = /"continue":"([^"]+)"/.exec(bytes.toString('latin1', 0, 500))?.[1];
          if (token === undefined) return;
          next = `&continue=${encodeURIComponent(token)}`;
        }
      }),
  },
  {
    name: 'a watch from the beginning, until all are told',
    times: 1,
    isProportional: true,
    run: ({ api, count }) =>
      timed(async () => {
        const watching = await api.watch(`${COLLECTION}?watch=true`);
        await watching.waitForLines(count);
        watching.end();
      }),
  },
  {
    name: 'a watch from a revision, until it is open',
    times: 5,
    isProportional: false,
    async run(filled) {
      const revision = await revisionOf(filled);
      const began = performance.now();
      const watching = await filled.api.watch(`${COLLECTION}?watch=true&resourceVersion=${revision}`);
      const took = performance.now() - began;
      watching.end();
      return took;
    },
  },
  {
    name: 'a change, until a watch hears it',
    times: 5,
    isProportional: false,
    async run(filled) {
      const watching = await kept(filled);
      const began = performance.now();
      const [heard] = await Promise.all([watching.waitForLines(1), filled.api.apply(changed(filled))]);
      return heard - began;
    },
  },
  {
    name: 'server-side apply of a changed object',
    times: 20,
    isProportional: false,
    run: (filled) => timed(() => filled.api.apply(changed(filled))),
  },
];

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Runs each step alternately at both sizes. A row shows how much slower it is at the larger one. */
export async function growth(few: Filled, many: Filled): Promise<Row[]> {
  const factor = many.count / few.count;
  const rows: Row[] = [];
  for (const step of STEPS) {
    const sampled = async (filled: Filled, rounds: number, into: number[] = []): Promise<void> => {
      for (let times = 0; times < step.times * rounds; times++) into.push(await step.run(filled));
    };
    // Warm-up, with about the same number of objects for both sizes.
    await sampled(few, step.isProportional ? WARM * factor : WARM);
    await sampled(many, WARM);
    const [fewMs, manyMs]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      await sampled(few, 1, fewMs);
      await sampled(many, 1, manyMs);
    }
    const [ours, raw] = [median(manyMs), median(fewMs)];
    rows.push({
      name: `sandbox: ${step.name}, at ${many.count.toLocaleString('en-US')} beside ${few.count.toLocaleString('en-US')} objects`,
      unit: 'ms',
      ours,
      raw,
      ratio: step.isProportional ? ours / raw / factor : ours / raw,
      goal: step.isProportional
        ? `<= 1: growth of time through growth of objects (${factor})`
        : `<= ${MARGIN}: does not grow`,
    });
  }
  for (const filled of [few, many]) {
    (await open.get(filled))?.end();
    filled.api.close();
  }
  return rows;
}
