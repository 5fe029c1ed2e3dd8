// No request body of the permitted size may block the event loop.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BODY_BYTES, type Contract } from '#bus/contract';
import { ROUTED_CONTRACTS } from '../../libs/gateway/src/routed-contracts.ts';
import { call, type Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { settled, withLoad } from './load.parts.ts';
import type { Row } from './row.ts';

/** Just below the limits of members and elements, and of bytes. */
const VALUES = 19_900;
const BYTES = BODY_BYTES - 4_096;

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'astro-bench-'));
  const file = join(folder, 'delay');
  const preload = fileURLToPath(new URL('loop-delay.ts', import.meta.url));
  const environment = { NODE_OPTIONS: `--import ${preload}`, LOOP_DELAY_FILE: file };
  return withLoad((platform, person) => bodies(platform, person, file), { environment }).finally(() =>
    rmSync(folder, { recursive: true }),
  );
}

async function bodies(platform: Platform, person: Person, file: string): Promise<Row[]> {
  await settled();
  const quiet = await longest(platform, file, () => pause(2_000));
  const delays: { readonly what: string; readonly ms: number }[] = [];
  for (const route of routes())
    for (const [kind, body] of Object.entries(largest())) {
      const path = route.replaceAll('{org}', person.organization.id).replaceAll(/\{\w+\}/g, 'web');
      // The second request shows the code compiled.
      for (const credential of [person.key, person.key, person.accessToken]) {
        const ms = await longest(platform, file, async () => {
          const { status } = await call(platform.url, path, { credential, body });
          if (status === 401 || status === 429) throw new Error(`${route} answered ${status} before it read the body`);
        });
        delays.push({ what: `${kind}, ${route}`, ms });
      }
    }
  const [worst] = delays.toSorted((a, b) => b.ms - a.ms);
  console.error(`the longest was ${worst?.what}`);
  return [
    {
      name: `event loop blocked by one of ${delays.length} requests with the largest bodies, compared with none`,
      unit: 'ms',
      ours: worst?.ms ?? Number.NaN,
      raw: quiet,
      goal: '<= 50 ms',
    },
  ];
}

/** Every route that takes a body. */
const routes = (): readonly string[] =>
  ROUTED_CONTRACTS.flatMap(({ route }: Contract) => (/^(POST|PUT|PATCH) /.test(route ?? '') ? [route ?? ''] : []));

/** The largest bodies of several shapes, as JSON. */
function largest(): Readonly<Record<string, string>> {
  const manifests = Array.from(
    { length: 60 },
    (_, n) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c${n}\ndata:\n  text: ${'x'.repeat(BYTES / 60 - 90)}\n`,
  ).join('---\n');
  const application = { name: 'web', profileName: 'shop', source: { type: 'yaml', yaml: { manifests } } };
  return {
    members: JSON.stringify(Object.fromEntries(Array.from({ length: VALUES }, (_, n) => [`member-${n}`, n]))),
    elements: `{"name":[${Array.from({ length: VALUES - 2 }, () => '[]').join(',')}]}`,
    text: JSON.stringify({ name: 'x'.repeat(BYTES) }),
    application: JSON.stringify(application),
    labels: JSON.stringify({
      name: 'web',
      profileName: 'shop',
      labels: Object.fromEntries(Array.from({ length: VALUES - 10 }, (_, n) => [`label-${n}`, 'v'])),
      source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: '1' } },
    }),
  };
}

/** Returns the longest time in milliseconds that the platform's main thread was blocked during `work`. */
async function longest(platform: Platform, file: string, work: () => Promise<unknown>): Promise<number> {
  await report(platform, file);
  await work();
  return report(platform, file);
}

async function report({ process: app }: Platform, file: string): Promise<number> {
  rmSync(file, { force: true });
  app.signal('SIGUSR2');
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await pause(2);
  return Number(readFileSync(file, 'utf8'));
}
