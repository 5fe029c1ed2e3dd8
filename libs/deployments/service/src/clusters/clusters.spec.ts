import { busErrors, refuse, reply, type Reply } from '#bus';
import {
  allClusterEventsRequest,
  applyApplicationRequest,
  applyProfileRequest,
  clusterEventsRequest,
  clusterKubeconfigRequest,
  deleteApplicationRequest,
  deleteClusterRequest,
  deleteProfileRequest,
  getApplicationRequest,
  getClusterRequest,
  listClustersRequest,
  listProfilesRequest,
  registerClusterRequest,
  reportClusterRequest,
  setClusterPolicyRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { omit } from '../shared/omit.ts';
import { FakeWorker } from '../testing/fake-worker.service.ts';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';
import { MissedHeartbeatsSweep } from './missed-heartbeats.sweep.ts';

let platform: TestPlatform;
let queue: WorkQueue;
let asked: { readonly access: string; readonly namespaces: string[]; readonly viewNamespaces?: string[] }[];
const org = 'org-1';
const folder = temporaryFolder();
let opened = 0;

/** Whether a service provides sandboxes. */
let hasSandboxes = false;
const sandboxAddress = (organizationId: string) => ({
  server: `https://127.0.0.1:8081/sandbox/${organizationId}`,
  certificateAuthority: 'PEM of the sandbox',
});
const ofSandboxes = <T>(value: T): Reply<T> =>
  hasSandboxes ? reply(value) : refuse(busErrors.nobodyServes('sandbox'));

const open = async () => {
  const own = `${folder}/${opened++}`;
  asked = [];
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  const answers = {
    'sandbox-cluster.v1.sandboxes.ensure': ({ organizationId }: { organizationId: string }) =>
      ofSandboxes({
        ...sandboxAddress(organizationId),
        token: `token-of-${organizationId}`,
        uid: `sandbox-${organizationId}`,
      }),
    'sandbox-cluster.v1.sandboxes.address': ({ organizationId }: { organizationId: string }) =>
      ofSandboxes(sandboxAddress(organizationId)),
    'deploy-worker.v1.clusters.probe': ({ cluster }: { cluster: { server: string } }) =>
      reply({
        uid: 'uid-of-one-machine',
        version: 'v1.36.3',
        nodes: 3,
        missing: cluster.server.includes('limited') ? ['create rolebindings in namespaces'] : [],
      }),
    'deploy-worker.v1.clusters.token': (input: (typeof asked)[number]) => {
      asked.push(input);
      return reply({ token: 'kube-token-canary', expiresAt: '2026-11-24T12:10:00.000Z' });
    },
  };
  platform = await openTestPlatform(own, queue, answers);
  await platform.found(org, 'acme', { ada: 'owner', grace: 'editor', eve: 'viewer' });
  await platform.found('org-2', 'other', { mallory: 'owner' });
};
beforeEach(async () => {
  hasSandboxes = false;
  await open();
});
afterEach(async () => {
  await platform.close();
  await queue.close();
});

const ada = (more = {}) => platform.person('ada', org, more);
const register = (name: string, more = {}, context = ada()) =>
  platform.ask(
    registerClusterRequest,
    { org: context.organizationId ?? '', name, manifest: registration(name, more) },
    context,
  );
const apply = (name: string, context = ada(), more = {}) =>
  platform.ask(applyApplicationRequest, { org, name, manifest: image(name, '1', {}, more) }, context);
const applyProfile = (name: string, more = {}, context = ada()) =>
  platform.ask(applyProfileRequest, { org, name, manifest: profile(name, more) }, context);

describe('clusters', () => {
  it('are registered, report missing permissions, and do not change when registered again', async () => {
    expect(await register('dev')).toMatchObject({
      ok: true,
      value: {
        outcome: 'created',
        cluster: { state: 'READY', version: 'v1.36.3', nodes: 3, type: 'registered', provider: 'aws' },
      },
      meta: { created: true },
    });
    expect(await register('dev')).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
    expect(await register('dev', { server: 'https://limited.acme.dev' })).toMatchObject({
      ok: true,
      value: {
        outcome: 'configured',
        cluster: { state: 'LIMITED', reason: 'cannot create rolebindings in namespaces' },
      },
    });
  });

  it('E21: belong to one organization per physical cluster', async () => {
    await register('dev');
    const mallory = platform.person('mallory', 'org-2');
    expect(await register('mine', { server: 'https://10.0.0.1:6443' }, mallory)).toMatchObject({
      ok: false,
      error: { code: 'deployments/cluster-taken', kind: 'conflict' },
    });
    await platform.settled();
    expect(await platform.ask(listClustersRequest, { org: 'org-2' }, mallory)).toMatchObject({ value: { items: [] } });
    expect(await platform.ask(deleteClusterRequest, { org, name: 'dev' }, ada())).toMatchObject({ ok: true });
    expect(await register('mine', { server: 'https://10.0.0.1:6443' }, mallory)).toMatchObject({ ok: true });
  });

  it('E9, E10: reject unsupported credentials', async () => {
    for (const [more, code] of [
      [{ server: 'http://k8s.acme.dev' }, 'deployments/server-invalid'],
      [{ server: 'https://ada:secret@k8s.acme.dev' }, 'deployments/server-invalid'],
      [{ token: undefined }, 'deployments/credential-missing'],
      [{ 'insecure-skip-tls-verify': true }, 'deployments/manifest-invalid'],
      [{ exec: { command: 'sh' } }, 'deployments/manifest-invalid'],
      [{ certificateAuthorityData: 'bm8gcGVt' }, 'deployments/manifest-invalid'],
    ] as const) {
      expect(await register('dev', more)).toMatchObject({ ok: false, error: { code, kind: 'invalid' } });
    }
    expect(await platform.engines.events()).not.toContainEqual(
      expect.objectContaining({ type: 'catalog.name-claimed.v1' }),
    );
  });

  it('change their policy key by key, and enforce it for applications', async () => {
    await register('dev');
    await applyProfile('staging');
    expect(
      await platform.ask(setClusterPolicyRequest, { org, name: 'dev', namespaces: ['team-*'] }, ada()),
    ).toMatchObject({
      ok: true,
      value: { namespaces: ['team-*'], podSecurity: 'baseline' },
    });
    expect(await apply('web')).toMatchObject({
      ok: false,
      error: {
        code: 'deployments/namespace-not-allowed',
        fix: "astroctl clusters policy set dev --namespaces 'team-*,acme-web'",
      },
    });
    expect(await apply('web', ada(), { namespace: 'team-web' })).toMatchObject({ ok: true });
  });

  it('K8.6-38: cannot be deleted while a profile uses them, nor can a profile while an application uses it', async () => {
    await register('dev');
    await applyProfile('staging');
    await apply('web');
    expect(await platform.ask(deleteClusterRequest, { org, name: 'dev' }, ada())).toMatchObject({
      error: { code: 'deployments/cluster-in-use', kind: 'conflict' },
    });
    expect(await platform.ask(deleteProfileRequest, { org, name: 'staging' }, ada())).toMatchObject({
      error: { code: 'deployments/profile-in-use', detail: 'profile/staging is used by application/web.' },
    });
    const worker = new FakeWorker(platform, queue);
    await worker.deploy();
    await platform.ask(deleteApplicationRequest, { org, name: 'web' }, ada());
    await worker.deploy();
    expect(await platform.ask(deleteProfileRequest, { org, name: 'staging' }, ada())).toMatchObject({ ok: true });
    expect(await platform.ask(deleteClusterRequest, { org, name: 'dev' }, ada())).toMatchObject({ ok: true });
    expect(await applyProfile('staging')).toMatchObject({
      ok: false,
      error: { code: 'deployments/cluster-not-found', kind: 'invalid' },
    });
  });

  it('cannot be changed in a profile that is used; an editor changes only its defaults', async () => {
    await register('dev');
    await register('two');
    await applyProfile('staging');
    expect(await applyProfile('staging', { clusterName: 'two' })).toMatchObject({
      ok: true,
      value: { outcome: 'configured' },
    });
    await applyProfile('staging');
    await apply('web');
    expect(await applyProfile('staging', { clusterName: 'two' })).toMatchObject({
      ok: false,
      error: { code: 'deployments/profile-target-fixed' },
    });
    const grace = () => platform.person('grace', org);
    expect(await applyProfile('staging', { defaults: { port: 3_000 } }, grace())).toMatchObject({
      ok: true,
      value: { outcome: 'configured', profile: { settings: ['defaults.port'], revision: 4 } },
    });
    expect(
      await applyProfile('staging', { availabilityTier: 'premium', defaults: { port: 3_000 } }, grace()),
    ).toMatchObject({
      ok: false,
      error: { code: 'access/profile-defaults-only', kind: 'forbidden' },
    });
    expect(await applyProfile('new', {}, grace())).toMatchObject({ ok: false, error: { kind: 'forbidden' } });
    expect(await applyProfile('staging', { availabilityTier: 'gold' })).toMatchObject({
      ok: false,
      error: { kind: 'invalid' },
    });
  });

  it('A11: reject unknown members of a profile', async () => {
    await register('dev');
    for (const member of ['role', 'orgId', 'plan', 'createdBy', 'isGlobalAdmin']) {
      expect(await applyProfile('staging', { [member]: 'x' })).toMatchObject({
        ok: false,
        error: { code: 'deployments/manifest-invalid', errors: [{ pointer: `/${member}` }] },
      });
    }
  });

  it('provide kubeconfigs by role, and record an event for each', async () => {
    await register('dev');
    await applyProfile('staging');
    await applyProfile('production', { protected: true });
    await apply('web');
    await apply('shop', ada(), { profileName: 'production' });
    await platform.settled();
    for (const who of ['ada', 'grace', 'eve'])
      expect(
        await platform.ask(clusterKubeconfigRequest, { org, name: 'dev' }, platform.person(who, org)),
      ).toMatchObject({
        ok: true,
        value: { token: 'kube-token-canary', clusterName: 'dev' },
      });
    expect(asked).toMatchObject([
      { access: 'cluster', namespaces: [] },
      { access: 'edit', namespaces: ['acme-web'], viewNamespaces: ['acme-shop'] },
      { access: 'view', namespaces: ['acme-shop', 'acme-web'] },
    ]);
    const issued = (await platform.engines.events()).filter(({ type }) => type === 'cluster.kubeconfig-issued.v1');
    expect(issued.map(({ data }) => data)).toMatchObject([
      { memberId: 'ada', access: 'cluster' },
      { memberId: 'grace', access: 'edit' },
      { memberId: 'eve', access: 'view' },
    ]);
  });

  it('E13: make applications UNKNOWN when unreachable for 60 s, until the next report', async () => {
    await register('dev');
    await applyProfile('staging');
    await apply('web');
    await new FakeWorker(platform, queue).deploy();
    await platform.settled();
    const sweep = () => platform.app.get(MissedHeartbeatsSweep, { strict: false }).run(new AbortController().signal);
    const status = async () => {
      await platform.settled();
      const response = await platform.ask(getApplicationRequest, { org, name: 'web' }, ada());
      return response.ok ? response.value.status : response.error.code;
    };
    await sweep();
    platform.clock.shift(59_000);
    await sweep();
    expect(await status()).toBe('RUNNING');
    platform.clock.shift(61_000);
    await sweep();
    expect(await status()).toBe('UNKNOWN');
    const [id = ''] = (await platform.engines.events())
      .filter(({ type }) => type === 'cluster.registered.v1')
      .map(({ stream }) => stream.slice('cluster-'.length));
    await platform.ask(
      reportClusterRequest,
      { organizationId: org, clusterId: id, state: 'READY', reason: null, version: 'v1.36.3', nodes: 3 },
      platform.service('deploy-worker'),
    );
    expect(await status()).toBe('RUNNING');
    expect(await platform.ask(getClusterRequest, { org, name: 'dev' }, ada())).toMatchObject({
      value: { state: 'READY', reason: null, apps: 1 },
    });
  });
});

describe('the events of a cluster', () => {
  const eve = () => platform.person('eve', org);
  const eventsOf = async (more = {}, first?: number) =>
    (await platform.read(clusterEventsRequest, { org, name: 'dev', ...more }, eve(), first)).map(
      ({ state, by, message, position }) => ({ state, by, message, position }),
    );
  const report = async (state: 'READY' | 'UNAUTHORIZED', reason: string | null) => {
    const found = await platform.ask(getClusterRequest, { org, name: 'dev' }, ada());
    if (!found.ok) throw new Error(found.error.code);
    const more = { organizationId: org, clusterId: found.value.id, version: 'v1.36.3', nodes: 3 };
    await platform.ask(reportClusterRequest, { ...more, state, reason }, platform.service('deploy-worker'));
  };
  const EVENTS = [
    ['READY', 'ada@acme.dev', 'registered: Kubernetes v1.36.3, 3 nodes'],
    ['UNAUTHORIZED', 'platform', 'rejects the token'],
    ['UNAUTHORIZED', 'ada@acme.dev', 'policy changed'],
    ['READY', 'platform', 'Kubernetes v1.36.3, 3 nodes'],
  ];
  const given = async () => {
    await register('dev');
    await report('UNAUTHORIZED', 'rejects the token');
    await platform.ask(setClusterPolicyRequest, { org, name: 'dev', podSecurity: 'privileged' }, ada());
    await report('READY', null);
  };

  it('are its registration, settings, and states, for everybody who may read it, without the access of members', async () => {
    await given();
    await platform.ask(clusterKubeconfigRequest, { org, name: 'dev' }, ada());
    expect((await eventsOf()).map(({ state, by, message }) => [state, by, message])).toEqual(EVENTS);
    expect(JSON.stringify(await eventsOf())).not.toContain('canary');
  });

  it('are read in pages, and continue after a position', async () => {
    await given();
    const first = await eventsOf({ limit: 2 });
    const rest = await eventsOf({ limit: 10, after: first.at(-1)?.position });
    expect([...first, ...rest].map(({ message }) => message)).toEqual(EVENTS.map(([, , message]) => message));
    expect(first).toHaveLength(2);
    await expect(eventsOf({ after: `otherstore.${'0'.repeat(20)}` })).rejects.toMatchObject({
      error: { code: 'position/other-store' },
    });
    await expect(platform.read(clusterEventsRequest, { org, name: 'nothing' }, eve())).rejects.toMatchObject({
      error: { code: 'deployments/cluster-not-found' },
    });
  });

  it('are followed without a gap or a repetition, until the cluster is removed', async () => {
    await given();
    const known = await eventsOf({ limit: 2 });
    const followed = eventsOf({ follow: true, after: known.at(-1)?.position });
    await report('UNAUTHORIZED', 'rejects the token');
    expect(await platform.ask(deleteClusterRequest, { org, name: 'dev' }, ada())).toMatchObject({ ok: true });
    expect((await followed).map(({ state, message }) => [state, message])).toEqual([
      ['UNAUTHORIZED', 'policy changed'],
      ['READY', 'Kubernetes v1.36.3, 3 nodes'],
      ['UNAUTHORIZED', 'rejects the token'],
      ['DELETING', 'removed'],
    ]);
  });
});

describe('the events of all clusters of an organization', () => {
  const eve = () => platform.person('eve', org);
  const eventsOf = async (more = {}, first?: number) =>
    (await platform.read(allClusterEventsRequest, { org, ...more }, eve(), first)).map(
      ({ cluster, message, position }) => ({ is: `${cluster}: ${message}`, position }),
    );
  const policy = (name: string) =>
    platform.ask(setClusterPolicyRequest, { org, name, podSecurity: 'privileged' }, ada());
  const isOf = (events: readonly { readonly is: string }[]) => events.map(({ is }) => is);

  it('are in the order of the log, in pages', async () => {
    await register('dev');
    await register('eu-prod');
    await policy('dev');
    await policy('eu-prod');
    const all = ['dev: registered: ', 'eu-prod: registered: ', 'dev: policy changed', 'eu-prod: policy changed'];
    expect(isOf(await eventsOf())).toEqual(all.map((start) => expect.stringContaining(start)));
    const first = await eventsOf({ limit: 3 });
    const rest = await eventsOf({ limit: 3, after: first.at(-1)?.position });
    expect([first.length, rest.length]).toEqual([3, 1]);
    expect(isOf([...first, ...rest])).toEqual(isOf(await eventsOf()));
  });

  it('are followed beyond the removal of a cluster, with those of a cluster that is registered in the meantime', async () => {
    await register('dev');
    const known = await eventsOf();
    const followed = eventsOf({ follow: true, after: known.at(-1)?.position }, 4);
    await policy('dev');
    expect(await platform.ask(deleteClusterRequest, { org, name: 'dev' }, ada())).toMatchObject({ ok: true });
    await register('eu-prod');
    await policy('eu-prod');
    expect(isOf(await followed)).toEqual([
      'dev: policy changed',
      'dev: removed',
      expect.stringContaining('eu-prod: registered: '),
      'eu-prod: policy changed',
    ]);
  });

  it('are none of other organizations', async () => {
    await register('dev');
    const others = await platform.read(allClusterEventsRequest, { org: 'org-2' }, platform.person('mallory', 'org-2'));
    expect(others).toEqual([]);
  });
});

describe('the sandbox', () => {
  it('is created with a profile on first use, and is not counted in any limit', async () => {
    hasSandboxes = true;
    expect(await platform.ask(listClustersRequest, { org }, ada())).toMatchObject({
      value: { items: [{ name: 'sandbox', provider: 'sandbox', region: 'local', type: 'sandbox', state: 'READY' }] },
    });
    expect(await platform.ask(listProfilesRequest, { org }, ada())).toMatchObject({
      value: { items: [{ name: 'default', cluster: 'sandbox', tier: 'basic' }] },
    });
    expect(await register('one')).toMatchObject({ ok: true });
    expect(await register('two')).toMatchObject({ ok: true });
    expect(await register('three')).toMatchObject({ error: { code: 'billing/cluster-limit' } });
    expect(await platform.ask(deleteClusterRequest, { org, name: 'sandbox' }, ada())).toMatchObject({
      error: { code: 'deployments/sandbox-stays' },
    });
  });

  it('runs a first application that names no profile, even with nine concurrent requests', async () => {
    hasSandboxes = true;
    const spec = omit(image('web', '1').spec, 'profileName');
    const answers = await Promise.all(
      Array.from({ length: 9 }, (_, index) =>
        platform.ask(
          applyApplicationRequest,
          { org, name: `web-${index}`, manifest: { ...spec, name: `web-${index}` } },
          ada(),
        ),
      ),
    );
    expect(answers.map(({ ok }) => ok)).toEqual(Array.from({ length: 9 }, () => true));
    const worker = new FakeWorker(platform, queue);
    const item = await worker.next();
    expect((await worker.granted(item)).task.cluster).toMatchObject({
      name: 'sandbox',
      type: 'sandbox',
      ...sandboxAddress(org),
    });
    const made = (await platform.engines.events()).filter(
      ({ type }) => type === 'cluster.registered.v1' || type === 'profile.created.v1',
    );
    expect(made).toHaveLength(2);
  });
});

describe('an installation without sandboxes', () => {
  const noCluster = {
    code: 'deployments/no-cluster',
    kind: 'conflict',
    detail: 'acme has no cluster yet.',
    fix: 'register one: astroctl clusters register --cluster-name NAME; or ask platform@acme.dev',
  };

  it('reports that there is no cluster yet, how to register one, and whom to ask', async () => {
    const spec = omit(image('web', '1').spec, 'profileName');
    expect(
      await platform.ask(applyApplicationRequest, { org, name: 'web', manifest: { ...spec, name: 'web' } }, ada()),
    ).toMatchObject({ error: noCluster });
    expect(await platform.ask(listClustersRequest, { org }, ada())).toMatchObject({
      value: { items: [] },
      meta: { warnings: [`${noCluster.detail} Fix: ${noCluster.fix}`] },
    });
  });

  it('no longer reports that after a cluster was registered', async () => {
    expect(await register('dev')).toMatchObject({ ok: true });
    await platform.settled();
    const listed = await platform.ask(listClustersRequest, { org }, ada());
    expect(listed).toMatchObject({ value: { items: [{ name: 'dev' }] } });
    expect(listed.ok && listed.meta.warnings).toBeFalsy();
  });

  it('has sandboxes once a service provides them', async () => {
    expect(await platform.ask(listClustersRequest, { org }, ada())).toMatchObject({ value: { items: [] } });
    hasSandboxes = true;
    platform.clock.shift(10_000);
    expect(await platform.ask(listClustersRequest, { org }, ada())).toMatchObject({
      value: { items: [{ name: 'sandbox' }] },
    });
  });
});
