import type { Actor } from '#kernel';
import { specify } from '#testing';
import { organizationDecider } from '../organization.decider.ts';
import type { OrganizationEvent } from '../organization.events.ts';

const person = (id: string): Actor => ({ id, kind: 'person', isGlobalAdmin: false });
const withKey = (actor: Actor, role: string): Actor => ({ ...actor, key: { id: 'key_1', role } });
const [ada, grace, linus, edith] = [person('ada'), person('grace'), person('linus'), person('edith')];
const globalAdmin: Actor = { id: 'root', kind: 'person', isGlobalAdmin: true };

const created: OrganizationEvent = {
  type: 'organization.created.v1',
  data: { name: 'Analytical', slug: 'analytical', ownerId: ada.id, isDefault: false },
};
const seats = (limit: number): OrganizationEvent => ({ type: 'organization.seat-limit-set.v1', data: { limit } });
const added = (memberId: string, role: 'owner' | 'admin' | 'editor' | 'viewer'): OrganizationEvent => ({
  type: 'organization.member-added.v1',
  data: { memberId, kind: 'person', role },
});
const service = (memberId: string, name: string): OrganizationEvent => ({
  type: 'organization.member-added.v1',
  data: { memberId, kind: 'service', role: 'editor', name },
});
const changed = (memberId: string, role: 'owner' | 'admin' | 'editor' | 'viewer'): OrganizationEvent => ({
  type: 'organization.member-role-changed.v1',
  data: { memberId, role },
});
const removed = (memberId: string): OrganizationEvent => ({
  type: 'organization.member-removed.v1',
  data: { memberId },
});

const set = (memberId: string, role: 'owner' | 'admin' | 'editor' | 'viewer') =>
  ({ type: 'set-member', memberId, kind: 'person', role, nowMs: 0 }) as const;
const setService = (name: string, role: 'owner' | 'admin' | 'editor') =>
  ({ type: 'set-member', memberId: 'service-new', kind: 'service', role, name, nowMs: 0 }) as const;
const change = (memberId: string, role: 'viewer' | 'editor') => ({ ...set(memberId, role), changing: memberId });
const remove = (memberId: string, leaving = false) => ({ type: 'remove-member', memberId, leaving, nowMs: 0 }) as const;

const deleting: OrganizationEvent = { type: 'organization.deletion-requested.v1', data: {} };
const deleted: OrganizationEvent = { type: 'organization.deleted.v1', data: {} };
const { given } = specify(organizationDecider);
const staffed = [created, seats(5), added(grace.id, 'admin'), added(linus.id, 'editor')] as const;

describe('set a member', () => {
  it('use-D23: changes the role of a member, and adds nobody', () => {
    given(...staffed)
      .when(change(linus.id, 'viewer'), ada)
      .thenRecorded(changed(linus.id, 'viewer'));
    given(...staffed)
      .when(change('stranger', 'viewer'), ada)
      .thenRejected({ code: 'organization/no-such-member', kind: 'not-found' });
    given(...staffed, removed(linus.id))
      .when(change(linus.id, 'editor'), withKey(ada, 'admin'))
      .thenRejected({ code: 'organization/no-such-member' });
  });
  it('records the new member', () =>
    given(created, seats(5)).when(set(grace.id, 'editor'), ada).thenRecorded(added(grace.id, 'editor')));
  it('records nothing when a request is retried', () =>
    given(...staffed)
      .when(set(linus.id, 'editor'), ada)
      .thenNothingRecorded());
  it('changes a role', () =>
    given(...staffed)
      .when(set(linus.id, 'viewer'), grace)
      .thenRecorded(changed(linus.id, 'viewer')));
  it('accepts a global admin who is not a member', () =>
    given(created, seats(5)).when(set(grace.id, 'owner'), globalAdmin).thenRecorded(added(grace.id, 'owner')));
  it('rejects the change in an organization that does not exist, was deleted, or is being deleted', () => {
    for (const history of [[], [created, deleted]])
      given(...history)
        .when(set(grace.id, 'viewer'), globalAdmin)
        .thenRejected({ code: 'organization/not-found' });
    given(...staffed, deleting)
      .when(set(edith.id, 'viewer'), ada)
      .thenRejected({ code: 'organization/deleting' });
  });
  it('B32: needs a recent login where it needs a login', () => {
    const old: Actor = { ...ada, isLoginOld: true };
    given(...staffed)
      .when(set(edith.id, 'admin'), old)
      .thenRejected({ code: 'login/too-old' });
    given(...staffed)
      .when(set(edith.id, 'editor'), old)
      .thenRecorded(added(edith.id, 'editor'));
  });

  it('A5: an editor cannot change members', () =>
    given(...staffed)
      .when(set(edith.id, 'viewer'), linus)
      .thenRejected({ code: 'organization/may-not-manage-members', kind: 'forbidden' }));
  it('A6: an admin cannot make anybody an owner, including themselves', () => {
    given(...staffed)
      .when(set(grace.id, 'owner'), grace)
      .thenRejected({ code: 'organization/may-not-grant', kind: 'forbidden' });
    given(...staffed)
      .when(set(edith.id, 'owner'), grace)
      .thenRejected({ code: 'organization/may-not-grant' });
  });
  it('A7: an admin cannot demote an owner', () =>
    given(...staffed, added(edith.id, 'owner'))
      .when(set(edith.id, 'viewer'), grace)
      .thenRejected({ code: 'organization/may-not-grant' }));
  it('A8: the last owner cannot be demoted', () =>
    given(...staffed)
      .when(set(ada.id, 'viewer'), ada)
      .thenRejected({ code: 'organization/last-owner', kind: 'conflict' }));
  it('A25: rejects a demoted admin, even if the guard still has the former role', () =>
    given(...staffed, changed(grace.id, 'viewer'))
      .when(set(edith.id, 'viewer'), grace)
      .thenRejected({ kind: 'forbidden' }));
  it('B25: a key cannot grant or change the roles admin and owner', () => {
    given(...staffed)
      .when(set(edith.id, 'admin'), withKey(ada, 'owner'))
      .thenRejected({ code: 'key/login-required' });
    given(...staffed)
      .when(set(grace.id, 'viewer'), withKey(ada, 'owner'))
      .thenRejected({ code: 'key/login-required' });
    given(...staffed)
      .when(set(edith.id, 'editor'), withKey(ada, 'admin'))
      .thenRecorded(added(edith.id, 'editor'));
  });
  it('B18: a key is limited to the role that it was created with', () =>
    given(...staffed)
      .when(set(edith.id, 'viewer'), withKey(ada, 'editor'))
      .thenRejected({ kind: 'forbidden' }));

  it('rejects a member beyond the seat limit, which includes the owner', () =>
    given(created, seats(1))
      .when(set(grace.id, 'viewer'), ada)
      .thenRejected({ code: 'organization/seat-limit', kind: 'limit', extra: { limit: 1, used: 1 } }));
  it('does not use a seat for a service member', () =>
    given(created, seats(1))
      .when(setService('ci-deploy', 'editor'), ada)
      .thenRecorded({
        type: 'organization.member-added.v1',
        data: { memberId: 'service-new', kind: 'service', role: 'editor', name: 'ci-deploy' },
      }));
  it('finds a service member by name', () =>
    given(created, seats(1), service('service-1', 'ci'))
      .when(setService('ci', 'admin'), ada)
      .thenRecorded(changed('service-1', 'admin')));
  it('adds a service member beside those with other names, and beside people', () =>
    given(...staffed, service('service-1', 'cd'))
      .when(setService('ci', 'admin'), ada)
      .thenRecorded({
        type: 'organization.member-added.v1',
        data: { memberId: 'service-new', kind: 'service', role: 'admin', name: 'ci' },
      }));
  it('finds a person by ID, beside service members', () =>
    given(created, seats(5), {
      ...service('service-1', 'ci'),
      data: { memberId: 'x', kind: 'service', role: 'editor' },
    } as OrganizationEvent)
      .when(set(grace.id, 'editor'), ada)
      .thenRecorded(added(grace.id, 'editor')));
  it('rejects the role owner for a service member', () =>
    given(created, seats(1)).when(setService('ci', 'owner'), ada).thenRejected({ code: 'organization/service-owner' }));
});

describe('remove a member', () => {
  it('records the removal, and nothing when it is repeated', () => {
    given(...staffed)
      .when(remove(linus.id), grace)
      .thenRecorded(removed(linus.id));
    given(...staffed, removed(linus.id))
      .when(remove(linus.id), grace)
      .thenNothingRecorded();
  });
  it('A7: an admin cannot remove an owner', () =>
    given(...staffed)
      .when(remove(ada.id), grace)
      .thenRejected({ kind: 'forbidden' }));
  it('A8: the last owner cannot be removed and cannot leave', () => {
    given(...staffed)
      .when(remove(ada.id), ada)
      .thenRejected({ code: 'organization/last-owner' });
    given(...staffed)
      .when(remove(ada.id, true), ada)
      .thenRejected({ code: 'organization/last-owner' });
  });
  it('lets every member leave, with a login', () => {
    given(...staffed)
      .when(remove(linus.id, true), linus)
      .thenRecorded(removed(linus.id));
    given(...staffed)
      .when(remove(linus.id, true), withKey(linus, 'editor'))
      .thenRejected({ code: 'key/login-required' });
  });
  it('A9: of two owners who remove each other, the second is rejected in either order', () => {
    const two = [created, seats(5), added(grace.id, 'owner')] as const;
    given(...two, removed(grace.id))
      .when(remove(ada.id), grace)
      .thenRejected({ kind: 'forbidden' });
    given(...two, removed(ada.id))
      .when(remove(grace.id), ada)
      .thenRejected({ kind: 'forbidden' });
  });
});

describe('remove a member, by whom', () => {
  const system: Actor = { id: 'system:identity', kind: 'system', isGlobalAdmin: false };

  it('needs an organization that exists; it may be in deletion', () => {
    for (const history of [[], [created, deleted]])
      given(...history)
        .when(remove(ada.id), globalAdmin)
        .thenRejected({ code: 'organization/not-found' });
    given(...staffed, deleting)
      .when(remove(linus.id), ada)
      .thenRecorded(removed(linus.id));
  });
  it('A5: an editor removes nobody else', () => {
    for (const leaving of [false, true])
      given(...staffed, added(edith.id, 'viewer'))
        .when(remove(edith.id, leaving), linus)
        .thenRejected({ code: 'organization/may-not-manage-members' });
  });
  it('an owner does not leave for somebody else', () =>
    given(...staffed)
      .when(remove(linus.id, true), ada)
      .thenRejected({ code: 'organization/may-not-manage-members' }));
  it('the platform removes everybody whom it erases, but the last owner', () => {
    given(...staffed)
      .when(remove(grace.id, true), system)
      .thenRecorded(removed(grace.id));
    given(...staffed)
      .when(remove(ada.id, true), system)
      .thenRejected({ code: 'organization/last-owner' });
    given(...staffed)
      .when(remove(linus.id), system)
      .thenRejected({ code: 'organization/may-not-manage-members' });
  });
  it('B25: a key removes editors and viewers only', () => {
    given(...staffed)
      .when(remove(grace.id), withKey(ada, 'owner'))
      .thenRejected({ code: 'key/login-required' });
    given(...staffed)
      .when(remove(linus.id), withKey(ada, 'owner'))
      .thenRecorded(removed(linus.id));
  });
  it('grants nothing by a membership that has ended', () => {
    const ended = { memberId: grace.id, kind: 'person', role: 'admin', until: new Date(0).toISOString() } as const;
    given(created, seats(5), added(linus.id, 'editor'), { type: 'organization.member-added.v1', data: ended })
      .when(remove(linus.id), grace)
      .thenRejected({ code: 'organization/may-not-manage-members' });
  });
});

describe('the seat limit', () => {
  it('can be the seats in use, and is recorded once', () => {
    given(...staffed)
      .when({ type: 'set-seat-limit', limit: 3, nowMs: 0 }, ada)
      .thenRecorded(seats(3));
    given(...staffed)
      .when({ type: 'set-seat-limit', limit: 5, nowMs: 0 }, ada)
      .thenNothingRecorded();
  });
  it('is that of an organization which exists and is not being deleted', () => {
    for (const history of [[], [...staffed, deleting], [...staffed, deleting, deleted]])
      given(...history)
        .when({ type: 'set-seat-limit', limit: 9, nowMs: 0 }, ada)
        .thenRejected({ code: 'organization/not-found' });
  });

  it('is an event in the stream of the organization', () =>
    given(created, seats(5)).when({ type: 'set-seat-limit', limit: 9, nowMs: 0 }, ada).thenRecorded(seats(9)));
  it('cannot be below the seats in use', () =>
    given(...staffed)
      .when({ type: 'set-seat-limit', limit: 2, nowMs: 0 }, ada)
      .thenRejected({ code: 'organization/members-over', kind: 'conflict', extra: { limit: 2, used: 3 } }));
  it('excludes service members', () =>
    given(created, seats(5), service('service-1', 'ci'))
      .when({ type: 'set-seat-limit', limit: 1, nowMs: 0 }, ada)
      .thenRecorded(seats(1)));
});

const AT = Date.UTC(2026, 5, 1);
const inDays = (days: number) => new Date(AT + days * 86_400_000).toISOString();
const until = (event: OrganizationEvent, end: string): OrganizationEvent =>
  ({ ...event, data: { ...event.data, until: end } }) as OrganizationEvent;
const setUntil = (memberId: string, role: 'owner' | 'admin' | 'editor' | 'viewer', end?: string) =>
  ({ ...set(memberId, role), nowMs: AT, ...(end !== undefined && { until: end }) }) as const;
const audit = (memberId: string, granted: boolean, end?: string): OrganizationEvent => ({
  type: 'organization.audit-right-set.v1',
  data: { memberId, granted, ...(end !== undefined && { until: end }) },
});

describe('a membership that ends', () => {
  it('is recorded with its end, changed, and made permanent', () => {
    given(...staffed)
      .when(setUntil(linus.id, 'editor', inDays(7)), ada)
      .thenRecorded(until(changed(linus.id, 'editor'), inDays(7)));
    given(...staffed, until(changed(linus.id, 'editor'), inDays(7)))
      .when(setUntil(linus.id, 'editor'), ada)
      .thenRecorded(changed(linus.id, 'editor'));
  });
  it('cannot end in the past', () =>
    given(...staffed)
      .when(setUntil(linus.id, 'editor', inDays(-1)), ada)
      .thenRejected({ code: 'organization/until-past', kind: 'invalid' }));
  it('grants nothing from its end on', () => {
    const ended = [created, seats(5), until(added(grace.id, 'admin'), inDays(0))] as const;
    given(...ended)
      .when(setUntil(edith.id, 'viewer'), grace)
      .thenRejected({ code: 'organization/may-not-manage-members' });
    given(...ended)
      .when({ ...setUntil(edith.id, 'viewer', inDays(-1)), nowMs: AT - 2 * 86_400_000 }, grace)
      .thenRecorded(until(added(edith.id, 'viewer'), inDays(-1)));
  });
  it('A6: nobody grants anything beyond the end of their own membership, also not to themselves', () => {
    const limited = [created, seats(5), until(added(grace.id, 'owner'), inDays(7))] as const;
    for (const command of [
      setUntil(grace.id, 'owner'),
      setUntil(edith.id, 'viewer'),
      setUntil(edith.id, 'owner', inDays(8)),
    ])
      given(...limited)
        .when(command, grace)
        .thenRejected({ code: 'organization/may-not-grant-longer', kind: 'forbidden' });
    given(...limited, added(edith.id, 'editor'))
      .when(setUntil(edith.id, 'viewer'), grace)
      .thenRecorded(changed(edith.id, 'viewer'));
  });
  it('A8: an owner whose membership ends does not count as the last owner', () => {
    const limited = [created, seats(5), until(added(grace.id, 'owner'), inDays(7))] as const;
    given(...limited)
      .when({ ...remove(ada.id), nowMs: AT }, ada)
      .thenRejected({ code: 'organization/last-owner' });
    given(...limited)
      .when(setUntil(ada.id, 'owner', inDays(7)), ada)
      .thenRejected({ code: 'organization/last-owner' });
    given(...limited)
      .when({ ...remove(grace.id), nowMs: AT }, ada)
      .thenRecorded(removed(grace.id));
  });
});

describe('the right audit', () => {
  it('is granted with the role, with an end of its own, and removed', () => {
    given(...staffed)
      .when({ ...setUntil(linus.id, 'viewer'), audit: { until: inDays(7) } }, grace)
      .thenRecorded(changed(linus.id, 'viewer'), audit(linus.id, true, inDays(7)));
    given(...staffed, audit(linus.id, true))
      .when({ ...setUntil(linus.id, 'editor'), audit: null }, grace)
      .thenRecorded(audit(linus.id, false));
    given(...staffed, audit(linus.id, true))
      .when({ ...setUntil(linus.id, 'editor'), audit: {} }, grace)
      .thenNothingRecorded();
  });
  it('needs a login', () =>
    given(...staffed)
      .when({ ...setUntil(linus.id, 'editor'), audit: {} }, withKey(ada, 'admin'))
      .thenRejected({ code: 'key/login-required' }));
  it('is granted with a new membership', () =>
    given(...staffed)
      .when({ ...setUntil(edith.id, 'viewer', inDays(7)), audit: {} }, ada)
      .thenRecorded(until(added(edith.id, 'viewer'), inDays(7)), audit(edith.id, true)));
  it('changes only if its end does', () => {
    const auditor = [...staffed, audit(linus.id, true, inDays(7))] as const;
    const change = (end?: string) => ({
      ...setUntil(linus.id, 'editor'),
      audit: end === undefined ? {} : { until: end },
    });
    given(...auditor)
      .when(change(inDays(7)), ada)
      .thenNothingRecorded();
    given(...auditor)
      .when(change(inDays(8)), ada)
      .thenRecorded(audit(linus.id, true, inDays(8)));
    given(...auditor)
      .when(change(), ada)
      .thenRecorded(audit(linus.id, true));
    given(...auditor)
      .when(setUntil(linus.id, 'viewer'), ada)
      .thenRecorded(changed(linus.id, 'viewer'));
    given(...staffed)
      .when({ ...setUntil(linus.id, 'editor'), audit: null }, ada)
      .thenNothingRecorded();
    given(...staffed)
      .when({ ...setUntil(linus.id, 'editor'), audit: null }, withKey(ada, 'admin'))
      .thenNothingRecorded();
  });
  it('cannot end in the past, or A6: after the membership of who grants it', () => {
    given(...staffed)
      .when({ ...setUntil(linus.id, 'editor'), audit: { until: inDays(0) } }, ada)
      .thenRejected({ code: 'organization/until-past' });
    const limited = [created, seats(5), until(added(grace.id, 'owner'), inDays(7)), added(linus.id, 'editor')] as const;
    for (const end of [{}, { until: inDays(8) }])
      given(...limited)
        .when({ ...setUntil(linus.id, 'editor'), audit: end }, grace)
        .thenRejected({ code: 'organization/may-not-grant-longer' });
    given(...limited)
      .when({ ...setUntil(linus.id, 'editor'), audit: { until: inDays(7) } }, grace)
      .thenRecorded(audit(linus.id, true, inDays(7)));
    given(...limited, audit(linus.id, true))
      .when({ ...setUntil(linus.id, 'editor'), audit: null }, grace)
      .thenRecorded(audit(linus.id, false));
  });
});
