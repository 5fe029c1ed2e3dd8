// The list of 5,000 applications in Chromium: the time until it is complete, and its frames while applications change.
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { sealEvents, type EventStore, type SealedEvent, type StoredEvent, type UnsealedEvent } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { CHROMIUM, fillLogin, startChromium } from '#testing/chromium';
import type { Page } from 'playwright-core';
import { eventually } from '../../libs/testing/src/eventually.ts';
import { call, type Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { apply, percentiles, settled, withLoad, withoutLimits } from './load.parts.ts';
import type { Row } from './row.ts';
import { surroundings } from './surroundings.ts';

/** The applications of the list: those that are seeded, and the one that they are copies of. */
const APPLICATIONS = 5_000;
const SEEDED = APPLICATIONS - 1;
const ORIGINAL = 'original';
const ROUNDS = 9;
const CHANGES_PER_SECOND = 100;
const SECONDS = 15;
/** Next application to change: far from the one before, so that every part of the list changes. */
const STRIDE = 1_009;

export async function run(): Promise<Row[]> {
  if (CHROMIUM === undefined) {
    console.error('console: skipped, ASTRO_TEST_CHROMIUM is not set');
    return [];
  }
  const built = spawnSync(process.execPath, ['tools/console/build.mjs', 'dist/apps/console'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  return withoutLimits((environment) => withLoad(measured, { environment }));
}

async function measured(platform: Platform, person: Person): Promise<Row[]> {
  await apply(platform.url, person, ORIGINAL, '1.0');
  await settled();
  const store = await openEmbeddedEventStore({ folder: platform.dataDir, ...surroundings });
  const browser = await startChromium();
  try {
    const streams = await seed(store, person);
    await eventually(async () => {
      const listed = (await pages(platform, person)).items;
      if (listed !== APPLICATIONS) throw new Error(`${listed} applications are listed`);
    }, 120_000);
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, baseURL: platform.url });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    await page.goto('/');
    await fillLogin(page, platform.adminEmail, platform.adminPassword);
    await page.getByRole('heading', { level: 1 }).waitFor();
    return [...(await list(platform, person, page)), ...(await changes(store, streams, person, page))];
  } finally {
    await browser.close();
    await store.close();
  }
}

/** Reads the list as the console does, without the console. */
async function pages({ url }: Platform, { organization, key }: Person): Promise<{ items: number; ms: number }> {
  const began = performance.now();
  let items = 0;
  let cursor = '';
  do {
    const path = `/v1/organizations/${organization.slug}/applications${cursor && `?cursor=${cursor}`}`;
    const page = await call(url, `GET ${path}`, { credential: key });
    if (page.status !== 200) throw new Error(page.text);
    const { items: found, next = '' } = page.body as { items: readonly unknown[]; next?: string };
    items += found.length;
    cursor = next;
  } while (cursor !== '');
  return { items, ms: performance.now() - began };
}

/** Compares the complete list with the responses to the same requests. */
async function list(platform: Platform, person: Person, page: Page): Promise<Row[]> {
  const api: number[] = [];
  const clicked: number[] = [];
  const opened: number[] = [];
  const org = `/o/${person.organization.slug}`;
  const complete = page.locator(`table[aria-rowcount="${APPLICATIONS + 1}"] [data-row]`).first();
  for (let round = 0; round < ROUNDS; round++) {
    api.push((await pages(platform, person)).ms);
    await page.goto(`${org}/clusters`);
    const link = page.getByRole('link', { name: 'Applications', exact: true }).first();
    await link.waitFor();
    await pause(1_000); // until the page has read what it shows
    let began = performance.now();
    await link.click();
    await complete.waitFor();
    clicked.push(performance.now() - began);
    await page.goto('/signed-out');
    began = performance.now();
    await page.goto(`${org}/apps`);
    await complete.waitFor();
    opened.push(performance.now() - began);
  }
  const raw = percentiles(api).median;
  const row = (how: string, times: readonly number[], goal: string): Row => {
    const ours = percentiles(times).median;
    return {
      name: `console: list of ${APPLICATIONS} applications ${how}, compared with its responses: median`,
      unit: 'ms',
      ours,
      raw,
      ratio: raw / ours,
      goal,
    };
  };
  return [
    row('from another page', clicked, '<= 1.5 times (ratio >= 0.67)'),
    row('by its address', opened, 'reported: with the code of the console, and the session'),
  ];
}

/** Measures the time between frames of the list while applications change, compared with none. */
async function changes(
  store: EventStore,
  streams: readonly (readonly SealedEvent[])[],
  { organization }: Person,
  page: Page,
): Promise<Row[]> {
  await page.goto(`/o/${organization.slug}/apps`);
  await page.locator(`table[aria-rowcount="${APPLICATIONS + 1}"]`).waitFor();
  const quiet = await frames(page, () => pause(5_000));
  const times = await frames(page, () => change(store, streams));
  const row = (what: string, ours: number, raw: number): Row => ({
    name: `console: time between frames with ${CHANGES_PER_SECOND} changes per second, compared with none: ${what}`,
    unit: 'ms',
    ours,
    raw,
    ratio: raw / ours,
    goal: '< 50 ms',
  });
  return [
    row('99 %', percentiles(times).most, percentiles(quiet).most),
    row('longest', Math.max(...times), Math.max(...quiet)),
  ];
}

/** Returns the milliseconds between the frames that the page draws during `work`. */
async function frames(page: Page, work: () => Promise<unknown>): Promise<readonly number[]> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { seen });
    const { requestAnimationFrame } = globalThis as unknown as {
      requestAnimationFrame(draw: (at: number) => void): void;
    };
    const draw = (at: number) => {
      seen.push(at);
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  });
  await work();
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen);
  return seen.slice(1).map((at, index) => at - (seen[index] ?? at));
}

/** Pauses and resumes applications in turn. */
async function change(store: EventStore, streams: readonly (readonly SealedEvent[])[]): Promise<void> {
  const last = streams.map((events) => events.at(-1) as SealedEvent);
  const began = performance.now();
  for (let number = 0; number < CHANGES_PER_SECOND * SECONDS; number++) {
    const due = began + (number * 1_000) / CHANGES_PER_SECOND;
    if (due > performance.now()) await pause(due - performance.now());
    const at = (number * STRIDE) % last.length;
    const before = last[at] as SealedEvent;
    const type = before.type === 'application.paused.v1' ? 'application.resumed.v1' : 'application.paused.v1';
    const [next] = sealEvents([copyOf(before, { type, revision: before.revision + 1, data: {} })], before.hash);
    await append(store, next ? [next] : []);
    if (next) last[at] = next;
  }
  console.error(`${CHANGES_PER_SECOND * SECONDS} changes in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}

/**
 * Writes copies of the application `original` to the log: their names, first revisions, and pauses. No attempt is
 * requested, so that nothing is deployed.
 *
 * @returns the events of each copy
 */
async function seed(store: EventStore, { organization }: Person): Promise<readonly (readonly SealedEvent[])[]> {
  const catalog: StoredEvent[] = [];
  for await (const event of store.read(`catalog-${organization.id}`)) catalog.push(event);
  const claimed = catalog.find(({ data }) => (data as { name?: string }).name === ORIGINAL);
  const end = catalog.at(-1);
  const id = (claimed?.data as { id: string } | undefined)?.id ?? '';
  let configured: StoredEvent | undefined;
  for await (const event of store.read(`application-${id}`, { limit: 1 })) configured = event;
  if (!claimed || !end || !configured) throw new Error('the log has no application to copy');
  const ids = Array.from({ length: SEEDED }, () => surroundings.ids.uuid());
  const named = <E extends StoredEvent>(event: E, index: number): E =>
    JSON.parse(
      JSON.stringify(event)
        .replaceAll(id, ids[index] ?? '')
        .replaceAll(`"${ORIGINAL}"`, `"copy-${String(index).padStart(4, '0')}"`),
    ) as E;
  let hash = end.hash;
  for (let from = 0; from < SEEDED; from += 200) {
    const names = ids
      .slice(from, from + 200)
      .map((_, n) => copyOf(named(claimed, from + n), { revision: end.revision + 1 + from + n }));
    const sealed = sealEvents(names, hash);
    await append(store, sealed);
    hash = sealed.at(-1)?.hash ?? '';
  }
  const streams: (readonly SealedEvent[])[] = [];
  for (let index = 0; index < SEEDED; index++) {
    const first = copyOf(named(configured, index), {});
    const sealed = sealEvents([first, copyOf(first, { type: 'application.paused.v1', revision: 1, data: {} })], '');
    await append(store, sealed);
    streams.push(sealed);
  }
  return streams;
}

/** Returns an event like another one, to be sealed. */
function copyOf(event: UnsealedEvent, changed: Partial<UnsealedEvent>): UnsealedEvent {
  return { ...event, id: surroundings.ids.uuid(), recordedAt: new Date().toISOString(), ...changed };
}

async function append(store: EventStore, events: readonly SealedEvent[]): Promise<void> {
  const [{ stream, revision } = { stream: '', revision: 0 }] = events;
  const outcome = await store.append(stream, events, revision - 1);
  if (!outcome.ok) throw new Error(outcome.error.code);
}
