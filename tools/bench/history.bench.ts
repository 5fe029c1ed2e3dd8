// A page of events must not slow down as an application's history grows.
import { call, type Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { apply, settled, withLoad, withoutLimits } from './load.parts.ts';
import type { Row } from './row.ts';

/** Events of the application with a short history, and of the one with a long one. */
const EVENTS = { few: 100, many: 10_000 };
const READS = 200;

export const run = (): Promise<Row[]> =>
  withoutLimits((environment) =>
    withLoad(async (platform, person) => [await history(platform, person)], { environment }),
  );

async function history(platform: Platform, person: Person): Promise<Row> {
  for (const name of ['few', 'many'] as const) {
    await apply(platform.url, person, name, '1.0');
    await settled();
    await pauseAndResume(platform, person, name, EVENTS[name]);
  }
  const few = await pageMs(platform, person, 'few');
  const many = await pageMs(platform, person, 'many');
  return {
    name: `first page of an application with ${EVENTS.many} events, compared with ${EVENTS.few}: median`,
    unit: 'ms',
    ours: many,
    raw: few,
    ratio: few / many,
    goal: '<= 3 times (ratio >= 0.33)',
  };
}

const pathOf = ({ organization }: Person, name: string, rest: string): string =>
  `/v1/organizations/${organization.id}/applications/${name}/${rest}`;

/** Adds events without a rollout: the application is paused and resumed in turns, by one request after the other. */
async function pauseAndResume(platform: Platform, person: Person, name: string, events: number): Promise<void> {
  for (let n = 0; n < events; n++) {
    const path = pathOf(person, name, n % 2 === 0 ? 'pause' : 'resume');
    const { status, text } = await call(platform.url, `POST ${path}`, { credential: person.key, body: {} });
    if (status >= 300) throw new Error(text);
  }
}

/** Returns the median time of a page, in milliseconds. */
async function pageMs(platform: Platform, person: Person, name: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < READS; n++) {
    const startedMs = performance.now();
    const path = pathOf(person, name, 'events?limit=100');
    const { status, text } = await call(platform.url, `GET ${path}`, { credential: person.key });
    if (status !== 200) throw new Error(text);
    times.push(performance.now() - startedMs);
  }
  return times.toSorted((a, b) => a - b)[READS / 2] ?? Number.NaN;
}
