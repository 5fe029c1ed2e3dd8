import { reply, refuse } from '#bus';
import {
  applyApplicationRequest,
  applyProfileRequest,
  clusterAccessRequest,
  clusterKubeconfigRequest,
  deleteClusterRequest,
  registerClusterRequest,
  reviewAccessRequest,
} from '#deployments/contract';
import { domainError, silentLogger, type Fact, type Position } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';
import type { ClusterRegistration } from '../catalog/beginnings.ts';
import { AccessEndsSweep } from './access-ends.sweep.ts';
import { clusterEvents, type ClusterEvent } from './cluster.events.ts';

let platform: TestPlatform;
let queue: WorkQueue;
/** Requests to the cluster, in order, such as `token grace edit` or `end grace`. */
let asked: string[];
let isDown: boolean;
/** Runs while the cluster creates a token. */
let whileIssuing: () => Promise<void>;
const org = 'org-1';
const folder = temporaryFolder();
let opened = 0;

const DOWN = refuse(domainError('deployments/cluster-unreachable', 'unavailable', 'The cluster does not answer.'));

beforeEach(async () => {
  const own = `${folder}/${opened++}`;
  asked = [];
  isDown = false;
  whileIssuing = () => Promise.resolve();
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(own, queue, {
    'deploy-worker.v1.clusters.token': async ({ memberId, access }: { memberId: string; access: string }) => {
      if (isDown) return DOWN;
      await whileIssuing();
      asked.push(`token ${memberId} ${access}`);
      return reply({ token: 'kube-token-canary', expiresAt: '2026-11-24T12:10:00.000Z' });
    },
    'deploy-worker.v1.clusters.end-access': ({ memberId }: { memberId: string }) => {
      if (isDown) return DOWN;
      asked.push(`end ${memberId}`);
      return reply({});
    },
  });
  await platform.found(org, 'acme', { ada: 'owner', linus: 'admin', grace: 'editor', eve: 'viewer' });
  const ada = () => platform.person('ada', org);
  await done(platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada()));
  await done(platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada()));
  await done(platform.ask(applyApplicationRequest, { org, name: 'web', manifest: image('web', '1') }, ada()));
});
afterEach(async () => {
  await platform.close();
  await queue.close();
});

async function done(response: Promise<{ readonly ok: boolean }>): Promise<void> {
  const { ok, ...rest } = await response;
  if (!ok) throw new Error(JSON.stringify(rest));
}
const kubeconfig = (who: string, more = {}) =>
  platform.ask(clusterKubeconfigRequest, { org, name: 'dev' }, platform.person(who, org, more));
const facts = (...all: Fact[]): Promise<Position> => platform.organizationFacts(org, 'ada', ...all);
const removed = (memberId: string) => facts({ type: 'organization.member-removed.v1', data: { memberId } });
const demoted = (memberId: string, role: string) =>
  facts({ type: 'organization.member-role-changed.v1', data: { memberId, role } });
/** Sends the request that organizations sends before it responds. */
const review = (memberId: string, position: Position) =>
  platform.ask(reviewAccessRequest, { organizationId: org, memberId, position }, platform.service('organizations'));
async function access(): Promise<unknown> {
  await platform.settled();
  const response = await platform.ask(clusterAccessRequest, { org, name: 'dev' }, platform.person('ada', org));
  return response.ok
    ? response.value.items.map(({ id, access: level, state, code }) => [id, level, state, code])
    : response;
}
/** The event with the registration of the cluster. */
async function registered(): Promise<{ readonly stream: string; readonly data: unknown }> {
  const event = (await platform.engines.events()).find(({ type }) => type === 'cluster.registered.v1');
  if (!event) throw new Error('no cluster was registered');
  return event;
}
/** Records an event of the cluster without its decider, as an earlier release did. */
async function recorded(fact: ClusterEvent): Promise<void> {
  await platform.settled();
  const { stream } = await registered();
  const decider = {
    events: clusterEvents,
    initialState: 0,
    evolve: (count: number) => count + 1,
    decide: () => ({ ok: true, value: [fact] }) as const,
  };
  await done(platform.engines.commands.run(decider, stream, {}, platform.person('ada', org)));
}
const types = async () =>
  (await platform.engines.events()).map(({ type }) => type).filter((type) => type.startsWith('cluster.access'));
const sweep = () => platform.app.get(AccessEndsSweep, { strict: false }).run(new AbortController().signal);

describe('use-S2: access to clusters', () => {
  it('ends on all clusters before the end of a membership returns', async () => {
    const other = registration('other', { server: 'https://other.acme.dev:6443' });
    await done(
      platform.ask(registerClusterRequest, { org, name: 'other', manifest: other }, platform.person('ada', org)),
    );
    await done(kubeconfig('linus'));
    await done(platform.ask(clusterKubeconfigRequest, { org, name: 'other' }, platform.person('linus', org)));
    await done(kubeconfig('eve'));
    expect(await review('linus', await removed('linus'))).toMatchObject({ ok: true, value: { pending: [] } });
    expect(asked.filter((what) => what === 'end linus').length).toBeGreaterThanOrEqual(2);
    expect(asked).not.toContain('end eve');
    expect(await access()).toEqual([['eve', 'view', 'ACTIVE', null]]);
    expect(await kubeconfig('linus')).toMatchObject({ ok: false, error: { kind: 'not-found' } });
  });

  it('ends when the role no longer grants it, and is granted again by the new role', async () => {
    await done(kubeconfig('grace'));
    await review('grace', await demoted('grace', 'admin'));
    expect(asked).toEqual(['token grace edit']);
    await review('grace', await demoted('grace', 'viewer'));
    expect(asked).toContain('end grace');
    asked = [];
    await done(kubeconfig('grace'));
    expect(asked).toEqual(['token grace view']);
    expect(await access()).toEqual([['grace', 'view', 'ACTIVE', null]]);
  });

  it('ends after the events of the organization, and with the sweep if they were missed', async () => {
    await done(kubeconfig('linus'));
    await removed('linus');
    await eventually(async () => expect(await access()).toEqual([]));
    expect(await types()).toEqual(['cluster.access-granted.v1', 'cluster.access-ending.v1', 'cluster.access-ended.v1']);

    await done(kubeconfig('grace'));
    await facts({ type: 'organization.deleted.v1', data: {} });
    await eventually(async () => expect((await types()).slice(-1)).toEqual(['cluster.access-ended.v1']));
    expect(asked).toContain('end grace');
  });

  it('is deleted again until the cluster responds, and is shown until then', async () => {
    await done(kubeconfig('linus'));
    isDown = true;
    expect(await review('linus', await removed('linus'))).toMatchObject({
      ok: true,
      value: { pending: [{ cluster: 'dev', code: 'deployments/cluster-unreachable' }] },
    });
    expect(await access()).toEqual([['linus', 'cluster', 'ENDING', 'deployments/cluster-unreachable']]);
    await sweep();
    await sweep();
    expect((await types()).filter((type) => type === 'cluster.access-end-failed.v1')).toHaveLength(1);
    isDown = false;
    await sweep();
    expect(asked.at(-1)).toBe('end linus');
    expect(await access()).toEqual([]);
  });

  it('is not granted while an earlier access has not ended', async () => {
    await done(kubeconfig('linus'));
    isDown = true;
    await review('linus', await demoted('linus', 'viewer'));
    expect(await kubeconfig('linus')).toMatchObject({ ok: false, error: { code: 'deployments/access-ending' } });
    isDown = false;
    await done(kubeconfig('linus'));
    expect(asked.slice(-2)).toEqual(['end linus', 'token linus view']);
  });

  it('has one level at a time: a key of a lower role uses another account than the login', async () => {
    await done(kubeconfig('linus'));
    const key = { kind: 'key', userId: 'linus', keyId: 'k1', organizationId: org, role: 'editor' } as const;
    await done(kubeconfig('linus', { principal: key }));
    await done(kubeconfig('linus'));
    expect(asked).toEqual(['token linus cluster', 'end linus', 'token linus edit', 'end linus', 'token linus cluster']);
  });

  it('follows the role in the organization, even for a global admin', async () => {
    await done(kubeconfig('eve', { actor: { id: 'eve', kind: 'person', isGlobalAdmin: true } }));
    expect(asked).toEqual(['token eve view']);
  });

  it('does not return a token when the membership ends while the cluster creates it', async () => {
    whileIssuing = async () => {
      whileIssuing = () => Promise.resolve();
      expect(await review('linus', await removed('linus'))).toMatchObject({ ok: true, value: { pending: [] } });
    };
    expect(await kubeconfig('linus')).toMatchObject({ ok: false, error: { code: 'deployments/access-ended' } });
    expect(asked.slice(-2)).toEqual(['token linus cluster', 'end linus']);
    expect(await access()).toEqual([]);
  });

  it('does not return a token when the membership ended before the grant', async () => {
    const request = platform.person('linus', org);
    await removed('linus');
    expect(await platform.ask(clusterKubeconfigRequest, { org, name: 'dev' }, request)).toMatchObject({
      ok: false,
      error: { kind: 'not-found' },
    });
    expect(asked).toEqual([]);
  });

  it('ends when the membership ends between the check of the role and the grant', async () => {
    const { eventStore } = platform.engines;
    const append = eventStore.append.bind(eventStore);
    eventStore.append = async (...args) => {
      if (!args[0].startsWith('cluster-')) return append(...args);
      Object.assign(eventStore, { append });
      await review('linus', await removed('linus'));
      return append(...args);
    };
    expect(await kubeconfig('linus')).toMatchObject({ ok: false, error: { kind: 'not-found' } });
    expect(asked.filter((what) => what.startsWith('token'))).toEqual([]);
    expect(await access()).toEqual([]);
  });

  it('ends if an earlier release granted it to people who have left since', async () => {
    await recorded({
      type: 'cluster.kubeconfig-issued.v1',
      data: { memberId: 'gone', access: 'cluster', namespaces: 0, expiresAt: '2026-11-24T12:10:00.000Z' },
    });
    expect(await access()).toEqual([['gone', 'cluster', 'ACTIVE', null]]);
    await sweep();
    expect(asked).toEqual(['end gone']);
    expect(await access()).toEqual([]);
  });

  it('E25: is at most that of an editor on the cluster that the platform runs in; a wider one ends', async () => {
    await done(kubeconfig('ada'));
    const { data } = await registered();
    await recorded({
      type: 'cluster.changed.v1',
      data: { ...(data as ClusterRegistration), server: 'https://kubernetes.default.svc' },
    });
    await access();
    await sweep();
    await done(kubeconfig('ada'));
    expect(asked).toEqual(['token ada cluster', 'end ada', 'token ada edit']);
  });

  it('ends with the registration of its cluster, with a warning about accounts that are left', async () => {
    const other = registration('other', { server: 'https://other.acme.dev:6443' });
    const ada = () => platform.person('ada', org);
    const onOther = () => platform.ask(clusterKubeconfigRequest, { org, name: 'other' }, ada());
    const remove = () => platform.ask(deleteClusterRequest, { org, name: 'other' }, ada());
    await done(platform.ask(registerClusterRequest, { org, name: 'other', manifest: other }, ada()));
    await eventually(async () => done(onOther())); // its state follows the registration
    expect(await remove()).toMatchObject({ ok: true, meta: { position: expect.any(String) } });
    expect(asked.at(-1)).toBe('end ada');
    await done(platform.ask(registerClusterRequest, { org, name: 'other', manifest: other }, ada()));
    await eventually(async () => done(onOther())); // its state follows the registration
    isDown = true;
    expect(await remove()).toMatchObject({ ok: true, meta: { warnings: [expect.stringContaining('1 account')] } });
  });
});
