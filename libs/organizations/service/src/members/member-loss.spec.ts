import type { Role } from '#access';
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
