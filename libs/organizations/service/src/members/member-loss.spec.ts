import { PERMISSIONS, type DirectoryKey, type Role } from '#access';
import type { Invitation, Member } from '../organization.ts';
import { memberLoss } from './member-loss.ts';

const NOW = Date.UTC(2026, 0, 1);
const later = '2027-01-01T00:00:00Z';

const invitation = (role: Role, more: Partial<Invitation> = {}): Invitation => ({
  addressId: 'address-1',
  role,
  audit: false,
  expiresAtMs: NOW + 1,
  tokenDigest: 'digest',
  invitedBy: 'grace',
  state: 'PENDING',
  ...more,
});
const member = (role: Role, until?: string): Member => ({
  kind: 'person',
  role,
  ...(until !== undefined && { until }),
});
const lost = (before: Member, after: Member | undefined, invitations: Readonly<Record<string, Invitation>>) =>
  memberLoss({ memberId: 'grace', before, after }, { keys: [], invitations: new Map(Object.entries(invitations)) }, NOW)
    .invitations;

describe('the pending invitations that a member loses', () => {
  const both = { editor: invitation('editor'), owner: invitation('owner') };

  it.each([
    ['removed', member('owner'), undefined, ['editor', 'owner']],
    ['made editor', member('owner'), member('editor'), ['editor', 'owner']],
    ['made admin', member('owner'), member('admin'), ['owner']],
    ['kept as owner', member('owner'), member('owner'), []],
    ['given an end', member('owner'), member('owner', later), ['editor', 'owner']],
    ['given another end', member('owner', later), member('admin', later), []],
  ])('when they are %s', (_, before, after, expected) => expect(lost(before, after, both)).toEqual(expected));

  it('are their own, and not those that have ended', () =>
    expect(
      lost(member('owner'), undefined, {
        others: invitation('viewer', { invitedBy: 'ada' }),
        expired: invitation('viewer', { expiresAtMs: NOW }),
        accepted: invitation('viewer', { state: 'ACCEPTED' }),
        pending: invitation('viewer'),
      }),
    ).toEqual(['pending']));
});

describe('what a member loses', () => {
  const change = (before: Member | undefined, after: Member | undefined, keys: readonly DirectoryKey[] = []) =>
    memberLoss({ memberId: 'grace', before, after }, { keys, invitations: new Map() }, NOW);
  const permissionsOf = (role: Role): string[] =>
    Object.entries(PERMISSIONS)
      .filter(([, { roles }]) => (roles as readonly Role[]).includes(role))
      .map(([permission]) => permission);
  const auditor = (until?: string): Member => ({ ...member('viewer'), audit: until === undefined ? {} : { until } });
  const now = new Date(NOW).toISOString();
  const key = (id: string, role: Role, more: Partial<DirectoryKey> = {}): DirectoryKey => ({
    organizationId: 'acme',
    created: {
      keyId: id,
      memberId: 'grace',
      memberKind: 'person',
      role,
      name: `name of ${id}`,
      digest: 'd',
      masked: 'm',
      source: 'cli',
    },
    expiresAtMs: NOW + 1,
    grantedBy: 'event-1',
    revoked: false,
    ...more,
  });

  it('is every permission of the role, if they are removed', () =>
    expect(change(member('editor'), undefined)).toEqual({
      role: 'editor',
      audit: false,
      permissions: permissionsOf('editor'),
      keys: [],
      invitations: [],
    }));

  it('is the permissions that the new role does not have', () => {
    const { permissions } = change(member('editor'), member('viewer'));
    expect(permissions).toContain('application.deploy');
    expect(permissions).not.toContain('application.read');
    expect(change(member('viewer'), member('editor')).permissions).toEqual([]);
  });

  it('is nothing, if the membership has ended already or begins', () => {
    const nothing = { role: null, audit: false, permissions: [], keys: [], invitations: [] };
    expect(change(member('editor', now), undefined, [key('key_1', 'editor')])).toEqual(nothing);
    expect(change(undefined, member('editor'), [key('key_1', 'editor')])).toEqual(nothing);
  });

  it('is everything, if the new end is not after now', () =>
    expect(change(member('viewer'), member('viewer', now)).permissions).toEqual(permissionsOf('viewer')));

  it('includes what the right audit grants, until its end', () => {
    expect(change(auditor(), member('viewer'))).toMatchObject({ audit: true, permissions: ['audit.read'] });
    expect(change(auditor(later), member('viewer'))).toMatchObject({ audit: true, permissions: ['audit.read'] });
    expect(change(auditor(now), member('viewer'))).toMatchObject({ audit: false, permissions: [] });
    expect(change(auditor(), auditor())).toMatchObject({ permissions: [] });
  });

  it('includes the roles of working keys that exceed what remains', () => {
    const keys = [
      key('key_1', 'owner'),
      key('key_2', 'viewer'),
      key('key_3', 'admin', { revoked: true }),
      key('key_4', 'admin', { expiresAtMs: NOW }),
      key('key_5', 'editor', { expiresAtMs: Number.POSITIVE_INFINITY }),
    ];
    const [first, second, , , fifth] = keys.map(({ created: { keyId, name } }) => ({ id: keyId, name }));
    expect(change(member('admin'), member('viewer'), keys).keys).toEqual([
      { ...first, role: 'viewer' },
      { ...fifth, role: 'viewer' },
    ]);
    expect(change(member('admin'), member('editor'), keys).keys).toEqual([{ ...first, role: 'editor' }]);
    expect(change(member('viewer'), undefined, keys).keys).toEqual([
      { ...first, role: null },
      { ...second, role: null },
      { ...fifth, role: null },
    ]);
    expect(change(member('editor'), member('editor'), keys).keys).toEqual([]);
  });
});
