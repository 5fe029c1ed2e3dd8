import {
  applyApplicationRequest,
  applyProfileRequest,
  diffApplicationRequest,
  diffManifestRequest,
  getRevisionRequest,
  registerClusterRequest,
  rollbackRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';

const org = 'org-1';
const folder = temporaryFolder();
let platform: TestPlatform;
let queue: WorkQueue;

beforeAll(async () => {
  queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(folder, queue, {});
  await platform.found(org, 'acme', { ada: 'owner', grace: 'editor', eve: 'viewer' });
  await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, as('ada'));
  for (const name of ['staging', 'production'])
    await platform.ask(
      applyProfileRequest,
      { org, name, manifest: profile(name, { protected: name === 'production' }) },
      as('ada'),
    );
  await apply('1', 'canary-one');
  await apply('2', 'canary-two');
  await apply('3', 'canary-two');
  await platform.settled();
});
afterAll(async () => {
  await platform.close();
  await queue.close();
});

const as = (who: string) => platform.person(who, org);
const web = (tag: string, mode: string, rest: object = {}) =>
  image('web', tag, { env: [{ name: 'MODE', value: mode }] }, rest);
const apply = (tag: string, mode: string, rest: object = {}) =>
  platform.ask(applyApplicationRequest, { org, name: 'web', manifest: web(tag, mode, rest) }, as('ada'));
const paths = (response: unknown) =>
  (response as { value: { changes: { path: string }[] } }).value.changes.map(({ path }) => path);

describe('use-D20: differences of an application', () => {
  it('are those between the latest revision and the one before, or between any two', async () => {
    const latest = await platform.ask(diffApplicationRequest, { org, name: 'web' }, as('eve'));
    expect(latest).toMatchObject({
      ok: true,
      value: {
        name: 'web',
        from: 'v2',
        to: 'v3',
        changes: [
          {
            object: null,
            path: 'image',
            change: 'changed',
            before: 'images.acme.dev/web:2',
            after: 'images.acme.dev/web:3',
          },
        ],
      },
    });
    const far = await platform.ask(diffApplicationRequest, { org, name: 'web', from: 1, to: 3 }, as('eve'));
    expect(paths(far)).toEqual(['image', 'env.MODE']);
    expect(JSON.stringify(far)).not.toContain('canary');
    const same = await platform.ask(diffApplicationRequest, { org, name: 'web', from: 2, to: 2 }, as('eve'));
    expect(paths(same)).toEqual([]);
    const first = await platform.ask(diffApplicationRequest, { org, name: 'web', to: 1 }, as('eve'));
    expect(first).toMatchObject({ ok: true, value: { from: null, to: 'v1' } });
    expect(await platform.ask(diffApplicationRequest, { org, name: 'web', from: 9 }, as('eve'))).toMatchObject({
      ok: false,
      error: { kind: 'not-found' },
    });
  });

  it('show what a manifest would change, even on a protected profile, and change nothing', async () => {
    const manifest = web('4', 'canary-two', { profileName: 'production' });
    const planned = await platform.ask(diffManifestRequest, { org, name: 'web', manifest }, as('eve'));
    expect(planned).toMatchObject({ ok: true, value: { from: 'v3', to: 'manifest' } });
    expect(paths(planned)).toEqual(['profileName', 'image']);
    const created = await platform.ask(
      diffManifestRequest,
      { org, name: 'api', manifest: image('api', '1') },
      as('eve'),
    );
    expect(created).toMatchObject({ ok: true, value: { from: null, to: 'manifest' } });
    expect(paths(created)).toContain('image');
    const wrong = await platform.ask(diffManifestRequest, { org, name: 'web', manifest: { source: 1 } }, as('eve'));
    expect(wrong).toMatchObject({ ok: false, error: { kind: 'invalid' } });
    const after = await platform.ask(getRevisionRequest, { org, name: 'web', revision: 'latest' }, as('ada'));
    expect(after).toMatchObject({ ok: true, value: { version: 'v3' } });
    expect(await platform.ask(getRevisionRequest, { org, name: 'api', revision: 'latest' }, as('ada'))).toMatchObject({
      ok: false,
    });
  });

  it('are empty between a revision and the rollback to it', async () => {
    const back = await platform.ask(rollbackRequest, { org, name: 'web', to: 1 }, as('ada'));
    expect(back).toMatchObject({ ok: true, value: { rollbackOf: 'v1' } });
    expect(paths(await platform.ask(diffApplicationRequest, { org, name: 'web', from: 1, to: 4 }, as('eve')))).toEqual(
      [],
    );
  });
});

describe('the manifest of a revision', () => {
  it('is returned as applied to callers who may deploy it', async () => {
    for (const who of ['ada', 'grace']) {
      const found = await platform.ask(getRevisionRequest, { org, name: 'web', revision: 3 }, as(who));
      expect(found).toMatchObject({
        ok: true,
        value: {
          version: 'v3',
          hidden: 0,
          manifest: {
            kind: 'Application',
            metadata: { name: 'web' },
            spec: {
              profileName: 'staging',
              source: { image: { tag: '3', env: [{ name: 'MODE', value: 'canary-two' }] } },
            },
          },
        },
        meta: { revision: 4 },
      });
    }
    const { value } = (await platform.ask(getRevisionRequest, { org, name: 'web', revision: 3 }, as('ada'))) as {
      value: { manifest: unknown };
    };
    const again = await platform.ask(
      applyApplicationRequest,
      { org, name: 'web', manifest: value.manifest },
      as('ada'),
    );
    expect(again).toMatchObject({ ok: true, value: { outcome: 'configured' } });
  });

  it('has fingerprints for all other callers, and cannot be applied', async () => {
    await apply('6', 'canary-six', { profileName: 'production' });
    for (const [who, revision] of [
      ['eve', 3],
      ['grace', 6],
    ] as const) {
      const found = await platform.ask(getRevisionRequest, { org, name: 'web', revision }, as(who));
      expect(JSON.stringify(found)).not.toContain('canary');
      expect(found).toMatchObject({ ok: true, value: { hidden: 1 } });
      const { manifest } = (found as { value: { manifest: unknown } }).value;
      expect(await platform.ask(applyApplicationRequest, { org, name: 'web', manifest }, as('ada'))).toMatchObject({
        ok: false,
        error: { kind: 'invalid' },
      });
    }
  });
});
