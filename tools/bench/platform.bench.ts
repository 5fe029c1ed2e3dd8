// The platform as users experience it: start, memory, command line, and the time from a change to its last applied
// object.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startPlatform, type Platform } from '../../libs/testing/src/platform-process.ts';
import { residentMb } from './other-process.ts';
import type { Row } from './row.ts';

const root = join(import.meta.dirname, '..', '..');
const CHANGES = 20;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  const dataDir = mkdtempSync(join(tmpdir(), 'astro-bench-'));
  const starts: number[] = [];
  let platform: Platform | undefined;
  for (let times = 0; times < 3; times++) {
    await platform?.process.stop();
    const began = performance.now();
    platform = await startPlatform({ dataDir, environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8' } });
    starts.push(performance.now() - began);
  }
  if (!platform) throw new Error('the platform did not start');
  try {
    rows.push({ name: 'start until it serves, from source', unit: 'ms', ours: median(starts), goal: '<= 2000 ms' });
    rows.push({
      name: 'resident memory after the start',
      unit: 'MB',
      ours: residentMb(platform.process.pid),
      goal: '<= 250 MB',
    });
    rows.push({ name: 'astroctl --help, whole process', unit: 'ms', ours: helpMs(), goal: '<= 100 ms' });
    rows.push(await changes(platform));
  } finally {
    await platform.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return rows;
}

function helpMs(): number {
  const bundle = join(root, 'dist', 'apps', 'astroctl', 'main.mjs');
  spawnSync(process.execPath, [join(root, 'tools', 'build.mjs'), 'apps/astroctl'], { cwd: root });
  const times = Array.from({ length: 7 }, () => {
    const began = performance.now();
    spawnSync(process.execPath, [bundle, '--help']);
    return performance.now() - began;
  });
  return median(times);
}

/**
 * Measures the time from the PUT of a changed application to the event of its last applied wave, on a real server if
 * configured, otherwise on the sandbox.
 */
async function changes(platform: Platform): Promise<Row> {
  const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
  const ada = platform.person('bench');
  await ada.login(platform.adminEmail, platform.adminPassword);
  const cluster = kubeconfig ? 'bench' : 'sandbox';
  if (kubeconfig) await ada.astroctl(['clusters', 'register', '--cluster-name', cluster, '--kubeconfig', kubeconfig]);
  await ada.astroctl(['app', 'profile', 'apply', '-f', '-'], {
    input: `profileName: bench\nclusterName: ${cluster}\n`,
  });
  const stored = parse(readFileSync(join(ada.home, '.config', 'astropulse', 'config.yaml'), 'utf8')) as {
    apis: Record<string, { organizations: { id: string; key: string }[] }>;
  };
  const [organization] = stored.apis[platform.url]?.organizations ?? [];
  if (!organization) throw new Error('the login left no key');
  const headers = { authorization: `Bearer ${organization.key}`, 'content-type': 'application/json' };
  const at = `${platform.url}/v1/organizations/${organization.id}/applications/web`;

  const durationsMs: number[] = [];
  for (let change = 0; change <= CHANGES; change++) {
    const manifest = {
      name: 'web',
      profileName: 'bench',
      source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: `1.${change}` } },
    };
    const beganMs = Date.now();
    const put = await fetch(at, { method: 'PUT', headers, body: JSON.stringify(manifest) });
    if (!put.ok) throw new Error(await put.text());
    const version = ((await put.json()) as { application: { version: string } }).application.version;
    const applied = await lastApplied(at, headers, version);
    if (change > 0) durationsMs.push(applied - beganMs); // the first one creates the namespace
    await ada.astroctl(['app', 'wait', 'web']);
  }
  return {
    name: `PUT of a changed application until its last object is applied (${kubeconfig ? 'real server' : 'sandbox'})`,
    unit: 'ms',
    ours: median(durationsMs),
    goal: 'p50 <= 100 ms',
  };
}

/** Returns when the last wave of a version was reported, in milliseconds since 1970. */
async function lastApplied(at: string, headers: Record<string, string>, version: string): Promise<number> {
  for (;;) {
    const { items } = (await (await fetch(`${at}/events`, { headers })).json()) as {
      items: { step: string; version: string; time: string }[];
    };
    const mine = items.filter((event) => event.version === version);
    const last = mine.findLast(({ step }) => step === 'applied');
    if (last && mine.some(({ step }) => step === 'healthy' || step === 'succeeded')) return Date.parse(last.time);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
