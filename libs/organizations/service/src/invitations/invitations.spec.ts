import type { Role } from '#access';
import type { Actor } from '#kernel';
import { specify } from '#testing';
import { organizationDecider } from '../organization.decider.ts';
import type { OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';
import { seatsUsed } from '../organization.ts';
import type { AnswerInvitation } from './answer-invitation.ts';
import type { InviteMember } from './invite-member.ts';
import { lifetimeMs } from './lifetime.ts';

const person = (id: string): Actor => ({ id, kind: 'person', isGlobalAdmin: false });
const withKey = (actor: Actor, role: string): Actor => ({ ...actor, key: { id: 'key_1', role } });
const [ada, grace, linus, edith] = [person('ada'), person('grace'), person('linus'), person('edith')];
const globalAdmin: Actor = { id: 'root', kind: 'person', isGlobalAdmin: true };

const DAY_MS = 86_400_000;
const at = (day: number) => new Date(day * DAY_MS).toISOString();
const created: OrganizationEvent = {
  type: 'organization.created.v1',
  data: { name: 'Acme', slug: 'acme', ownerId: ada.id, isDefault: false },
};
const seats = (limit: number): OrganizationEvent => ({ type: 'organization.seat-limit-set.v1', data: { limit } });
const added = (memberId: string, role: Role): OrganizationEvent => ({
  type: 'organization.member-added.v1',
  data: { memberId, kind: 'person', role },
});
const changed = (memberId: string, role: Role): OrganizationEvent => ({
  type: 'organization.member-role-changed.v1',
  data: { memberId, role },
});
const removed = (memberId: string): OrganizationEvent => ({
  type: 'organization.member-removed.v1',
  data: { memberId },
});
const deleting: OrganizationEvent = { type: 'organization.deletion-requested.v1', data: {} };
const deleted: OrganizationEvent = { type: 'organization.deleted.v1', data: {} };
type Invited = Extract<OrganizationEvent, { type: 'organization.member-invited.v1' }>;
const invited = (change: Partial<Invited['data']> = {}): Invited => ({
  type: 'organization.member-invited.v1',
  data: {
    invitationId: 'inv_1',
    addressId: 'edith-address',
    role: 'editor',
    expiresAt: at(7),
    tokenDigest: 'first',
    invitedBy: grace.id,
    ...change,
  },
});
const resent = (tokenDigest = 'second', expiresAt = at(8), invitedBy = grace.id): OrganizationEvent => ({
  type: 'organization.invitation-resent.v1',
  data: { invitationId: 'inv_1', expiresAt, tokenDigest, invitedBy },
});
const accepted = (memberId = edith.id): OrganizationEvent => ({
  type: 'organization.invitation-accepted.v1',
  data: { invitationId: 'inv_1', memberId },
});
const declined: OrganizationEvent = {
  type: 'organization.invitation-declined.v1',
  data: { invitationId: 'inv_1', memberId: edith.id },
};
const revoked: OrganizationEvent = { type: 'organization.invitation-revoked.v1', data: { invitationId: 'inv_1' } };

const invite = (change: Partial<InviteMember> = {}): InviteMember => ({
  type: 'invite-member',
  invitationId: 'inv_1',
  addressId: 'edith-address',
  userId: undefined,
  role: 'editor',
  audit: false,
  expiresAt: at(7),
  tokenDigest: 'first',
  nowMs: 0,
  ...change,
});
const resend = (nowMs = DAY_MS) =>
  ({ type: 'resend-invitation', invitationId: 'inv_1', expiresAt: at(8), tokenDigest: 'second', nowMs }) as const;
const revoke = { type: 'revoke-invitation', invitationId: 'inv_1', nowMs: DAY_MS } as const;
const answer = (change: Partial<AnswerInvitation> = {}): AnswerInvitation => ({
  type: 'accept-invitation',
  invitationId: 'inv_1',
  addressId: 'edith-address',
  tokenDigest: 'first',
  isInviterGlobalAdmin: false,
  nowMs: DAY_MS,
  ...change,
});
const decline = answer({ type: 'decline-invitation' });

const { given } = specify(organizationDecider);
const staffed = [created, seats(5), added(grace.id, 'admin'), added(linus.id, 'editor')] as const;

describe('invite a member', () => {
  it('records the invitation, with the inviter', () =>
    given(...staffed)
      .when(invite(), grace)
      .thenRecorded(invited()));
  it('records the right audit and its end', () =>
    given(...staffed)
      .when(invite({ role: 'viewer', audit: true, auditUntil: at(90) }), grace)
      .thenRecorded(invited({ role: 'viewer', audit: true, auditUntil: at(90) })));
  it('lets only an owner invite an owner', () => {
    given(...staffed)
      .when(invite({ role: 'owner' }), ada)
      .thenRecorded(invited({ role: 'owner', invitedBy: ada.id }));
    given(...staffed)
      .when(invite({ role: 'owner' }), grace)
      .thenRejected({ code: 'organization/may-not-grant' });
  });
  it('accepts a global admin who is not a member', () =>
    given(...staffed)
      .when(invite({ role: 'owner' }), globalAdmin)
      .thenRecorded(invited({ role: 'owner', invitedBy: globalAdmin.id })));
  it.each<[string, Actor]>([
    ['an editor', linus],
    ['a stranger', edith],
    ['an admin with an editor key', withKey(grace, 'editor')],
  ])('rejects %s', (_, actor) =>
    given(...staffed)
      .when(invite({ role: 'viewer' }), actor)
      .thenRejected({ code: 'organization/may-not-manage-members' }),
  );
  it('lets a key invite editors, but needs a login for admins and the right audit', () => {
    given(...staffed)
      .when(invite(), withKey(grace, 'admin'))
      .thenRecorded(invited());
    for (const change of [{ role: 'admin' }, { role: 'viewer', audit: true }] as const)
      given(...staffed)
        .when(invite(change), withKey(grace, 'admin'))
        .thenRejected({ code: 'key/login-required' });
  });
  it('rejects a member, and an address that is invited already', () => {
    given(...staffed)
      .when(invite({ userId: linus.id }), grace)
      .thenRejected({ code: 'invitation/already-member' });
    given(...staffed)
      .when(invite({ userId: edith.id }), grace)
      .thenRecorded(invited());
    given(...staffed, invited({ addressId: 'other', invitationId: 'inv_0' }))
      .when(invite({ nowMs: DAY_MS }), grace)
      .thenRecorded(invited());
    given(...staffed, invited())
      .when(invite({ invitationId: 'inv_2', nowMs: DAY_MS }), grace)
      .thenRejected({ code: 'invitation/pending', extra: { invitation: 'inv_1' } });
  });
  it.each<[string, OrganizationEvent[]]>([
    ['expired', [invited({ expiresAt: at(0.5) })]],
    ['was declined', [invited(), declined]],
    ['was revoked', [invited(), revoked]],
  ])('invites again after the invitation %s', (_, history) =>
    given(...staffed, ...history)
      .when(invite({ invitationId: 'inv_2', nowMs: DAY_MS }), grace)
      .thenRecorded(invited({ invitationId: 'inv_2' })),
  );
  it('rejects an end of the right audit in the past, or without the right', () => {
    given(...staffed)
      .when(invite({ audit: true, auditUntil: at(1), nowMs: DAY_MS }), grace)
      .thenRejected({ code: 'invitation/audit-until' });
    given(...staffed)
      .when(invite({ audit: true, auditUntil: at(1), nowMs: DAY_MS - 1 }), grace)
      .thenRecorded(invited({ audit: true, auditUntil: at(1) }));
    given(...staffed)
      .when(invite({ auditUntil: at(9) }), grace)
      .thenRejected({ code: 'invitation/audit-until' });
  });
  it('rejects organizations that are deleted or in deletion', () => {
    given(...staffed, deleting)
      .when(invite(), grace)
      .thenRejected({ code: 'organization/deleting' });
    given(...staffed, deleted)
      .when(invite(), grace)
      .thenRejected({ code: 'organization/not-found' });
  });
});

describe('invitations of an organization', () => {
  it('that was deleted or does not exist are neither sent again nor revoked', () => {
    for (const command of [invite(), resend(), revoke])
      for (const history of [[], [...staffed, invited(), deleting, deleted]])
        given(...history)
          .when(command, ada)
          .thenRejected({ code: 'organization/not-found' });
  });
  it('that is being deleted are revoked, but not sent again', () => {
    given(...staffed, invited(), deleting)
      .when(resend(), ada)
      .thenRejected({ code: 'organization/deleting' });
    given(...staffed, invited(), deleting)
      .when(revoke, ada)
      .thenRecorded(revoked);
  });
  it('A6: are not sent by a member whose membership ends, but revoked', () => {
    const limited: OrganizationEvent = {
      type: 'organization.member-added.v1',
      data: { memberId: edith.id, kind: 'person', role: 'admin', until: at(30) },
    };
    for (const command of [invite({ addressId: 'other', invitationId: 'inv_2' }), resend()])
      given(...staffed, invited(), limited)
        .when(command, edith)
        .thenRejected({ code: 'organization/may-not-grant-longer' });
    given(...staffed, invited(), limited)
      .when(revoke, edith)
      .thenRecorded(revoked);
    given(...staffed, invited(), limited)
      .when({ ...revoke, nowMs: 30 * DAY_MS }, edith)
      .thenRejected({ code: 'organization/may-not-manage-members' });
  });
  it('B25, B32: that grant the right audit need a recent login, also to be sent again or revoked', () => {
    const history = [...staffed, invited({ role: 'viewer', audit: true })] as const;
    for (const command of [invite({ addressId: 'other', audit: true }), resend(), revoke]) {
      given(...history)
        .when(command, withKey(ada, 'owner'))
        .thenRejected({ code: 'key/login-required' });
      given(...history)
        .when(command, { ...ada, isLoginOld: true })
        .thenRejected({ code: 'login/too-old' });
    }
  });
});

describe('seats', () => {
  it('are not needed again to send an invitation that has one', () =>
    given(created, seats(2), invited({ invitedBy: ada.id }))
      .when(resend(), ada)
      .thenRecorded(resent('second', at(8), ada.id)));
  it('are needed to send an expired invitation, and one suffices', () =>
    given(created, seats(2), invited({ invitedBy: ada.id, expiresAt: at(0.5) }))
      .when(resend(), ada)
      .thenRecorded(resent('second', at(8), ada.id)));

  const full = [created, seats(2), invited({ invitedBy: ada.id })] as const;
  const other = invite({ invitationId: 'inv_2', addressId: 'other', nowMs: DAY_MS });
  it('are used by pending invitations, for invitations and for members', () => {
    given(...full)
      .when(other, ada)
      .thenRejected({ code: 'organization/seat-limit', extra: { limit: 2, used: 2 } });
    given(...full)
      .when({ type: 'set-member', memberId: grace.id, kind: 'person', role: 'viewer', nowMs: DAY_MS }, ada)
      .thenRejected({ code: 'organization/seat-limit' });
    given(...full)
      .when({ type: 'set-seat-limit', limit: 1, nowMs: DAY_MS }, ada)
      .thenRejected({ code: 'organization/members-over' });
  });
  it('are free at the millisecond in which an invitation expires, without an event', () => {
    given(...full)
      .when({ ...other, nowMs: 7 * DAY_MS - 1 }, ada)
      .thenRejected({ code: 'organization/seat-limit' });
    given(...full)
      .when({ ...other, nowMs: 7 * DAY_MS }, ada)
      .thenRecorded(invited({ invitationId: 'inv_2', addressId: 'other', invitedBy: ada.id }));
  });
  it('are free after a refusal or a revocation, and used once by who accepts', () => {
    for (const end of [declined, revoked])
      given(...full, end)
        .when(other, ada)
        .thenRecorded(invited({ invitationId: 'inv_2', addressId: 'other', invitedBy: ada.id }));
    const state = [...full, accepted(), added(edith.id, 'editor')].reduce(
      organizationDecider.evolve,
      organizationDecider.initialState,
    );
    expect(state.status === 'active' && seatsUsed(state, DAY_MS)).toBe(2);
  });
  it('are needed again to send an expired invitation', () =>
    given(created, seats(2), invited({ invitedBy: ada.id, expiresAt: at(0.5) }), added(grace.id, 'viewer'))
      .when(resend(), ada)
      .thenRejected({ code: 'organization/seat-limit' }));
});

describe('send an invitation again', () => {
  it('replaces the token, and makes the sender the inviter', () =>
    given(...staffed, invited())
      .when(resend(), ada)
      .thenRecorded(resent('second', at(8), ada.id)));
  it('makes an expired invitation valid', () =>
    given(...staffed, invited({ expiresAt: at(0.5) }))
      .when(resend(), grace)
      .thenRecorded(resent()));
  it('needs the right to grant what it grants', () => {
    given(...staffed, invited({ role: 'owner', invitedBy: ada.id }))
      .when(resend(), grace)
      .thenRejected({ code: 'organization/may-not-grant' });
    given(...staffed, invited({ role: 'admin' }))
      .when(resend(), withKey(grace, 'admin'))
      .thenRejected({ code: 'key/login-required' });
    given(...staffed, invited())
      .when(resend(), linus)
      .thenRejected({ code: 'organization/may-not-manage-members' });
  });
  it.each<[string, OrganizationEvent, Partial<OrganizationError>]>([
    ['accepted', accepted(), { code: 'invitation/used', kind: 'conflict' }],
    ['declined', declined, { code: 'invitation/declined', kind: 'conflict' }],
    ['revoked', revoked, { code: 'invitation/revoked', kind: 'conflict' }],
  ])('rejects one that was %s', (_, end, refusal) =>
    given(...staffed, invited(), end)
      .when(resend(), grace)
      .thenRejected(refusal),
  );
  it('rejects one that does not exist', () =>
    given(...staffed)
      .when(resend(), grace)
      .thenRejected({ code: 'invitation/not-found' }));
});

describe('revoke an invitation', () => {
  it('records it once', () => {
    given(...staffed, invited())
      .when(revoke, ada)
      .thenRecorded(revoked);
    given(...staffed, invited(), revoked)
      .when(revoke, ada)
      .thenNothingRecorded();
  });
  it('rejects one that was answered, one of a higher role, and one that does not exist', () => {
    given(...staffed, invited(), accepted())
      .when(revoke, ada)
      .thenRejected({ code: 'invitation/used' });
    given(...staffed, invited({ role: 'owner' }))
      .when(revoke, grace)
      .thenRejected({ code: 'organization/may-not-grant' });
    given(...staffed)
      .when(revoke, ada)
      .thenRejected({ code: 'invitation/not-found' });
    given(...staffed, invited())
      .when(revoke, linus)
      .thenRejected({ code: 'organization/may-not-manage-members' });
  });
});

describe('answer an invitation', () => {
  it('makes the person a member with the role, and with the right audit', () => {
    given(...staffed, invited())
      .when(answer(), edith)
      .thenRecorded(accepted(), added(edith.id, 'editor'));
    given(...staffed, invited({ role: 'viewer', audit: true, auditUntil: at(90) }))
      .when(answer(), edith)
      .thenRecorded(accepted(), added(edith.id, 'viewer'), {
        type: 'organization.audit-right-set.v1',
        data: { memberId: edith.id, granted: true, until: at(90) },
      });
    given(...staffed, invited({ audit: true }))
      .when(answer(), edith)
      .thenRecorded(accepted(), added(edith.id, 'editor'), {
        type: 'organization.audit-right-set.v1',
        data: { memberId: edith.id, granted: true },
      });
  });
  it('keeps the role of a person who was added in the meantime', () =>
    given(...staffed, invited(), added(edith.id, 'admin'))
      .when(answer(), edith)
      .thenRecorded(accepted()));
  it('records a refusal, which needs no right of the inviter', () =>
    given(...staffed, invited(), removed(grace.id))
      .when(decline, edith)
      .thenRecorded(declined));
  it('accepts by ID instead of by token', () => {
    const { tokenDigest: _, ...byId } = answer();
    given(...staffed, invited(), resent())
      .when(byId, edith)
      .thenRecorded(accepted(), added(edith.id, 'editor'));
  });

  it('A12: rejects another address, whatever became of the invitation', () => {
    for (const command of [answer({ addressId: 'linus-address' }), { ...decline, addressId: 'linus-address' }])
      for (const history of [[], [revoked], [accepted()]])
        given(...staffed, invited(), ...history)
          .when(command, linus)
          .thenRejected({ code: 'invitation/other-address', kind: 'forbidden' });
  });
  it('B22: rejects a person whose address is not verified', () =>
    given(...staffed, invited())
      .when(answer({ addressId: undefined }), edith)
      .thenRejected({ code: 'identity/email-unverified', kind: 'forbidden' }));

  it.each<[string, OrganizationEvent[], number, Partial<OrganizationError>]>([
    ['used', [accepted(), added(edith.id, 'editor')], 1, { code: 'invitation/used', kind: 'conflict' }],
    [
      'used, after the member was removed',
      [accepted(), added(edith.id, 'editor'), removed(edith.id)],
      1,
      { code: 'invitation/used', kind: 'conflict' },
    ],
    ['declined', [declined], 1, { code: 'invitation/declined', kind: 'conflict' }],
    ['revoked', [revoked], 1, { code: 'invitation/revoked', kind: 'conflict' }],
    ['expired, at the millisecond', [], 7, { code: 'invitation/expired', kind: 'conflict' }],
    [
      'of an inviter who was demoted',
      [changed(grace.id, 'editor')],
      1,
      { code: 'invitation/inviter-may-not-grant', kind: 'conflict' },
    ],
    [
      'of an inviter who was removed',
      [removed(grace.id)],
      1,
      { code: 'invitation/inviter-may-not-grant', kind: 'conflict' },
    ],
  ])('A13: rejects an invitation that is %s', (_, history, day, refusal) =>
    given(...staffed, invited(), ...history)
      .when(answer({ nowMs: day * DAY_MS }), edith)
      .thenRejected(refusal),
  );
  it('A13: rejects the role of owner once the inviter is an admin only', () =>
    given(
      ...staffed,
      added('second', 'owner'),
      invited({ role: 'owner', invitedBy: 'second' }),
      changed('second', 'admin'),
    )
      .when(answer(), edith)
      .thenRejected({ code: 'invitation/inviter-may-not-grant' }));
  it('accepts until the last millisecond, and for inviters who are global admins or sent it again', () => {
    given(...staffed, invited())
      .when(answer({ nowMs: 7 * DAY_MS - 1 }), edith)
      .thenRecorded(accepted(), added(edith.id, 'editor'));
    given(...staffed, invited({ invitedBy: 'root' }))
      .when(answer({ isInviterGlobalAdmin: true }), edith)
      .thenRecorded(accepted(), added(edith.id, 'editor'));
    given(...staffed, invited(), removed(grace.id), resent('second', at(8), ada.id))
      .when(answer({ tokenDigest: 'second' }), edith)
      .thenRecorded(accepted(), added(edith.id, 'editor'));
  });
  it('rejects a token that was replaced', () =>
    given(...staffed, invited(), resent())
      .when(answer(), edith)
      .thenRejected({ code: 'invitation/not-found' }));
  it('rejects invitations of organizations that are deleted or in deletion', () => {
    for (const end of [deleting, deleted])
      given(...staffed, invited(), end)
        .when(answer(), edith)
        .thenRejected({ code: 'invitation/not-found' });
    given(...staffed)
      .when(answer(), edith)
      .thenRejected({ code: 'invitation/not-found' });
  });
});

describe('the lifetime of an invitation', () => {
  it.each([
    ['7d', 7 * DAY_MS],
    ['12h', DAY_MS / 2],
    ['30d', 30 * DAY_MS],
    ['31d', undefined],
    ['0d', undefined],
    ['7', undefined],
    ['never', undefined],
  ])('%s', (text, ms) => expect(lifetimeMs(text)).toBe(ms));
});
