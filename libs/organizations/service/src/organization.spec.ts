import { DEFAULT_SETTINGS } from '#access';
import type { OrganizationEvent } from './organization.events.ts';
import { evolve, initialState, membersOf, type Organization } from './organization.ts';

const END = '2026-01-08T00:00:00.000Z';
const END_MS = Date.UTC(2026, 0, 8);
const created: OrganizationEvent = {
  type: 'organization.created.v1',
  data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false },
};
const grace = { memberId: 'grace', kind: 'person', role: 'editor' } as const;
const invitation = {
  addressId: 'address-1',
  role: 'viewer',
  tokenDigest: 'first',
  invitedBy: 'ada',
} as const;
const invited: OrganizationEvent = {
  type: 'organization.member-invited.v1',
  data: { invitationId: 'inv_1', ...invitation, expiresAt: END },
};
const deleted: OrganizationEvent = { type: 'organization.deleted.v1', data: {} };
/** One event of each type that changes an organization that exists. */
const CHANGES: readonly OrganizationEvent[] = [
  { type: 'organization.renamed.v1', data: { name: 'Rockets', slug: 'rockets' } },
  { type: 'organization.settings-set.v1', data: { contact: 'team@acme.dev' } },
  { type: 'organization.member-added.v1', data: grace },
  { type: 'organization.audit-right-set.v1', data: { memberId: 'grace', granted: true, until: END } },
  { type: 'organization.member-role-changed.v1', data: { memberId: 'grace', role: 'admin', until: END } },
  { type: 'organization.seat-limit-set.v1', data: { limit: 7 } },
  invited,
  {
    type: 'organization.invitation-resent.v1',
    data: { invitationId: 'inv_1', expiresAt: END, tokenDigest: 'second', invitedBy: 'grace' },
  },
  { type: 'organization.invitation-accepted.v1', data: { invitationId: 'inv_1', memberId: 'linus' } },
  { type: 'organization.invitation-declined.v1', data: { invitationId: 'inv_1', memberId: 'linus' } },
  { type: 'organization.invitation-revoked.v1', data: { invitationId: 'inv_1' } },
  { type: 'organization.member-removed.v1', data: { memberId: 'ada' } },
  { type: 'organization.deletion-requested.v1', data: { cascade: true } },
];
const after = (...events: readonly OrganizationEvent[]): Organization => events.reduce(evolve, initialState);

describe('the state of an organization', () => {
  it('begins with its owner, one seat, and the default settings', () =>
    expect(after(created)).toEqual({
      status: 'active',
      name: 'Acme',
      slug: 'acme',
      members: new Map([['ada', { kind: 'person', role: 'owner' }]]),
      invitations: new Map(),
      seatLimit: 1,
      settings: DEFAULT_SETTINGS,
    }));

  it('has every change', () =>
    expect(after(created, ...CHANGES)).toEqual({
      status: 'deleting',
      name: 'Rockets',
      slug: 'rockets',
      members: new Map([['grace', { kind: 'person', role: 'admin', until: END, audit: { until: END } }]]),
      invitations: new Map([
        [
          'inv_1',
          {
            ...invitation,
            audit: false,
            expiresAtMs: END_MS,
            tokenDigest: 'second',
            invitedBy: 'grace',
            state: 'REVOKED',
          },
        ],
      ]),
      seatLimit: 7,
      settings: { ...DEFAULT_SETTINGS, contact: 'team@acme.dev' },
      deletion: { cascade: true, orphan: false },
    }));

  it('has only ends that the last event set', () => {
    const limited = { memberId: 'grace', role: 'editor', until: END } as const;
    const audit = (data: { granted: boolean; until?: string }): OrganizationEvent => ({
      type: 'organization.audit-right-set.v1',
      data: { memberId: 'grace', ...data },
    });
    const member = (...events: readonly OrganizationEvent[]) =>
      membersOf(
        after(created, { type: 'organization.member-added.v1', data: { ...grace, until: END } }, ...events),
      ).get('grace');
    expect(member()).toEqual({ kind: 'person', role: 'editor', until: END });
    expect(
      member({ type: 'organization.member-role-changed.v1', data: { memberId: 'grace', role: 'viewer' } }),
    ).toEqual({ kind: 'person', role: 'viewer' });
    expect(member({ type: 'organization.member-role-changed.v1', data: limited }, audit({ granted: true }))).toEqual({
      kind: 'person',
      role: 'editor',
      until: END,
      audit: {},
    });
    expect(member(audit({ granted: true, until: END }), audit({ granted: false }))).toEqual({
      kind: 'person',
      role: 'editor',
      until: END,
    });
  });

  it('has the end of the right audit that an invitation grants', () => {
    const granting: OrganizationEvent = {
      ...invited,
      data: { invitationId: 'inv_2', ...invitation, audit: true, auditUntil: END, expiresAt: END },
    };
    expect(after(created, granting)).toMatchObject({
      invitations: new Map([
        ['inv_2', { ...invitation, audit: true, auditUntil: END, expiresAtMs: END_MS, state: 'PENDING' }],
      ]),
    });
  });

  it('is not changed by events about members and invitations that do not exist', () => {
    const present = after(created);
    for (const event of CHANGES.filter(({ type }) => /role-changed|audit-right|invitation-/.test(type)))
      expect(evolve(present, event)).toEqual(present);
  });

  it('is left as it was by each event, which returns a new one', () => {
    const full = after(created, ...CHANGES.slice(0, -1));
    const before = structuredClone(full);
    for (const event of [...CHANGES, deleted]) evolve(full, event);
    expect(full).toEqual(before);
  });

  it('is not changed before the organization was created, and after it was deleted', () => {
    const gone = after(created, deleted);
    expect(gone).toEqual({ status: 'deleted', name: 'Acme', slug: 'acme' });
    for (const state of [initialState, gone]) {
      for (const event of CHANGES) expect(evolve(state, event)).toEqual(state);
      expect(membersOf(state).size).toBe(0);
    }
    expect(evolve(initialState, deleted)).toEqual({ status: 'deleted' });
  });
});
