import { Directory, ROLES, type DirectoryFact, type Principal, type Role } from '#access';
import { CHANGE_KINDS, type ChangeKind } from '#audit/contract';
import { position, type Recorded } from '#kernel';
import { sees } from './seen-changes.ts';

const ACME = 'org-acme';
const NOW = Date.parse('2026-12-02T10:00:00Z');

let count = 0;
const recorded = (stream: string, event: DirectoryFact): Recorded<DirectoryFact> => ({
  event,
  metadata: {
    id: `event-${++count}`,
    stream,
    revision: count,
    position: position('teststore', count),
    recordedAt: '2026-12-01T10:00:00.000Z',
    actor: 'owner',
    commandId: 'c',
    correlationId: 'r',
    causationId: 'c',
  },
});

const directory = new Directory();
const key = (keyId: string, memberId: string): DirectoryFact => ({
  type: 'access-key.created.v1',
  data: { keyId, memberId, memberKind: 'person', role: 'owner', name: 'k', digest: keyId, masked: 'k', source: 'cli' },
});
for (const role of [...ROLES, 'stranger'])
  directory.apply(recorded(`user-${role}`, { type: 'user.registered.v1', data: { globalRole: 'developer' } }));
directory.apply(recorded('user-root', { type: 'user.registered.v1', data: { globalRole: 'admin' } }));
directory.apply(
  recorded(`organization-${ACME}`, {
    type: 'organization.created.v1',
    data: { name: 'Acme', slug: 'acme', ownerId: 'owner', isDefault: false },
  }),
);
for (const role of ROLES.filter((name) => name !== 'owner'))
  directory.apply(
    recorded(`organization-${ACME}`, {
      type: 'organization.member-added.v1',
      data: { memberId: role, kind: 'person', role },
    }),
  );
for (const role of ROLES) directory.apply(recorded(`keys-${ACME}`, key(`key-of-${role}`, role)));

const login = (userId: string): Principal => ({ kind: 'login', userId });
const seenBy = (principal: Principal, kind: ChangeKind, id = 'x') =>
  sees({ principal, organizationId: ACME }, { kind, id }, directory, NOW);

describe('who sees that an object has changed', () => {
  const ALL = ['viewer', 'editor', 'admin', 'owner'] as const;
  it.each<readonly [ChangeKind, readonly Role[]]>([
    ['organization', ALL],
    ['member', ALL],
    ['invitation', ['admin', 'owner']],
    ['access-key', ['admin', 'owner']],
    ['subscription', ALL],
    ['usage', ALL],
    ['application', ALL],
    ['secret', ALL],
    ['webhook', ['editor', 'admin', 'owner']],
    ['profile', ALL],
    ['cluster', ALL],
    ['cluster-access', ['admin', 'owner']],
    ['credential', ['admin', 'owner']],
  ])('%s: %s', (kind, roles) => {
    expect(ALL.filter((role) => seenBy(login(role), kind))).toEqual(roles);
    expect(seenBy(login('stranger'), kind)).toBe(false);
    expect(seenBy({ kind: 'anonymous' }, kind)).toBe(false);
    expect(seenBy(login('root'), kind)).toBe(true);
  });

  it('own access keys: their owner', () => {
    expect(seenBy(login('viewer'), 'access-key', 'key-of-viewer')).toBe(true);
    expect(seenBy(login('viewer'), 'access-key', 'key-of-editor')).toBe(false);
  });

  it('with a key that has a weaker role: what that role sees', () => {
    const weak: Principal = {
      kind: 'key',
      keyId: 'key-of-owner',
      memberId: 'owner',
      memberKind: 'person',
      organizationId: ACME,
      role: 'viewer',
    };
    expect(CHANGE_KINDS.filter((kind) => seenBy(weak, kind))).toEqual(
      CHANGE_KINDS.filter((kind) => seenBy(login('viewer'), kind)),
    );
    expect(seenBy({ ...weak, organizationId: 'org-other' }, 'application')).toBe(false);
  });
});
