import { reply } from '#bus';
import {
  applicationEventsRequest,
  applyApplicationRequest,
  applyProfileRequest,
  listRevisionsRequest,
  registerClusterRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';

const REVISIONS = 7;
const org = 'org-1';
const folder = temporaryFolder();

describe('use-L5: pages of the history of an application', () => {
  let platform: TestPlatform;
  let queue: WorkQueue;
  let namesAsked = 0;
  const ada = () => platform.person('ada', org);
  const events = (more: { readonly limit?: number; readonly after?: string } = {}) =>
    platform.read(applicationEventsRequest, { org, name: 'web', ...more }, ada());

  beforeAll(async () => {
    queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
    platform = await openTestPlatform(folder, queue, {
      'identity.v1.people.find': ({ ids }: { ids: string[] }) => {
        namesAsked += 1;
        return reply({ people: ids.map((id) => ({ id, email: `${id}@acme.dev`, name: null, erased: false })) });
      },
    });
    await platform.found(org, 'acme', { ada: 'owner', linus: 'admin' });
    await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada());
    await platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada());
    for (let number = 1; number <= REVISIONS; number += 1) {
      const who = platform.person(number % 2 === 0 ? 'linus' : 'ada', org);
      const manifest = image('web', `1.${number}`);
      expect(await platform.ask(applyApplicationRequest, { org, name: 'web', manifest }, who)).toMatchObject({
        ok: true,
      });
    }
    await platform.settled();
  });
  afterAll(async () => {
    await platform.close();
    await queue.close();
  });

  it('request names once, no matter how many lines there are', async () => {
    namesAsked = 0;
    const lines = await events();
    expect(lines.length).toBeGreaterThanOrEqual(REVISIONS);
    expect(new Set(lines.map((line) => line.source === 'platform' && line.by))).toContain('linus@acme.dev');
    expect(namesAsked).toBe(1);
  });

  it('return each event once over pages of two', async () => {
    const whole = (await events()).map((line) => line.source === 'platform' && line.position);
    const read: unknown[] = [];
    for (let after: string | undefined; ;) {
      const page = await events({ limit: 2, ...(after !== undefined && { after }) });
      expect(page.length).toBeLessThanOrEqual(2);
      for (const line of page) {
        if (line.source !== 'platform') throw new Error('an event of Kubernetes');
        read.push((after = line.position));
      }
      if (page.length < 2) break;
    }
    expect(read).toEqual(whole);
  });

  it('return each revision once, oldest first, over pages of three', async () => {
    const versions: string[] = [];
    for (let cursor: string | undefined; ;) {
      const asked = { org, name: 'web', limit: 3, ...(cursor !== undefined && { cursor }) };
      const page = await platform.ask(listRevisionsRequest, asked, ada());
      if (!page.ok) throw new Error(page.error.code);
      expect(page.value.items.length).toBeLessThanOrEqual(3);
      versions.push(...page.value.items.map(({ version }) => version));
      if ((cursor = page.value.next) === undefined) break;
    }
    expect(versions).toEqual(Array.from({ length: REVISIONS }, (_, index) => `v${index + 1}`));
  });
});
