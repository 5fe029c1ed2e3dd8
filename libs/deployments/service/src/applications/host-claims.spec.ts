import { jest } from '@jest/globals';
import {
  applyApplicationRequest,
  applyProfileRequest,
  deleteApplicationRequest,
  registerClusterRequest,
  rollbackRequest,
} from '#deployments/contract';
import { specify } from '#testing';
import type { Actor } from '#kernel';
import { hostsDecider, hostsStream, type HostsEvent } from '../clusters/hosts.decider.ts';
import { image, profile, registration } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { ApplicationChangesReactor } from './application-changes.reactor.ts';
import { HostClaims } from './host-claims.service.ts';
import { HostClaimsReactor } from './host-claims.reactor.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };

describe('use-S9: hosts of a cluster', () => {
  const { given } = specify(hostsDecider);
  const claimed = (applicationId: string, revision: number, ...hosts: string[]): HostsEvent => ({
    type: 'hosts.claimed.v1',
    data: { organizationId: 'o1', applicationId, revision, hosts },
  });
  const claim = (applicationId: string, revision: number, ...hosts: string[]) =>
    ({ type: 'claim', organizationId: 'o1', applicationId, revision, hosts }) as const;

  it('belong to one application', () => {
    given()
      .when(claim('a1', 1, 'a.dev'), ada)
      .thenRecorded(claimed('a1', 1, 'a.dev'));
    given(claimed('a1', 1, 'a.dev'))
      .when(claim('a1', 1, 'a.dev'), ada)
      .thenNothingRecorded();
    given(claimed('a1', 1, 'a.dev'))
      .when(claim('a2', 1, 'b.dev', 'a.dev'), ada)
      .thenRejected({ code: 'deployments/host-taken', kind: 'conflict' });
  });

  it.each([
    ['*.acme.dev', 'shop.acme.dev'],
    ['shop.acme.dev', '*.acme.dev'],
    ['*.acme.dev', 'a.b.acme.dev'],
    ['*.acme.dev', '*.shop.acme.dev'],
    ['*.shop.acme.dev', '*.acme.dev'],
  ])('overlap: %s and %s', (first, second) =>
    given(claimed('a1', 1, first))
      .when(claim('a2', 1, second), ada)
      .thenRejected({ code: 'deployments/host-taken' }),
  );

  it.each([
    ['*.acme.dev', 'acme.dev'],
    ['*.acme.dev', 'shop-acme.dev'],
    ['shop.acme.dev', '*.op.acme.dev'],
  ])('do not overlap: %s and %s', (first, second) =>
    given(claimed('a1', 1, first))
      .when(claim('a2', 1, second), ada)
      .thenRecorded(claimed('a2', 1, second)),
  );

  it('are released when no longer used, except those of a later revision', () => {
    const history = [claimed('a1', 1, 'a.dev', 'b.dev'), claimed('a1', 3, 'c.dev'), claimed('a2', 1, 'd.dev')];
    given(...history)
      .when({ type: 'retain', applicationId: 'a1', hosts: ['b.dev'], upTo: 2 }, ada)
      .thenRecorded({ type: 'hosts.released.v1', data: { applicationId: 'a1', hosts: ['a.dev'] } });
    given(...history)
      .when({ type: 'retain', applicationId: 'a2', hosts: ['d.dev'] }, ada)
      .thenNothingRecorded();
  });
});

describe('use-S9: the claim of a host', () => {
  const acme = givenPlatform({ members: { ada: 'owner', eve: 'editor' } });
  const uid = 'uid-of-k8s.acme.dev:6443';
  const at = (name: string, hostname: string, tag = '1') => image(name, tag, {}, { externalAccess: { hostname } });
  const inline = (name: string, manifests: string) => ({
    ...image(name, '1'),
    spec: { name, profileName: 'staging', source: { type: 'yaml', yaml: { manifests } } },
  });
  const route = (...hostnames: string[]) =>
    JSON.stringify({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'web' },
      spec: { hostnames },
    });
  const held = async () => {
    const loaded = await acme.platform.engines.commands.load(hostsDecider, hostsStream(uid));
    if (!loaded.ok) throw new Error(loaded.error.code);
    return [...loaded.value.state.keys()].toSorted();
  };

  it('is rejected before anything is recorded if another application has the host', async () => {
    expect(await acme.apply('shop', at('shop', 'www.acme.dev'))).toMatchObject({ ok: true });
    const before = (await acme.platform.engines.events()).length;
    for (const second of [at('web', 'www.acme.dev'), inline('web', route('api.acme.dev', 'WWW.acme.dev'))])
      expect(await acme.apply('web', second)).toMatchObject({
        ok: false,
        error: {
          code: 'deployments/host-taken',
          kind: 'conflict',
          detail: 'Host www.acme.dev belongs to application/shop on cluster dev.',
        },
      });
    expect(await acme.platform.engines.events()).toHaveLength(before);
    const dry = await acme.apply('web', at('web', 'www.acme.dev'), acme.by('ada', { dryRun: true }));
    expect(dry).toMatchObject({ ok: false, error: { code: 'deployments/host-taken' } });
  });

  it('is checked once in a dry run', async () => {
    await acme.apply('shop', at('shop', 'www.acme.dev'));
    const check = jest.spyOn(acme.platform.app.get(HostClaims, { strict: false }), 'check');
    for (const name of ['shop', 'web']) {
      const dry = await acme.apply(name, at(name, `${name}.acme.dev`), acme.by('ada', { dryRun: true }));
      expect(dry).toMatchObject({ ok: true });
      expect(check).toHaveBeenCalledTimes(1);
      check.mockClear();
    }
  });

  it('succeeds for exactly one of many concurrent requests', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const answers = await Promise.all(names.map((name) => acme.apply(name, at(name, 'www.acme.dev'))));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const response of answers) if (!response.ok) expect(response.error.code).toBe('deployments/host-taken');
    expect(await held()).toEqual(['www.acme.dev']);
  });

  it('does not reveal the owner to another organization', async () => {
    expect(await acme.apply('shop', at('shop', 'www.acme.dev'))).toMatchObject({ ok: true });
    const { commands, request } = acme.platform.engines;
    const claim = {
      type: 'claim',
      organizationId: 'org-2',
      applicationId: 'theirs',
      revision: 1,
      hosts: ['api.acme.dev'],
    } as const;
    await commands.run(hostsDecider, hostsStream(uid), claim, request({ kind: 'service', service: 'deployments' }));
    expect(await acme.apply('api', at('api', 'api.acme.dev'))).toMatchObject({
      ok: false,
      error: { detail: 'Host api.acme.dev belongs to another application on cluster dev.' },
    });
  });

  it('keeps both hosts of a change until it is deployed, then releases the old one', async () => {
    await acme.apply('shop', at('shop', 'old.acme.dev'));
    const first = await acme.worker.next();
    await acme.worker.succeed(first, (await acme.worker.granted(first)).claim, [], { hosts: ['old.acme.dev'] });
    await acme.apply('shop', at('shop', 'new.acme.dev'));
    expect(await held()).toEqual(['new.acme.dev', 'old.acme.dev']);
    expect(await acme.apply('web', at('web', 'old.acme.dev'))).toMatchObject({ ok: false });
    const second = await acme.worker.next();
    await acme.worker.succeed(second, (await acme.worker.granted(second)).claim, [], { hosts: ['new.acme.dev'] });
    expect(await held()).toEqual(['new.acme.dev']);
    expect(await acme.apply('web', at('web', 'old.acme.dev'))).toMatchObject({ ok: true });
    const back = await acme.platform.ask(rollbackRequest, { org: ORG, name: 'shop' }, acme.by('ada'));
    expect(back).toMatchObject({
      ok: false,
      error: { detail: 'Host old.acme.dev belongs to application/web on cluster dev.' },
    });
  });

  it('includes the hosts that the worker finds in rendered objects, before they are written', async () => {
    await acme.apply('shop', at('shop', 'www.acme.dev'));
    await acme.apply('web');
    await acme.worker.next();
    const item = await acme.worker.next();
    const { claim } = await acme.worker.granted(item);
    const step = { step: 'rendered', objects: 1, digest: 'd1' };
    expect(await acme.worker.report(item, claim, { ...step, hosts: ['www.acme.dev'] })).toMatchObject({
      ok: false,
      error: { code: 'deployments/host-taken' },
    });
    expect(await acme.worker.report(item, claim, { ...step, hosts: ['web.acme.dev'] })).toMatchObject({ ok: true });
    expect(await held()).toEqual(['web.acme.dev', 'www.acme.dev']);
  });

  it('is released when a change is rejected', async () => {
    await acme.apply('shop', at('shop', 'old.acme.dev'));
    const commands = acme.platform.engines.commands;
    const claim = { type: 'claim', organizationId: ORG, revision: 2, hosts: ['lost.acme.dev'] } as const;
    const [shop] = [...(await hostsOfApplications())];
    await commands.run(hostsDecider, hostsStream(uid), { ...claim, applicationId: shop ?? '' }, acme.by('ada'));
    expect(await held()).toEqual(['lost.acme.dev', 'old.acme.dev']);
    await acme.platform.resumed(ApplicationChangesReactor);
    expect(await held()).toEqual(['old.acme.dev']);
  });

  const hostsOfApplications = async () => {
    const loaded = await acme.platform.engines.commands.load(hostsDecider, hostsStream(uid));
    return new Set(loaded.ok ? [...loaded.value.state.values()].map(({ applicationId }) => applicationId) : []);
  };

  it.each([false, true])('is released after a deletion, with orphan: %s', async (orphan) => {
    await acme.apply('shop', at('shop', 'www.acme.dev'));
    await acme.worker.deploy();
    await acme.platform.ask(deleteApplicationRequest, { org: ORG, name: 'shop', orphan }, acme.by('ada'));
    await acme.worker.deploy();
    expect(await held()).toEqual([]);
    expect(await acme.apply('web', at('web', 'www.acme.dev'))).toMatchObject({ ok: true });
  });

  it('is made for an application that an earlier release deployed', async () => {
    await acme.apply('shop', at('shop', 'www.acme.dev'));
    const item = await acme.worker.deploy();
    const forget = { type: 'retain', applicationId: item.applicationId, hosts: [] } as const;
    await acme.platform.engines.commands.run(hostsDecider, hostsStream(uid), forget, acme.by('ada'));
    expect(await held()).toEqual([]);
    await acme.platform.resumed(HostClaimsReactor);
    expect(await held()).toEqual(['www.acme.dev']);
  });

  it('does not affect the same host on another cluster', async () => {
    const other = registration('other', { server: 'https://other.acme.dev:6443' });
    await acme.platform.ask(registerClusterRequest, { org: ORG, name: 'other', manifest: other }, acme.by('ada'));
    const manifest = profile('elsewhere', { clusterName: 'other' });
    await acme.platform.ask(applyProfileRequest, { org: ORG, name: 'elsewhere', manifest }, acme.by('ada'));
    await acme.apply('shop', at('shop', 'www.acme.dev'));
    const there = image('web', '1', {}, { externalAccess: { hostname: 'www.acme.dev' }, profileName: 'elsewhere' });
    const applied = { org: ORG, name: 'web', manifest: there };
    expect(await acme.platform.ask(applyApplicationRequest, applied, acme.by('ada'))).toMatchObject({ ok: true });
  });

  it('passes to the worker whether an admin, who may bind cluster-wide roles, requested the revision', async () => {
    await acme.apply('shop', image('shop', '1'), acme.by('eve'));
    const item = await acme.worker.next();
    const { claim, task } = await acme.worker.granted(item);
    expect(task.byAdmin).toBeUndefined();
    await acme.worker.succeed(item, claim);
    await acme.apply('shop', image('shop', '2'), acme.by('ada'));
    expect((await acme.worker.granted(await acme.worker.next())).task.byAdmin).toBe(true);
  });

  it('lets an admin apply a revision again that failed for an editor', async () => {
    await acme.apply('shop', image('shop', '1'), acme.by('eve'));
    const item = await acme.worker.next();
    await acme.worker.fail(item, (await acme.worker.granted(item)).claim, { code: 'deployments/role-not-allowed' });
    expect(await acme.apply('shop', image('shop', '1'), acme.by('eve'))).toMatchObject({
      value: { outcome: 'synced' },
    });
    const again = await acme.worker.next();
    await acme.worker.fail(again, (await acme.worker.granted(again)).claim);
    expect(await acme.apply('shop', image('shop', '1'), acme.by('ada'))).toMatchObject({
      value: { outcome: 'configured' },
    });
  });
});
