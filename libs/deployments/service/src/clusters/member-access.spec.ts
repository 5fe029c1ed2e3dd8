import type { Actor } from '#kernel';
import { specify } from '#testing';
import { aRegistration } from '../testing/facts.ts';
import { clusterDecider } from './cluster.decider.ts';
import type { AccessEnd, AccessLevel, ClusterEvent } from './cluster.events.ts';
import { accessOf, exceeds } from './member-access.ts';

const actor: Actor = { id: 'system:deployments', kind: 'system', isGlobalAdmin: false };
const memberId = 'grace';
const registered: ClusterEvent = { type: 'cluster.registered.v1', data: aRegistration };
const granted = (access: AccessLevel): ClusterEvent => ({
  type: 'cluster.access-granted.v1',
  data: { memberId, access },
});
const issued = (access: AccessLevel): ClusterEvent => ({
  type: 'cluster.kubeconfig-issued.v1',
  data: { memberId, access, namespaces: 0, expiresAt: '2026-11-24T12:10:00.000Z' },
});
const ending = (number: number, cause: AccessEnd = 'removed'): ClusterEvent => ({
  type: 'cluster.access-ending.v1',
  data: { memberId, number, cause },
});
const failed = (code: string): ClusterEvent => ({ type: 'cluster.access-end-failed.v1', data: { memberId, code } });
const ended: ClusterEvent = { type: 'cluster.access-ended.v1', data: { memberId } };
const grant = (access: AccessLevel) => ({ type: 'grant-access', memberId, access }) as const;
const record = (access: AccessLevel) =>
  ({ type: 'record-kubeconfig', memberId, access, namespaces: 0, expiresAt: '2026-11-24T12:10:00.000Z' }) as const;
const end = (upTo?: AccessLevel) =>
  ({ type: 'end-access', memberId, cause: 'removed', ...(upTo && { upTo }) }) as const;
const { given } = specify(clusterDecider);

describe('use-S2: access of a member to a cluster', () => {
  it('is granted before anything is created, and recorded before a token is returned', () => {
    given(registered).when(grant('edit'), actor).thenRecorded(granted('edit'));
    given(registered, granted('edit')).when(grant('edit'), actor).thenNothingRecorded();
    given(registered, granted('edit')).when(record('edit'), actor).thenRecorded(issued('edit'));
  });

  it('has one level: another one is rejected until the first has ended', () => {
    given(registered, granted('edit'))
      .when(grant('cluster'), actor)
      .thenRejected({ code: 'deployments/access-ending' });
    given(registered, granted('edit'), ending(1)).when(grant('edit'), actor).thenRejected({ kind: 'unavailable' });
    given(registered, granted('edit'), ending(1), ended).when(grant('cluster'), actor).thenRecorded(granted('cluster'));
  });

  it('ends once, if it exceeds what the member keeps', () => {
    given(registered, granted('edit')).when(end('edit'), actor).thenNothingRecorded();
    given(registered, granted('edit')).when(end('view'), actor).thenRecorded(ending(1));
    given(registered, granted('edit')).when(end(), actor).thenRecorded(ending(1));
    given(registered, granted('edit'), ending(1)).when(end(), actor).thenNothingRecorded();
    given(registered).when(end(), actor).thenNothingRecorded();
  });

  it('ends too if an earlier release issued a kubeconfig', () =>
    given(registered, issued('cluster')).when(end('edit'), actor).thenRecorded(ending(1)));

  it('rejects a token that the cluster created after the end, and ends again', () => {
    given(registered, granted('edit'), ending(1)).when(record('edit'), actor).thenRecorded(ending(2));
    given(registered, granted('edit'), ending(1), ended).when(record('edit'), actor).thenRecorded(ending(2));
    given(registered, granted('edit'), ending(1), ended, granted('view'))
      .when(record('edit'), actor)
      .thenRecorded(ending(2, 'other-level'));
  });

  it('has ended when the account of the latest end is deleted', () => {
    const gone = (number: number) => ({ type: 'record-access-ended', memberId, number }) as const;
    given(registered, granted('edit'), ending(1)).when(gone(1), actor).thenRecorded(ended);
    given(registered, granted('edit'), ending(1), ending(2)).when(gone(1), actor).thenNothingRecorded();
    given(registered, granted('edit')).when(gone(1), actor).thenNothingRecorded();
  });

  it('records why it has not ended yet, each reason once', () => {
    const note = (code: string) => ({ type: 'note-access-failure', memberId, code }) as const;
    given(registered, granted('edit'), ending(1)).when(note('a/b'), actor).thenRecorded(failed('a/b'));
    given(registered, granted('edit'), ending(1), failed('a/b')).when(note('a/b'), actor).thenNothingRecorded();
    given(registered, granted('edit'), ending(1), failed('a/b')).when(note('c/d'), actor).thenRecorded(failed('c/d'));
    given(registered, granted('edit')).when(note('a/b'), actor).thenNothingRecorded();
  });

  it('is kept when the cluster is registered with other credentials', () =>
    given(registered, granted('edit'), { type: 'cluster.changed.v1', data: { ...aRegistration, fingerprint: 'f2' } })
      .when(grant('edit'), actor)
      .thenNothingRecorded());

  it.each([
    ['owner', 'cluster', 'edit'],
    ['admin', 'cluster', 'edit'],
    ['editor', 'edit', 'edit'],
    ['viewer', 'view', 'view'],
    [undefined, undefined, undefined],
  ] as const)('of role %s is %s, and %s on the cluster that the platform runs in', (role, access, onOwn) => {
    expect(accessOf(role, { isOwn: false })).toBe(access);
    expect(accessOf(role, { isOwn: true })).toBe(onOwn);
  });

  it('is compared by its level', () => {
    expect(exceeds('cluster', 'edit')).toBe(true);
    expect(exceeds('view', 'edit')).toBe(false);
    expect(exceeds('edit', 'edit')).toBe(false);
    expect(exceeds('view', undefined)).toBe(true);
  });
});
