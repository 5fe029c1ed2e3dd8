import type { Actor } from '#kernel';
import { specify } from '#testing';
import type { WholePolicy } from '../catalog/beginnings.ts';
import { profileDecider } from '../profiles/profile.decider.ts';
import type { ProfileEvent } from '../profiles/profile.events.ts';
import { aProfile, aRegistration } from '../testing/facts.ts';
import { clusterNameDecider } from './cluster-name.decider.ts';
import { clusterDecider, type IngressChange } from './cluster.decider.ts';
import type { ClusterEvent } from './cluster.events.ts';
import { defaultNamespace, namespacesDecider, type NamespacesEvent } from './namespaces.decider.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };

describe('namespaces of a physical cluster', () => {
  const { given } = specify(namespacesDecider);
  const claimed = (namespace: string, organizationId: string, applicationId: string): NamespacesEvent => ({
    type: 'namespace.claimed.v1',
    data: { namespace, organizationId, applicationId },
  });
  const claim = {
    type: 'claim',
    namespace: 'acme-dev-web',
    organizationId: 'o1',
    applicationId: 'a1',
    named: false,
  } as const;
  it('are claimed once by each application', () => {
    given()
      .when(claim, ada)
      .thenRecorded(claimed('acme-dev-web', 'o1', 'a1'));
    given(claimed('acme-dev-web', 'o1', 'a1'))
      .when(claim, ada)
      .thenNothingRecorded();
  });
  it('are shared within an organization only if they are named', () => {
    given(claimed('acme-dev-web', 'o1', 'a0'))
      .when({ ...claim, named: true }, ada)
      .thenRecorded(claimed('acme-dev-web', 'o1', 'a1'));
    given(claimed('acme-dev-web', 'o1', 'a0'))
      .when(claim, ada)
      .thenRejected({ code: 'deployments/namespace-not-allowed', kind: 'invalid' });
  });
  it('use-S1: are shared only with applications whose protection was looked up', () => {
    const look = { ...claim, named: true, sharers: ['a0'] };
    given(claimed('acme-dev-web', 'o1', 'a0'))
      .when(look, ada)
      .thenRecorded(claimed('acme-dev-web', 'o1', 'a1'));
    given(claimed('acme-dev-web', 'o1', 'a0'), claimed('acme-dev-web', 'o1', 'a2'))
      .when(look, ada)
      .thenRejected({ code: 'deployments/contended' });
  });
  it('E20: are never shared between organizations', () =>
    given(claimed('acme-dev-web', 'o2', 'a0'))
      .when({ ...claim, named: true }, ada)
      .thenRejected({ code: 'deployments/namespace-not-allowed', kind: 'invalid' }));
  it('are available after their last application released them', () => {
    const left: NamespacesEvent = {
      type: 'namespace.released.v1',
      data: { namespace: 'acme-dev-web', applicationId: 'a0' },
    };
    given(claimed('acme-dev-web', 'o2', 'a0'), left)
      .when(claim, ada)
      .thenRecorded(claimed('acme-dev-web', 'o1', 'a1'));
    given(claimed('acme-dev-web', 'o1', 'a0'), left)
      .when({ type: 'release', namespace: 'acme-dev-web', applicationId: 'a0' }, ada)
      .thenNothingRecorded();
  });
  it('get a suffix of five characters if the default is taken, and have at most 63 characters', () => {
    const taken = new Map([['acme-web', { organizationId: 'o2', applications: ['a0'] }]]);
    expect(defaultNamespace('acme', 'web', '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02', taken)).toBe('acme-web-d9c02');
    expect(defaultNamespace('acme', 'api', 'a1', taken)).toBe('acme-api');
    const long = `${'s'.repeat(20)}-${'n'.repeat(38)}`;
    expect(
      defaultNamespace(
        's'.repeat(20),
        'n'.repeat(38),
        '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02',
        new Map([[long, { organizationId: 'o2', applications: ['a0'] }]]),
      ).length,
    ).toBeLessThanOrEqual(63);
  });
});

describe('a physical cluster', () => {
  const { given } = specify(clusterNameDecider);
  const claim = { type: 'claim', organizationId: 'o1', clusterId: 'c1', name: 'dev' } as const;
  const claimed = { type: 'cluster-uid.claimed.v1', data: { organizationId: 'o1', clusterId: 'c1' } } as const;
  it('E21: belongs to one organization until its last registration is removed', () => {
    given().when(claim, ada).thenRecorded(claimed);
    given(claimed)
      .when({ ...claim, organizationId: 'o2', clusterId: 'c2' }, ada)
      .thenRejected({ code: 'deployments/cluster-taken', kind: 'conflict' });
    given(claimed)
      .when({ ...claim, clusterId: 'c2' }, ada)
      .thenRecorded({ type: 'cluster-uid.claimed.v1', data: { organizationId: 'o1', clusterId: 'c2' } });
    given(claimed, { type: 'cluster-uid.released.v1', data: { clusterId: 'c1' } })
      .when({ ...claim, organizationId: 'o2', clusterId: 'c2' }, ada)
      .thenRecorded({ type: 'cluster-uid.claimed.v1', data: { organizationId: 'o2', clusterId: 'c2' } });
  });
});

describe('a cluster', () => {
  const { given } = specify(clusterDecider);
  const registered: ClusterEvent = { type: 'cluster.registered.v1', data: aRegistration };
  it('records the same registration once, and rejects another physical cluster', () => {
    given().when({ type: 'register', registration: aRegistration }, ada).thenRecorded(registered);
    given(registered)
      .when(
        {
          type: 'register',
          registration: { ...aRegistration, credential: 'cluster-credential/c1/2', version: 'v1.37.0' },
        },
        ada,
      )
      .thenNothingRecorded();
    given(registered)
      .when({ type: 'register', registration: { ...aRegistration, uid: 'u2' } }, ada)
      .thenRejected({ code: 'deployments/other-cluster' });
  });
  it('use-D21: records changes of its ingress settings; absent ones do not change', () => {
    const set = (ingress: object): ClusterEvent => ({
      type: 'cluster.ingress-set.v1',
      data: { ingress: { class: null, domain: null, tls: 'none', annotations: {}, ...ingress } },
    });
    const change = (ingress: IngressChange) => ({ type: 'set-ingress', ingress }) as const;
    given(registered)
      .when(change({ class: 'nginx', annotations: { a: '1' } }), ada)
      .thenRecorded(set({ class: 'nginx', annotations: { a: '1' } }));
    const nginx = set({ class: 'nginx', annotations: { a: '1', b: '2' } });
    given(registered, nginx)
      .when(change({ class: 'nginx', annotations: { a: '1', c: null } }), ada)
      .thenNothingRecorded();
    given(registered, nginx)
      .when(change({ class: null, tls: 'issuer:letsencrypt', annotations: { a: null } }), ada)
      .thenRecorded(set({ tls: 'issuer:letsencrypt', annotations: { b: '2' } }));
    const more = Object.fromEntries(Array.from({ length: 19 }, (_, at) => [`k${at}`, '1']));
    given(registered, nginx)
      .when(change({ annotations: more }), ada)
      .thenRejected({ code: 'deployments/ingress-annotations' });
    // A new registration keeps them.
    given(registered, nginx, { type: 'cluster.changed.v1', data: aRegistration })
      .when(change({ class: 'nginx' }), ada)
      .thenNothingRecorded();
  });
  it('records changed health rules, and keeps them in a new registration', () => {
    const rules = [{ path: 'status.phase', values: ['Running'], health: 'Healthy' as const }];
    const health = { kinds: [{ group: 'acme.dev', kind: 'Database', rules }] };
    const event: ClusterEvent = { type: 'cluster.health-set.v1', data: health };
    const set = { type: 'set-health', health } as const;
    given(registered).when(set, ada).thenRecorded(event);
    given(registered, event).when(set, ada).thenNothingRecorded();
    given(registered, event, { type: 'cluster.changed.v1', data: aRegistration }).when(set, ada).thenNothingRecorded();
  });
  it('E25: records changes of the rights on the cluster of the platform only by a global admin', () => {
    const own: ClusterEvent = {
      type: 'cluster.registered.v1',
      data: { ...aRegistration, server: 'https://kubernetes.default.svc' },
    };
    const set = (policy: Partial<WholePolicy>) => ({ type: 'set-policy', policy }) as const;
    const recorded = (policy: Partial<WholePolicy>): ClusterEvent => ({
      type: 'cluster.policy-set.v1',
      data: { policy: { ...aRegistration.policy, ...policy } },
    });
    for (const policy of [{ clusterScoped: 'allow' }, { podSecurity: 'privileged' }] as const) {
      given(own).when(set(policy), ada).thenRejected({ code: 'access/forbidden', kind: 'forbidden' });
      given(own)
        .when(set(policy), { ...ada, isGlobalAdmin: true })
        .thenRecorded(recorded(policy));
      given(registered).when(set(policy), ada).thenRecorded(recorded(policy));
    }
    given(own)
      .when(set({ namespaces: ['team-*'], podSecurity: aRegistration.policy.podSecurity }), ada)
      .thenRecorded(recorded({ namespaces: ['team-*'] }));
  });
  it('records changes of its policy and its state', () => {
    given(registered)
      .when({ type: 'set-policy', policy: { podSecurity: 'restricted' } }, ada)
      .thenRecorded({
        type: 'cluster.policy-set.v1',
        data: { policy: { ...aRegistration.policy, podSecurity: 'restricted' } },
      });
    given(registered)
      .when({ type: 'set-policy', policy: { podSecurity: 'baseline' } }, ada)
      .thenNothingRecorded();
    given(registered)
      .when({ type: 'report', report: { state: 'READY', reason: null, version: 'v1.36.3', nodes: 3 } }, ada)
      .thenNothingRecorded();
    const gone = { state: 'UNREACHABLE', reason: 'refused', version: 'v1.36.3', nodes: 3 } as const;
    given(registered)
      .when({ type: 'report', report: { ...gone, version: null, nodes: null } }, ada)
      .thenRecorded({ type: 'cluster.state-changed.v1', data: gone });
  });
  it('records nothing after it was removed', () =>
    given(registered, { type: 'cluster.deleted.v1', data: {} })
      .when({ type: 'report', report: { state: 'READY', reason: null, version: null, nodes: null } }, ada)
      .thenRejected({ kind: 'not-found' }));
});

describe('a profile', () => {
  const { given } = specify(profileDecider);
  const created: ProfileEvent = { type: 'profile.created.v1', data: aProfile };
  const changed = { ...aProfile, digest: 'd2' };
  it('counts its revisions and records no repeat', () => {
    given().when({ type: 'apply', content: aProfile, mayChange: 'all' }, ada).thenRecorded(created);
    given(created).when({ type: 'apply', content: aProfile, mayChange: 'all' }, ada).thenNothingRecorded();
    given(created)
      .when({ type: 'apply', content: changed, mayChange: 'all' }, ada)
      .thenRecorded({ type: 'profile.changed.v1', data: { ...changed, revision: 2 } });
  });
  it('lets an editor change the defaults of an unprotected profile, and nothing else', () => {
    given(created)
      .when({ type: 'apply', content: changed, mayChange: 'defaults' }, ada)
      .thenRecorded({ type: 'profile.changed.v1', data: { ...changed, revision: 2 } });
    given(created)
      .when({ type: 'apply', content: { ...changed, frameDigest: 'f2' }, mayChange: 'defaults' }, ada)
      .thenRejected({ code: 'access/profile-defaults-only', kind: 'forbidden' });
    given(created)
      .when({ type: 'apply', content: { ...changed, clusterId: 'c-other' }, mayChange: 'defaults' }, ada)
      .thenRejected({ code: 'access/profile-defaults-only', kind: 'forbidden' });
    given({ type: 'profile.created.v1', data: { ...aProfile, protected: true } })
      .when({ type: 'apply', content: changed, mayChange: 'defaults' }, ada)
      .thenRejected({ code: 'access/profile-defaults-only' });
    given()
      .when({ type: 'apply', content: aProfile, mayChange: 'defaults' }, ada)
      .thenRejected({ code: 'access/profile-defaults-only' });
  });
});
