import {
  can,
  Directory,
  PERMISSION_NAMES,
  PERMISSIONS,
  RECENT_LOGIN_MS,
  type DirectoryFact,
  type Permission,
  type Principal,
} from '#access';
import { checkAccess } from '#bus';
import { permissionsOf } from '#bus/contract';
import { position } from '#kernel';
import { everyContract } from '#testing/contracts';
import {
  answerOf,
  answerToAny,
  CALLERS,
  credentialsOf,
  MATRIX,
  type MatrixCaller,
  type MatrixCredential,
} from '#testing/matrix';

const NOW = Date.UTC(2026, 0, 2);
const ORG = 'acme';
const OTHER = 'other';
const idOf = ({ name }: MatrixCaller): string => name.replaceAll(' ', '-');
const contracts = (await everyContract()).map(({ contract }) => contract);

type Placed = readonly [stream: string, event: DirectoryFact];

const keyOf = (caller: MatrixCaller, organization: string, ended: boolean): Placed => [
  `keys-${organization}`,
  {
    type: 'access-key.created.v1',
    data: {
      keyId: keyIdOf(caller, organization, ended),
      memberId: idOf(caller),
      memberKind: caller.isService ? 'service' : 'person',
      role: 'owner',
      name: 'k',
      digest: keyIdOf(caller, organization, ended),
      masked: 'm',
      source: 'cli',
      ...(ended && { expiresAt: new Date(NOW - 1).toISOString() }),
    },
  },
];
const sessionIdOf = (userId: string): string => `session of ${userId}`;
const sessionOf = (userId: string): Placed => [
  `sessions-${userId}`,
  {
    type: 'session.started.v1',
    data: {
      sessionId: sessionIdOf(userId),
      digest: sessionIdOf(userId),
      startedAt: new Date(NOW - 3_600_000).toISOString(),
      expiresAt: new Date(NOW + 3_600_000).toISOString(),
    },
  },
];
const keyIdOf = (caller: MatrixCaller, organization: string, ended: boolean): string =>
  `${idOf(caller)} ${organization}${ended ? ' ended' : ''}`;

/** Folds two organizations: callers have their role in the first, and all people are viewers of the second. */
function directoryOf(): Directory {
  const facts: Placed[] = [
    ...[ORG, OTHER].map((slug): Placed => [
      `organization-${slug}`,
      { type: 'organization.created.v1', data: { name: slug, slug, ownerId: 'founder', isDefault: false } },
    ]),
    ...CALLERS.flatMap((caller): Placed[] => {
      const memberId = idOf(caller);
      const kind = caller.isService ? 'service' : 'person';
      const member = (organization: string, role: 'viewer' | 'editor' | 'admin' | 'owner'): Placed => [
        `organization-${organization}`,
        { type: 'organization.member-added.v1', data: { memberId, kind, role } },
      ];
      return [
        ...(caller.isService
          ? []
          : [
              [
                `user-${memberId}`,
                { type: 'user.registered.v1', data: { globalRole: caller.isGlobalAdmin ? 'admin' : 'developer' } },
              ] as const,
              member(OTHER, 'viewer'),
              sessionOf(memberId),
              keyOf(caller, OTHER, false),
            ]),
        ...(caller.role ? [member(ORG, caller.role), keyOf(caller, ORG, false), keyOf(caller, ORG, true)] : []),
        ...(caller.isAuditor
          ? [
              [
                `organization-${ORG}`,
                { type: 'organization.audit-right-set.v1', data: { memberId, granted: true } },
              ] as const,
            ]
          : []),
      ];
    }),
  ];
  const directory = new Directory();
  facts.forEach(([stream, event], index) => {
    const metadata = {
      id: `event-${index}`,
      stream,
      revision: index,
      position: position('teststore', index + 1),
      recordedAt: '2026-01-01T00:00:00.000Z',
      actor: 'system:test',
      commandId: 'c',
      correlationId: 'r',
      causationId: 'c',
    };
    directory.apply({ event, metadata });
  });
  return directory;
}
const directory = directoryOf();

function principalOf(caller: MatrixCaller, credential: MatrixCredential): Principal {
  if (credential === 'none') return { kind: 'anonymous' };
  const userId = idOf(caller);
  if (credential === 'login') return { kind: 'login', userId };
  if (credential === 'session' || credential === 'old-session') {
    const ageMs = credential === 'session' ? 0 : RECENT_LOGIN_MS;
    return { kind: 'login', userId, session: { id: sessionIdOf(userId), authenticatedAtMs: NOW - ageMs } };
  }
  const organizationId = credential === 'other-key' ? OTHER : ORG;
  return {
    kind: 'key',
    memberId: idOf(caller),
    memberKind: caller.isService ? 'service' : 'person',
    keyId: keyIdOf(caller, organizationId, credential === 'ended-key'),
    organizationId,
    role: 'owner',
  };
}

const combinations = CALLERS.flatMap((caller) =>
  credentialsOf(caller).map((credential) => ({ caller, credential, principal: principalOf(caller, credential) })),
);

describe('the permission matrix', () => {
  it('has one line for every permission', () =>
    expect(Object.keys(MATRIX).toSorted()).toEqual([...PERMISSION_NAMES].toSorted()));

  it('A4, A5, A10, A23, A24, B25: applies to every contract, caller, and credential', () => {
    const wrong: unknown[] = [];
    let count = 0;
    for (const { subject, route, permission, orPermission, callers, organizationOf } of contracts) {
      if (permission === 'SERVICES_ONLY') {
        if (route !== undefined || !callers?.length) wrong.push({ subject, is: 'a route, or without callers' });
        continue;
      }
      if (permission !== 'PUBLIC' && !Object.hasOwn(MATRIX, permission)) wrong.push({ subject, is: 'without a rule' });
      if (permission === 'PUBLIC') continue; // the guard asks nothing; that the edge asks nothing is tested over HTTP
      const isOfOrganization = PERMISSIONS[permission].scope === 'organization';
      if (isOfOrganization !== (organizationOf !== undefined) && permission !== 'self.read')
        wrong.push({ subject, is: 'without the organization that its permission needs' });
      for (const { caller, credential, principal } of combinations) {
        const organizationId = isOfOrganization ? ORG : undefined;
        const checked = checkAccess({ principal, permission, orPermission, organizationId }, directory, NOW);
        const is = checked.ok ? 'allowed' : checked.error.code;
        const expected = answerToAny(permissionsOf({ permission, orPermission }), caller, credential);
        if (is !== expected) wrong.push({ subject, permission, caller: caller.name, credential, is, expected });
        count++;
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(3_000);
  });

  it('applies to every permission where a protected profile applies', () => {
    const wrong: unknown[] = [];
    const ofOrganization = PERMISSION_NAMES.filter((name) => PERMISSIONS[name].scope === 'organization');
    for (const permission of ofOrganization)
      for (const { caller, credential, principal } of combinations) {
        if (credential === 'ended-key') continue; // ends before the permission is looked at
        const decision = can(principal, permission, { organizationId: ORG, isProtected: true }, directory, NOW);
        const is = decision.allowed ? 'allowed' : decision.error.code;
        const expected = answerOf(permission, caller, credential, true);
        if (is !== expected) wrong.push({ permission, caller: caller.name, credential, is, expected });
      }
    expect(wrong).toEqual([]);
  });

  it.each<Permission>(['organization.read', 'application.deploy', 'audit.read', 'members.manage'])(
    'A1: %s answers an outsider like an organization that does not exist',
    (permission) => {
      for (const { caller, credential, principal } of combinations) {
        if (caller.role || caller.isGlobalAdmin || credential === 'none') continue;
        const [foreign, unknown] = [ORG, undefined].map((organizationId) =>
          checkAccess({ principal, permission, organizationId }, directory, NOW),
        );
        expect(foreign).toEqual(unknown);
      }
    },
  );
});
