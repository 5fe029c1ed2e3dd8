import { jest } from '@jest/globals';
import {
  applicationEventsRequest,
  applyApplicationRequest,
  applyProfileRequest,
  registerClusterRequest,
  watchRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { FakeWorker } from '../testing/fake-worker.service.ts';
import { entry, image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';
import { ApplicationChanges, type ApplicationChange } from './application-changes.service.ts';

const folder = temporaryFolder();
const [ACME, OTHER] = ['org-1', 'org-2'] as const;
let platform: TestPlatform;
let worker: FakeWorker;

beforeAll(async () => {
  const queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(folder, queue, {});
  worker = new FakeWorker(platform, queue);
  for (const [org, slug] of [
    [ACME, 'acme'],
    [OTHER, 'other'],
  ] as const) {
    await platform.found(org, slug, { ada: 'owner' });
    await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada(org));
    await platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada(org));
  }
});
afterAll(() => platform.close());

const ada = (org: string) => platform.person('ada', org);
const deploy = async (name: string, tag: string): Promise<void> => {
  await platform.ask(applyApplicationRequest, { org: ACME, name, manifest: image(name, tag) }, ada(ACME));
  await worker.deploy([entry('Deployment', name)]);
};

/** Starts to read a watch in the background. */
function reading(org: string, from: string) {
  const stop = new AbortController();
  const seen: ApplicationChange[] = [];
  const changes = platform.app.get(ApplicationChanges, { strict: false });
  const done = (async () => {
    for await (const change of changes.after(from as never, org, stop.signal)) seen.push(change);
  })();
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  return { seen, end };
}

const positions = (changes: readonly ApplicationChange[]): string[] => changes.map(({ line }) => line.position);

it('use-L7: reads each event and its document once, no matter how many watch', async () => {
  const { eventStore, readModels } = platform.engines;
  const read = jest.spyOn(readModels, 'get');
  const from = await eventStore.head();
  const watchers = Array.from({ length: 50 }, () => reading(ACME, from));
  const elsewhere = Array.from({ length: 50 }, () => reading(OTHER, from));
  await deploy('web', '1');
  await eventually(() => expect(watchers[0]?.seen.at(-1)?.line.step).toBe('succeeded'));
  const [first] = watchers;
  for (const { seen } of watchers)
    await eventually(() => expect(positions(seen)).toEqual(positions(first?.seen ?? [])));
  const told = positions(first?.seen ?? []);
  expect(told.length).toBeGreaterThan(3);
  // Each document was read only for the event that changed it.
  const reads = read.mock.calls.filter(([, , atLeast]) => atLeast !== undefined && told.includes(atLeast));
  expect(reads).toHaveLength(told.length);
  for (const { seen } of elsewhere) expect(seen).toEqual([]);
  await Promise.all([...watchers, ...elsewhere].map(({ end }) => end()));
  read.mockRestore();
});

it('use-L7: sends a late reader what it has missed, then new changes, each once and in order', async () => {
  const from = await platform.engines.eventStore.head();
  const early = reading(ACME, from);
  await deploy('api', '1');
  await eventually(() => expect(early.seen.length).toBeGreaterThan(2));
  const late = Array.from({ length: 5 }, () => reading(ACME, from));
  await deploy('api', '2');
  await eventually(() => expect(early.seen.filter(({ line }) => line.step === 'succeeded')).toHaveLength(2));
  for (const { seen } of late) await eventually(() => expect(positions(seen)).toEqual(positions(early.seen)));
  expect(positions(early.seen)).toEqual([...new Set(positions(early.seen))].toSorted());
  await Promise.all([early, ...late].map(({ end }) => end()));
});

it('use-L7: requests the name of each actor once per response', async () => {
  await deploy('named', '1');
  await platform.settled();
  const asked = jest.spyOn(platform.engines.access, 'current');
  const lines = await platform.read(applicationEventsRequest, { org: ACME, name: 'named' }, ada(ACME));
  expect(lines.length).toBeGreaterThan(3);
  const actors = new Set(lines.map((line) => ('by' in line ? line.by : '')));
  // At most once to look up the organization, then once for each actor.
  expect(asked.mock.calls.length).toBeLessThanOrEqual(actors.size + 1);
  asked.mockRestore();
});

it('ends a watch when its signal aborts', async () => {
  const [only] = await platform.read(watchRequest, { org: ACME, follow: false }, ada(ACME), 1);
  expect(only).toMatchObject({ application: expect.any(String) });
});
