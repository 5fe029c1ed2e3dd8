import {
  applicationEventsRequest,
  applicationStatusRequest,
  applyApplicationRequest,
  applyProfileRequest,
  deleteApplicationRequest,
  getApplicationRequest,
  getRevisionRequest,
  listApplicationsRequest,
  listRevisionsRequest,
  registerClusterRequest,
  rollbackRequest,
  syncApplicationRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { FakeWorker } from '../testing/fake-worker.service.ts';
import { entry, image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';

let platform: TestPlatform;
let queue: WorkQueue;
let worker: FakeWorker;
const org = 'org-1';
const folder = temporaryFolder();
let opened = 0;

beforeEach(async () => {
  const own = `${folder}/${opened++}`;
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(own, queue, {});
  worker = new FakeWorker(platform, queue);
  await platform.found(org, 'acme', { ada: 'owner', linus: 'admin', grace: 'editor', eve: 'viewer' });
  expect(
    await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada()),
  ).toMatchObject({ ok: true, value: { outcome: 'created' } });
  expect(
    await platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada()),
  ).toMatchObject({ ok: true, value: { outcome: 'created' } });
});
afterEach(async () => {
  await platform.close();
  await queue.close();
});

const ada = (more = {}) => platform.person('ada', org, more);
const apply = (name: string, manifest: unknown, context = ada()) =>
  platform.ask(applyApplicationRequest, { org, name, manifest }, context);
const status = async (name: string) => {
  await platform.settled();
  const response = await platform.ask(applicationStatusRequest, { org, name }, ada());
  if (!response.ok) throw new Error(response.error.code);
  return response.value;
};

describe('the deployments service', () => {
  it('keeps the messages of changes with the revisions that they made', async () => {
    const withMessage = (tag: string, message: string) =>
      platform.ask(applyApplicationRequest, { org, name: 'web', manifest: image('web', tag), message }, ada());
    expect(await withMessage('1', 'the first one')).toMatchObject({ ok: true });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await withMessage('2', 'fix the checkout')).toMatchObject({ ok: true });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await platform.ask(rollbackRequest, { org, name: 'web' }, ada())).toMatchObject({ ok: true });
    for (const message of ['two\nlines', '', 'x'.repeat(257)])
      await expect(withMessage('3', message)).rejects.toThrow('"message"');
    await platform.settled();
    const history = await platform.ask(listRevisionsRequest, { org, name: 'web', limit: 10 }, ada());
    if (!history.ok) throw new Error(history.error.code);
    expect(history.value.items.map(({ message }) => message)).toEqual(['the first one', 'fix the checkout', undefined]);
  });
  it('shows the receipt of a revision, and the objects that were applied without their secrets', async () => {
    const revision = (more: object = {}) =>
      platform.ask(getRevisionRequest, { org, name: 'web', revision: 1, ...more }, platform.person('eve', org));
    const manifest = image('web', '1.4.2');
    await platform.ask(
      applyApplicationRequest,
      { org, name: 'web', manifest, message: 'the first one', failFast: true },
      platform.person('grace', org),
    );
    await platform.settled();
    expect(await revision({ objects: true })).toMatchObject({
      ok: false,
      error: { code: 'deployments/nothing-applied' },
    });
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    const objects = [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web' }, data: { PASSWORD: 'Y2FuYXJ5' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, other: 'x'.repeat(600 * 1_024) },
    ];
    const rendered = `rendered/${org}/${item.applicationId}/d1`;
    await worker.store(rendered, JSON.stringify(objects));
    await worker.plan(item, claim, [entry('Secret', 'web')], rendered);
    await worker.succeed(item, claim, [entry('Secret', 'web')]);
    await platform.settled();
    expect(await revision()).toMatchObject({
      ok: true,
      value: {
        receipt: {
          by: 'grace@acme.dev',
          byAdmin: false,
          permission: 'application.deploy',
          message: 'the first one',
          source: { type: 'image', ref: 'images.acme.dev/web:1.4.2', commit: null },
          profile: { name: 'staging', revision: 1 },
          options: { prune: true, selfHeal: false },
          attemptCount: 1,
          attempts: [
            {
              number: 1,
              by: 'grace@acme.dev',
              message: 'the first one',
              failFast: true,
              state: 'SUCCEEDED',
              result: 'all pods ready',
              changeCount: 1,
              changes: [{ object: 'Secret/web', action: 'create', fields: [] }],
            },
          ],
        },
      },
    });
    const first = await revision({ objects: true });
    expect(first).toMatchObject({
      ok: true,
      value: {
        objects: [{ kind: 'Secret', data: { PASSWORD: expect.stringMatching(/^fingerprint:[0-9a-f]{12}$/) } }],
        next: 1,
      },
    });
    expect(JSON.stringify(first)).not.toContain('Y2FuYXJ5');
    expect(first).toMatchObject({ value: { manifest: { kind: 'Application' }, receipt: { by: 'grace@acme.dev' } } });
    const second = await revision({ objects: true, from: 1 });
    expect(second).toMatchObject({ value: { objects: [{ kind: 'ConfigMap' }] } });
    expect(second.ok && Object.keys(second.value)).toEqual(['version', 'revision', 'hidden', 'objects']);
  });
  it('returns only as many objects beside a large manifest as fit into one message, or leaves the manifest out', async () => {
    const large = 'x'.repeat(400 * 1_024);
    const yaml = { manifests: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: large }\ndata: { a: ${large} }` };
    await apply('web', { name: 'web', profileName: 'staging', source: { type: 'yaml', yaml } });
    const page = async (kilobytes: readonly number[]) => {
      const objects = kilobytes.map((size, index) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `c${index}` },
        other: 'x'.repeat(size * 1_024),
      }));
      const item = await worker.next();
      const { claim } = await worker.granted(item);
      const rendered = `rendered/${org}/${item.applicationId}/${kilobytes.length}`;
      await worker.store(rendered, JSON.stringify(objects));
      await worker.plan(item, claim, [entry('ConfigMap', 'large')], rendered);
      await worker.succeed(item, claim, [entry('ConfigMap', 'large')]);
      await platform.settled();
      const found = await platform.ask(getRevisionRequest, { org, name: 'web', revision: 1, objects: true }, ada());
      if (!found.ok) throw new Error(found.error.code);
      expect(JSON.stringify(found.value).length).toBeLessThan(850 * 1_024);
      return [found.value.manifest !== undefined, found.value.objects?.length, found.value.next];
    };
    expect(await page([200, 300])).toEqual([true, 1, 1]);
    await platform.ask(syncApplicationRequest, { org, name: 'web' }, ada());
    expect(await page([600])).toEqual([false, 1, undefined]);
  });
  it('creates, deploys, changes, rolls back and deletes an application', async () => {
    const created = await apply('web', image('web', '1.4.2'));
    expect(created).toMatchObject({
      ok: true,
      value: {
        outcome: 'created',
        changes: [],
        application: { status: 'REQUESTED', version: 'v1', targetNamespace: 'acme-web', deployedBy: 'ada@acme.dev' },
      },
      meta: { created: true, revision: 1 },
    });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await status('web')).toMatchObject({
      status: 'RUNNING',
      health: 'Healthy',
      sync: 'Synced',
      sourceRef: 'images.acme.dev/web:1.4.2',
      replicas: '3/3',
      provider: 'aws',
    });

    expect(await apply('web', image('web', '1.4.2'))).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
    expect(await apply('web', image('web', '1.5.0'))).toMatchObject({
      ok: true,
      value: { outcome: 'configured', changes: ['image 1.4.2 -> 1.5.0'], application: { version: 'v2' } },
      meta: { revision: 2 },
    });
    const item = await worker.next();
    const { claim, task } = await worker.granted(item);
    expect(task).toMatchObject({
      kind: 'deploy',
      revision: 2,
      attemptNumber: 2,
      targetNamespace: 'acme-web',
      organizationSlug: 'acme',
      ownsNamespace: true,
      inventory: [{ kind: 'Deployment', name: 'web' }],
      recordedPlan: null,
    });
    await worker.fail(item, claim, { serving: 'v1 still serves, 1/1 ready' });
    expect(await status('web')).toMatchObject({
      status: 'DEGRADED',
      servingVersion: 'v1',
      code: 'deployments/image-not-found',
      message: 'pod/web cannot pull its image. v1 still serves, 1/1 ready',
    });

    expect(await platform.ask(rollbackRequest, { org, name: 'web' }, ada())).toMatchObject({
      ok: true,
      value: {
        application: { version: 'v3' },
        changes: ['back to v1', 'image 1.5.0 -> 1.4.2'],
      },
    });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await status('web')).toMatchObject({
      status: 'RUNNING',
      sync: 'Pinned',
      version: 'v3',
      servingVersion: null,
    });
    const history = await platform.ask(listRevisionsRequest, { org, name: 'web' }, ada());
    expect(history).toMatchObject({
      value: {
        items: [
          { version: 'v1', state: 'SUCCEEDED', rollback: 'yes', by: 'ada@acme.dev' },
          { version: 'v2', state: 'FAILED' },
          { version: 'v3', state: 'SUCCEEDED', rollback: 'present', rollbackOf: 'v1' },
        ],
      },
    });

    expect(await platform.ask(deleteApplicationRequest, { org, name: 'web' }, ada())).toMatchObject({
      ok: true,
      value: { attemptId: expect.any(String), objects: ['Deployment/web'] },
    });
    expect(await status('web')).toMatchObject({ status: 'DELETING' });
    expect(await apply('web', image('web', '1.6.0'))).toMatchObject({
      ok: false,
      error: { code: 'deployments/being-deleted' },
    });
    await worker.deploy();
    await platform.settled();
    expect(await platform.ask(getApplicationRequest, { org, name: 'web' }, ada())).toMatchObject({
      ok: false,
      error: { code: 'deployments/application-not-found', kind: 'not-found' },
    });
    expect(await platform.ask(listRevisionsRequest, { org, name: 'web' }, ada())).toMatchObject({
      ok: true,
      value: { items: [{}, {}, {}] },
    });
    expect(await apply('web', image('web', '2.0.0'))).toMatchObject({ ok: true, value: { outcome: 'created' } });
  });

  it('lists events, oldest first, and then streams new ones', async () => {
    await apply('web', image('web', '1.4.2'));
    await worker.deploy([entry('Deployment', 'web')]);
    const steps = await platform.read(applicationEventsRequest, { org, name: 'web' }, ada());
    expect(steps).toMatchObject([
      { step: 'requested', version: 'v1', by: 'ada@acme.dev' },
      { step: 'claimed', by: 'platform' },
      { step: 'planned' },
      { step: 'succeeded' },
    ]);
    const after = steps[1] && 'position' in steps[1] ? steps[1].position : '';
    expect(await platform.read(applicationEventsRequest, { org, name: 'web', after }, ada())).toMatchObject([
      { step: 'planned' },
      { step: 'succeeded' },
    ]);
    const following = platform.read(applicationEventsRequest, { org, name: 'web', follow: true }, ada(), 5);
    await apply('web', image('web', '1.5.0'));
    expect((await following)[4]).toMatchObject({ step: 'requested', version: 'v2' });
  });

  it('F4: returns the same response to a repeated request and records nothing', async () => {
    const first = await apply('web', image('web', '1.4.2'), ada({ key: 'k1' }));
    const events = (await platform.engines.events()).length;
    const second = await apply('web', image('web', '1.4.2'), ada({ key: 'k1' }));
    expect(second).toMatchObject({
      ok: true,
      value: { outcome: 'created', attemptId: first.ok ? first.value.attemptId : '' },
      meta: { created: true, repeated: true },
    });
    expect(await platform.engines.events()).toHaveLength(events);
  });

  it('F4: does not roll back twice when a rollback whose response was lost is retried', async () => {
    for (const tag of ['1', '2']) {
      await apply('web', image('web', tag));
      await worker.deploy();
    }
    const back = () => platform.ask(rollbackRequest, { org, name: 'web' }, ada({ key: 'back' }));
    expect(await back()).toMatchObject({ ok: true, value: { application: { version: 'v3' } } });
    const events = (await platform.engines.events()).length;
    expect(await back()).toMatchObject({
      ok: true,
      value: { application: { version: 'v3' }, changes: ['back to v1', expect.any(String)] },
      meta: { repeated: true, revision: 3 },
    });
    expect(await platform.engines.events()).toHaveLength(events);
  });

  it('F5: rejects an Idempotency-Key that is repeated with another body', async () => {
    await apply('web', image('web', '1'), ada({ key: 'k', body: 'one' }));
    expect(await apply('web', image('web', '2'), ada({ key: 'k', body: 'two' }))).toMatchObject({
      ok: false,
      error: { code: 'idempotency/other-request', kind: 'invalid' },
    });
  });

  it('F5: scopes a key to its caller, and returns one response to concurrent requests', async () => {
    const [first, second] = await Promise.all([
      apply('web', image('web', '1'), ada({ key: 'k' })),
      apply('web', image('web', '1'), ada({ key: 'k' })),
    ]);
    expect([first, second]).toMatchObject([
      { ok: true, value: { outcome: 'created' } },
      { ok: true, value: { outcome: 'created' } },
    ]);
    expect(first.ok && second.ok && first.value.attemptId === second.value.attemptId).toBe(true);
    expect(await apply('web', image('web', '2'), platform.person('linus', org, { key: 'k' }))).toMatchObject({
      ok: true,
      value: { outcome: 'configured' },
    });
  });

  it('records nothing in a dry run', async () => {
    await apply('web', image('web', '1.4.2'));
    const events = (await platform.engines.events()).length;
    expect(await apply('web', image('web', '1.5.0'), ada({ dryRun: true }))).toMatchObject({
      ok: true,
      value: { outcome: 'configured', dryRun: true, changes: ['image 1.4.2 -> 1.5.0'] },
    });
    expect(await apply('new', image('new', '1.5.0'), ada({ dryRun: true }))).toMatchObject({
      ok: true,
      value: { outcome: 'created', dryRun: true },
    });
    expect(await platform.engines.events()).toHaveLength(events);
  });

  it('D11: creates an application as its dry run has shown, also if the request is repeated', async () => {
    const planned = async () => {
      const shown = await apply('web', image('web', '1'), ada({ dryRun: true }));
      if (!shown.ok) throw new Error(shown.error.code);
      return shown.value.plan;
    };
    const plan = await planned();
    const applyPlan = (more: object = {}, context = ada()) =>
      platform.ask(
        applyApplicationRequest,
        { org, name: 'web', manifest: image('web', '1'), ...(plan !== undefined && { plan }), ...more },
        context,
      );
    const stale = { ok: false, error: { code: 'deployments/plan-stale' } };
    expect(await applyPlan({ manifest: image('web', '2') })).toMatchObject(stale);
    expect(await applyPlan({ name: 'other', manifest: image('other', '1') })).toMatchObject(stale);
    expect(await applyPlan({ plan: '0'.repeat(16) })).toMatchObject(stale);
    const first = await applyPlan({}, ada({ key: 'k' }));
    expect(first).toMatchObject({ ok: true, value: { outcome: 'created', plan } });
    expect(await applyPlan({}, ada({ key: 'k' }))).toMatchObject({
      ok: true,
      value: { outcome: 'created', attemptId: first.ok ? first.value.attemptId : undefined },
    });
    await worker.deploy([entry('Deployment', 'web')]);
    await platform.settled();
    expect(await applyPlan()).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });

    expect(await platform.ask(deleteApplicationRequest, { org, name: 'web' }, ada())).toMatchObject({ ok: true });
    await worker.deploy();
    await platform.settled();
    expect(await applyPlan()).toMatchObject(stale);
    expect(await applyPlan({ plan: await planned() })).toMatchObject({ ok: true, value: { outcome: 'created' } });
  });

  it('rejects a stale revision and invalid names', async () => {
    await apply('web', image('web', '1.4.2'));
    expect(await apply('web', image('web', '1.5.0'), ada({ ifMatch: 7 }))).toMatchObject({
      ok: false,
      error: { code: 'edge/precondition-failed' },
    });
    expect(await apply('web', image('other', '1'))).toMatchObject({
      ok: false,
      error: { code: 'deployments/name-mismatch' },
    });
    expect(
      await apply('web', {
        kind: 'Application',
        apiVersion: 'platform.astropulse.io/v1',
        spec: { name: 'web', spec: 1 },
      }),
    ).toMatchObject({
      ok: false,
      error: { kind: 'invalid', code: 'deployments/manifest-invalid', errors: expect.any(Array) },
    });
  });

  it('A2: does not reveal whether a profile exists in another organization', async () => {
    await platform.found('org-2', 'other', { mallory: 'owner' });
    const response = await platform.ask(
      applyApplicationRequest,
      { org: 'org-2', name: 'web', manifest: image('web', '1') },
      platform.person('mallory', 'org-2'),
    );
    expect(response).toMatchObject({
      ok: false,
      error: {
        code: 'deployments/profile-not-found',
        kind: 'invalid',
        fix: 'create one: astroctl app profile apply -f FILE',
      },
    });
    await platform.settled();
    expect(
      await platform.ask(listApplicationsRequest, { org: 'org-2' }, platform.person('mallory', 'org-2')),
    ).toMatchObject({
      value: { items: [] },
    });
    expect(
      await platform.ask(getApplicationRequest, { org: 'org-2', name: 'web' }, platform.person('mallory', 'org-2')),
    ).toMatchObject({ ok: false, error: { kind: 'not-found' } });
  });

  it('does not let an editor deploy to a protected profile', async () => {
    await platform.ask(
      applyProfileRequest,
      { org, name: 'production', manifest: profile('production', { protected: true }) },
      ada(),
    );
    const response = await apply(
      'web',
      image('web', '1', {}, { profileName: 'production' }),
      platform.person('grace', org),
    );
    expect(response).toMatchObject({
      ok: false,
      error: {
        code: 'access/protected-profile',
        kind: 'forbidden',
        detail:
          'grace@acme.dev (editor of acme) may not deploy web: profile production is protected and requires the role admin or owner.',
        fix: 'ask ada@acme.dev or linus@acme.dev: astroctl org members',
      },
    });
    expect(
      await apply('web', image('web', '1', {}, { profileName: 'production' }), platform.person('linus', org)),
    ).toMatchObject({ ok: true });
  });

  it('E1, E20: rejects namespaces that are reserved, not allowed or taken; a default gets a suffix', async () => {
    for (const namespace of ['kube-system', 'default', 'astro-system'])
      expect(await apply('web', image('web', '1', {}, { namespace }))).toMatchObject({
        ok: false,
        error: { code: 'deployments/namespace-not-allowed', kind: 'invalid' },
      });
    expect(await apply('first', image('first', '1', {}, { namespace: 'acme-web' }))).toMatchObject({ ok: true });
    const second = await apply('web', image('web', '1'));
    expect(second).toMatchObject({
      ok: true,
      value: { application: { targetNamespace: expect.stringMatching(/^acme-web-[0-9a-f]{5}$/) } },
    });
    expect(await apply('web', image('web', '1', {}, { namespace: 'acme-other' }))).toMatchObject({
      ok: false,
      error: { code: 'deployments/namespace-fixed' },
    });
  });
});
