import { actorOf, isLoginOld, principalId, RECENT_LOGIN_MS, type Principal } from './principal.ts';
import { isRole, mayGrant, ROLES, weaker } from './roles.ts';

const key: Principal = {
  kind: 'key',
  memberId: 'service-1',
  memberKind: 'service',
  keyId: 'key_1',
  organizationId: 'acme',
  role: 'editor',
};

describe('a principal', () => {
  it.each([
    [{ kind: 'anonymous' }, 'anonymous'],
    [{ kind: 'login', userId: 'ada' }, 'ada'],
    [key, 'service-1'],
    [{ kind: 'service', service: 'billing' }, 'system:billing'],
  ] as const)('has an ID for events: %j is %s', (principal, id) => expect(principalId(principal)).toBe(id));

  it('is a global admin for decisions with a login only', () => {
    expect(actorOf({ kind: 'login', userId: 'root' }, true)).toEqual({
      id: 'root',
      kind: 'person',
      isGlobalAdmin: true,
    });
    expect(actorOf({ kind: 'login', userId: 'ada' }, false)).toMatchObject({ isGlobalAdmin: false });
    expect(actorOf(key, true)).toEqual({
      id: 'service-1',
      kind: 'service',
      isGlobalAdmin: false,
      key: { id: 'key_1', role: 'editor' },
    });
    expect(actorOf({ kind: 'service', service: 'billing' }, true)).toEqual({
      id: 'system:billing',
      kind: 'system',
      isGlobalAdmin: false,
    });
    expect(actorOf({ kind: 'anonymous' }, true)).toEqual({ id: 'anonymous', kind: 'system', isGlobalAdmin: false });
  });

  it('B32: is a global admin for decisions with a recent login only', () => {
    const root = { kind: 'login', userId: 'root' } as const;
    const old = { id: 'root', kind: 'person', isGlobalAdmin: false, isLoginOld: true };
    for (const isGlobalAdmin of [true, false]) expect(actorOf(root, isGlobalAdmin, true)).toEqual(old);
    expect(actorOf(root, true, false)).toEqual({ id: 'root', kind: 'person', isGlobalAdmin: true });
    expect(actorOf(key, false, true)).toEqual(actorOf(key, false));
  });

  it('B32: has an old login 15 minutes after the person of a session authenticated', () => {
    const at = (ageMs: number) =>
      isLoginOld({ kind: 'login', userId: 'ada', session: { id: 's1', authenticatedAtMs: 1_000 } }, 1_000 + ageMs);
    expect(RECENT_LOGIN_MS).toBe(900_000);
    expect([at(0), at(RECENT_LOGIN_MS - 1), at(RECENT_LOGIN_MS)]).toEqual([false, false, true]);
    for (const other of [{ kind: 'login', userId: 'ada' }, key, { kind: 'anonymous' }] as const)
      expect(isLoginOld(other, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});

describe('roles', () => {
  it('are compared by their rank', () => {
    ROLES.forEach((stronger, rank) =>
      ROLES.forEach((other, otherRank) => {
        expect(weaker(stronger, other)).toBe(rank <= otherRank ? stronger : other);
        expect(mayGrant(stronger, other)).toBe(rank >= otherRank);
      }),
    );
    expect(mayGrant(undefined, 'viewer')).toBe(false);
  });

  it('are recognized by their names', () => {
    expect(ROLES).toEqual(['viewer', 'editor', 'admin', 'owner']);
    for (const role of ROLES) expect(isRole(role)).toBe(true);
    expect(isRole('root')).toBe(false);
  });
});
