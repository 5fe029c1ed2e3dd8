import { clusterLine } from './cluster-line.ts';
import type { ClusterEvent, ClusterReport } from './cluster.events.ts';
import type { ClusterRegistration } from '../catalog/beginnings.ts';

const registration: ClusterRegistration = {
  name: 'dev',
  type: 'registered',
  provider: 'aws',
  region: null,
  labels: {},
  server: 'https://dev.acme.dev',
  tlsServerName: null,
  credential: 'record-1',
  certificateAuthority: null,
  fingerprint: 'f',
  uid: 'uid-1',
  version: 'v1.36.3',
  nodes: 1,
  missing: [],
  policy: { namespaces: [], clusterScoped: 'deny', podSecurity: 'restricted' },
};
const report: ClusterReport = { state: 'READY', reason: null, version: 'v1.36.3', nodes: 3 };

describe('a line of the events of a cluster', () => {
  it.each<readonly [string, ClusterEvent, string, string]>([
    [
      'a registration',
      { type: 'cluster.registered.v1', data: registration },
      'READY',
      'registered: Kubernetes v1.36.3, 1 node',
    ],
    [
      'a registration with too few permissions',
      { type: 'cluster.changed.v1', data: { ...registration, missing: ['list nodes'] } },
      'LIMITED',
      'registered again: cannot list nodes',
    ],
    ['a state', { type: 'cluster.state-changed.v1', data: report }, 'READY', 'Kubernetes v1.36.3, 3 nodes'],
    [
      'a state without details',
      { type: 'cluster.state-changed.v1', data: { ...report, version: null, nodes: null } },
      'READY',
      'reachable',
    ],
    [
      'a state with a reason',
      { type: 'cluster.state-changed.v1', data: { ...report, state: 'UNREACHABLE', reason: 'no reply' } },
      'UNREACHABLE',
      'no reply',
    ],
    ['a policy', { type: 'cluster.policy-set.v1', data: { policy: registration.policy } }, 'LIMITED', 'policy changed'],
    [
      'health rules',
      { type: 'cluster.health-set.v1', data: { kinds: [] } },
      'LIMITED',
      'health of custom kinds changed',
    ],
    ['a removal', { type: 'cluster.deleted.v1', data: {} }, 'DELETING', 'removed'],
  ])('says what %s means, and the state after it', (_what, event, state, message) =>
    expect(clusterLine(event, 'LIMITED')).toEqual({ state, message }),
  );

  it.each<ClusterEvent>([
    { type: 'cluster.access-granted.v1', data: { memberId: 'ada', access: 'cluster' } },
    {
      type: 'cluster.kubeconfig-issued.v1',
      data: { memberId: 'ada', access: 'cluster', namespaces: 1, expiresAt: '2026-11-24T12:10:00.000Z' },
    },
    { type: 'cluster.access-ended.v1', data: { memberId: 'ada' } },
  ])('is not shown about the access of members: $type', (event) => expect(clusterLine(event, 'READY')).toBe(undefined));
});
