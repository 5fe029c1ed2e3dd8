import { position, type Recorded } from '#kernel';
import { can, effectiveRole, endedKey, endedSession } from './can.ts';
import { Directory } from './directory.ts';
import type { DirectoryFact } from './rights.events.ts';
import { currentTable, type Permission } from './permissions.ts';
import { RECENT_LOGIN_MS, type Principal } from './principal.ts';
import type { Role } from './roles.ts';

const ORG = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
const OTHER = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c03';
const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

type Facts = readonly (readonly [stream: string, fact: DirectoryFact])[];
function directoryOf(...facts: Facts): Directory {
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
    directory.apply({ event, metadata } satisfies Recorded);
  });
  return directory;
}

const user = (id: string, globalRole: 'admin' | 'developer' = 'developer') =>
  [`user-${id}`, { type: 'user.registered.v1', data: { globalRole } }] as const;
const member = (id: string, role: Role, organization = ORG) =>
  [
    `organization-${organization}`,
    { type: 'organization.member-added.v1', data: { memberId: id, kind: 'person', role } },
  ] as const;
const founded = (id: string, slug: string, ownerId: string) =>
  [
    `organization-${id}`,
    { type: 'organization.created.v1', data: { name: slug, slug, ownerId, isDefault: false } },
  ] as const;
const FACTS: Facts = [
  ...['owner', 'admin', 'editor', 'viewer', 'outsider', 'auditor'].map((id) => user(id)),
  user('root', 'admin'),
  founded(ORG, 'acme', 'owner'),
  founded(OTHER, 'other', 'outsider'),
  member('admin', 'admin'),
  member('editor', 'editor'),
  member('viewer', 'viewer'),
  member('auditor', 'viewer'),
  [
    `organization-${ORG}`,
    {
      type: 'organization.audit-right-set.v1',
      data: { memberId: 'auditor', granted: true, until: new Date(NOW + DAY).toISOString() },
    },
  ],
];
const directory = () => directoryOf(...FACTS);

const login = (userId: string): Principal => ({ kind: 'login', userId });
const key = (memberId: string, role: Role, organizationId = ORG): Principal => ({
  kind: 'key',
  memberId,
  memberKind: 'person',
  keyId: 'key_1',
  organizationId,
  role,
});
const decide = (principal: Principal, permission: Permission, organizationId: string | undefined = ORG, at = NOW) =>
  can(principal, permission, organizationId === undefined ? {} : { organizationId }, directory(), at);
const codeOf = (decision: ReturnType<typeof can>): string => (decision.allowed ? 'allowed' : decision.error.code);

describe('permissions without an organization', () => {
  it('A10: a global developer has no permission on the platform; a global admin has them with a login only', () => {
    for (const permission of [
      'organization.create',
      'platform.users',
      'platform.operate',
      'platform.organizations',
    ] as const) {
      expect(codeOf(decide(login('owner'), permission, undefined))).toBe('access/not-permitted');
      expect(codeOf(decide(login('root'), permission, undefined))).toBe('allowed');
      expect(codeOf(decide(key('root', 'owner'), permission, undefined))).toBe('key/login-required');
      for (const id of ['owner', 'service-1'])
        expect(codeOf(decide(key(id, 'owner'), permission, undefined))).toBe('access/not-permitted');
    }
  });

  it('permissions on oneself need a login or a key, and self.enter a login', () => {
    expect(codeOf(decide(key('viewer', 'viewer'), 'self.read', undefined))).toBe('allowed');
    expect(codeOf(decide(key('viewer', 'viewer'), 'self.enter', undefined))).toBe('key/login-required');
    expect(codeOf(decide({ kind: 'anonymous' }, 'self.read', undefined))).toBe('access/not-signed-in');
  });
});

describe('a session of the console', () => {
  const session = (userId: string, ageMs: number): Principal => ({
    kind: 'login',
    userId,
    session: { id: 's1', authenticatedAtMs: NOW - ageMs },
  });
  const RECENT = RECENT_LOGIN_MS - 1;
  const ask = (id: string, ageMs: number, permission: Permission, organizationId?: string) =>
    codeOf(decide(session(id, ageMs), permission, organizationId));

  it('B32: is a login for 15 minutes after the person authenticated', () => {
    for (const [id, permission] of [
      ['viewer', 'self.enter'],
      ['root', 'platform.users'],
    ] as const) {
      expect(ask(id, RECENT, permission)).toBe('allowed');
      expect(ask(id, RECENT_LOGIN_MS, permission)).toBe('login/too-old');
    }
    expect(ask('owner', RECENT, 'organization.delete', ORG)).toBe('allowed');
    expect(ask('owner', RECENT_LOGIN_MS, 'organization.delete', ORG)).toBe('login/too-old');
    expect(ask('owner', NOW, 'organization.delete', ORG)).toBe('login/too-old'); // the issuer did not say when
  });

  it('has afterwards what an access key of the same role has', () => {
    expect(ask('viewer', RECENT_LOGIN_MS, 'self.read')).toBe('allowed');
    expect(ask('editor', RECENT_LOGIN_MS, 'application.deploy', ORG)).toBe('allowed');
    expect(ask('viewer', RECENT_LOGIN_MS, 'application.deploy', ORG)).toBe('access/not-permitted');
    expect(ask('outsider', RECENT_LOGIN_MS, 'organization.read', ORG)).toBe('organization/not-found');
    expect(ask('owner', RECENT_LOGIN_MS, 'platform.users')).toBe('access/not-permitted');
  });

  it('B32: has global rights with a recent login only', () => {
    expect(ask('root', RECENT, 'application.read', ORG)).toBe('allowed');
    expect(ask('root', RECENT_LOGIN_MS, 'application.read', ORG)).toBe('login/too-old');
    expect(ask('root', RECENT_LOGIN_MS, 'application.read', 'nowhere')).toBe('organization/not-found');
    const joined = directoryOf(...FACTS, member('root', 'viewer'));
    const scope = { organizationId: ORG };
    const asMember = (permission: Permission) =>
      codeOf(can(session('root', RECENT_LOGIN_MS), permission, scope, joined, NOW));
    expect(asMember('application.read')).toBe('allowed');
    expect(asMember('application.deploy')).toBe('login/too-old');
    expect(ask('root', RECENT_LOGIN_MS, 'cluster.kubeconfig', ORG)).toBe('login/too-old');
  });

  const started = (sessionId: string, startedMs: number) =>
    [
      'sessions-viewer',
      {
        type: 'session.started.v1',
        data: {
          sessionId,
          digest: `digest of ${sessionId}`,
          startedAt: new Date(startedMs).toISOString(),
          expiresAt: new Date(startedMs + DAY).toISOString(),
        },
      },
    ] as const;
  const ended = (sessionId: string) =>
    ['sessions-viewer', { type: 'session.ended.v1', data: { sessionId, reason: 'logout' } }] as const;
  const errorAt = (nowMs: number, ...facts: Facts) =>
    endedSession(session('viewer', 0), directoryOf(...facts), nowMs)?.code;

  it('B28, B29: is rejected after its end, and from its last moment', () => {
    expect(errorAt(NOW, started('s1', NOW))).toBeUndefined();
    expect(errorAt(NOW + DAY - 1, started('s1', NOW))).toBeUndefined();
    expect(errorAt(NOW + DAY, started('s1', NOW))).toBe('login/session-ended');
    expect(errorAt(NOW, started('s1', NOW), ended('s1'))).toBe('login/session-ended');
    expect(errorAt(NOW)).toBe('login/session-ended');
    expect(endedSession(login('viewer'), directoryOf(), NOW)).toBeUndefined();
    expect(endedSession(key('viewer', 'viewer'), directoryOf(), NOW)).toBeUndefined();
    expect(endedSession(session('viewer', 0), directoryOf(), NOW)).toEqual({
      code: 'login/session-ended',
      kind: 'unauthenticated',
      detail: 'The session has ended.',
      fix: 'log in again: open /console/login of the platform in your browser',
    });
  });

  it('is not remembered after it has expired', () => {
    const folded = directoryOf(started('old', NOW - DAY), started('older', NOW - DAY), started('s1', NOW));
    expect([...folded.sessionsById.keys()]).toEqual(['s1']);
    expect([...folded.sessions.keys()]).toEqual(['digest of s1']);
  });
});

describe('can', () => {
  it('A1: returns the same error for an organization of others as for one that does not exist', () => {
    const [outside, unknown] = [
      decide(login('outsider'), 'organization.read'),
      decide(login('outsider'), 'organization.read', 'nowhere'),
    ];
    expect(outside).toEqual(unknown);
    expect(codeOf(outside)).toBe('organization/not-found');
  });

  it('A1: reports a key of another organization to members only', () => {
    expect(codeOf(decide(key('owner', 'owner', OTHER), 'organization.read'))).toBe('key/other-organization');
    expect(codeOf(decide(key('outsider', 'owner', OTHER), 'organization.read'))).toBe('organization/not-found');
  });

  it('A23: grants no global permission to the key of a global admin', () =>
    expect(codeOf(decide(key('root', 'owner'), 'organization.read'))).toBe('organization/not-found'));

  it('A24: grants a global admin no kubeconfig of an organization they have not joined', () =>
    expect(codeOf(decide(login('root'), 'cluster.kubeconfig'))).toBe('access/not-permitted'));

  it('B18: limits a key to the current role of its member, and a member to the role of the key', () => {
    expect(codeOf(decide(key('viewer', 'owner'), 'application.deploy'))).toBe('access/not-permitted');
    expect(codeOf(decide(key('owner', 'viewer'), 'application.deploy'))).toBe('access/not-permitted');
    expect(codeOf(decide(key('owner', 'editor'), 'application.deploy'))).toBe('allowed');
  });

  it('ends the audit right at its date, evaluated at each check', () => {
    expect(codeOf(decide(login('auditor'), 'audit.read', ORG, NOW + DAY - 1))).toBe('allowed');
    expect(codeOf(decide(login('auditor'), 'audit.read', ORG, NOW + DAY))).toBe('access/not-permitted');
  });

  const organizationOf = (...facts: Facts) => directoryOf(...FACTS, ...facts);
  const until = new Date(NOW + DAY).toISOString();
  const roleChanged = (memberId: string, role: Role, end?: string) =>
    [
      `organization-${ORG}`,
      { type: 'organization.member-role-changed.v1', data: { memberId, role, ...(end && { until: end }) } },
    ] as const;

  it('ends a membership at its date, for logins and keys, and restores it with a later role without an end', () => {
    const limited = organizationOf(roleChanged('editor', 'editor', until));
    const scope = { organizationId: ORG };
    for (const principal of [login('editor'), key('editor', 'editor')]) {
      expect(codeOf(can(principal, 'application.deploy', scope, limited, NOW + DAY - 1))).toBe('allowed');
      expect(codeOf(can(principal, 'application.deploy', scope, limited, NOW + DAY))).toBe('organization/not-found');
    }
    expect(limited.organizationsOf('editor', NOW).map(({ slug }) => slug)).toEqual(['acme']);
    expect(limited.organizationsOf('editor', NOW + DAY)).toEqual([]);
    const again = organizationOf(roleChanged('editor', 'editor', until), roleChanged('editor', 'viewer'));
    expect(codeOf(can(login('editor'), 'organization.read', scope, again, NOW + DAY))).toBe('allowed');
  });

  it('ends the right audit with the membership', () => {
    const limited = organizationOf(roleChanged('auditor', 'viewer', new Date(NOW + DAY / 2).toISOString()));
    const decided = can(login('auditor'), 'audit.read', { organizationId: ORG }, limited, NOW + DAY / 2);
    expect(codeOf(decided)).toBe('organization/not-found');
  });

  it('rejects logins and keys of a suspended user until the user is restored', () => {
    const suspended = ['user-admin', { type: 'user.suspended.v1', data: {} }] as const;
    const restored = ['user-admin', { type: 'user.restored.v1', data: {} }] as const;
    for (const principal of [login('admin'), key('admin', 'admin')]) {
      const code = (...facts: Facts) =>
        codeOf(can(principal, 'self.read', { organizationId: ORG }, organizationOf(...facts), NOW));
      expect(code(suspended)).toBe('access/suspended');
      expect(code(suspended, restored)).toBe('allowed');
    }
  });

  it('returns the event that granted the permission', () => {
    expect(decide(login('admin'), 'members.manage')).toMatchObject({
      allowed: true,
      reason: { rule: 'role', role: 'admin', grantedBy: 'event-9' },
    });
    expect(decide(login('root'), 'members.manage')).toMatchObject({
      allowed: true,
      reason: { rule: 'global-admin', grantedBy: 'event-6' },
    });
  });

  it('B11: rejects members of a deleted organization and erased users', () => {
    const gone = directory();
    const apply = (stream: string, event: DirectoryFact) =>
      gone.apply({
        event,
        metadata: {
          id: 'x',
          stream,
          revision: 99,
          position: position('teststore', 99),
          recordedAt: '2026-01-01T00:00:00.000Z',
          actor: 'a',
          commandId: 'c',
          correlationId: 'r',
          causationId: 'c',
        },
      });
    apply('user-viewer', { type: 'user.erased.v1', data: {} });
    expect(codeOf(can(login('viewer'), 'self.read', {}, gone, NOW))).toBe('access/unknown-user');
    apply(`organization-${ORG}`, { type: 'organization.deleted.v1', data: {} });
    expect(codeOf(can(key('owner', 'owner'), 'organization.read', { organizationId: ORG }, gone, NOW))).toBe(
      'organization/not-found',
    );
    expect(codeOf(can(login('root'), 'organization.read', { organizationId: ORG }, gone, NOW))).toBe(
      'organization/not-found',
    );
    expect(gone.organization('acme')).toBeUndefined();
  });

  it('grants the permissions of its role to the key of a service member, who is not a user', () => {
    const data = { memberId: 'service-1', kind: 'service', role: 'editor', name: 'ci' } as const;
    const known = directoryOf(...FACTS, [`organization-${ORG}`, { type: 'organization.member-added.v1', data }]);
    const by = (permission: Permission) =>
      codeOf(can(key('service-1', 'editor'), permission, { organizationId: ORG }, known, NOW));
    expect(by('application.deploy')).toBe('allowed');
    expect(by('members.manage')).toBe('access/not-permitted');
  });

  it('applies the setting that denies logs to viewers, and its reversal', () => {
    const set = (viewersReadLogs: boolean) =>
      [`organization-${ORG}`, { type: 'organization.settings-set.v1', data: { viewersReadLogs } }] as const;
    const readsLogs = (principal: Principal, ...facts: Facts) =>
      codeOf(can(principal, 'application.logs', { organizationId: ORG }, directoryOf(...FACTS, ...facts), NOW));
    expect(readsLogs(login('viewer'), set(false))).toBe('access/not-permitted');
    expect(readsLogs(key('editor', 'viewer'), set(false))).toBe('access/not-permitted');
    expect(readsLogs(login('editor'), set(false))).toBe('allowed');
    expect(readsLogs(login('root'), set(false))).toBe('allowed');
    expect(readsLogs(login('viewer'), set(false), set(true))).toBe('allowed');
  });

  it('refers people to the contact of their organization', () => {
    const contact = { type: 'organization.settings-set.v1', data: { contact: 'team@acme.dev' } } as const;
    const fixFor = (...facts: Facts) => {
      const scope = { organizationId: ORG };
      const decision = can(login('viewer'), 'application.deploy', scope, directoryOf(...FACTS, ...facts), NOW);
      return decision.allowed ? undefined : decision.error.fix;
    };
    expect(fixFor()).toBe('ask an owner or admin of acme: astroctl org members');
    expect(fixFor([`organization-${ORG}`, contact])).toBe('ask team@acme.dev');
  });

  it('applies the rules of the table that it gets, and denies what the table does not have', () => {
    const { 'keys.others': rule, 'audit.read': _, ...rest } = currentTable();
    const table = { ...rest, ...(rule && { 'keys.others': { ...rule, roles: ['owner'] as const } }) };
    const scope = { organizationId: ORG };
    const by = (permission: Permission) => codeOf(can(login('admin'), permission, scope, directory(), NOW, table));
    expect(by('keys.others')).toBe('access/not-permitted');
    expect(by('audit.read')).toBe('access/not-permitted');
    expect(by('members.manage')).toBe('allowed');
    expect(codeOf(decide(login('admin'), 'keys.others'))).toBe('allowed');
  });

  it.each(['application.deploy', 'secrets.write', 'profile.change'] as const)(
    'denies %s to editors where a protected profile applies',
    (permission) => {
      const by = (principal: Principal, isProtected: boolean) =>
        codeOf(can(principal, permission, { organizationId: ORG, isProtected }, directory(), NOW));
      expect(by(login('editor'), false)).toBe('allowed');
      expect(by(login('editor'), true)).toBe('access/protected-profile');
      expect(by(key('owner', 'editor'), true)).toBe('access/protected-profile');
      for (const id of ['admin', 'owner', 'root']) expect(by(login(id), true)).toBe('allowed');
    },
  );

  it('grants editors what no protected profile concerns', () => {
    const scope = { organizationId: ORG, isProtected: true };
    expect(codeOf(can(login('editor'), 'application.read', scope, directory(), NOW))).toBe('allowed');
  });

  it('grants no permission of people to a service', () =>
    expect(decide({ kind: 'service', service: 'billing' }, 'organization.read').allowed).toBe(false));

  it('lets members follow and end an organization while it is being deleted, and nothing else', () => {
    const requested = [`organization-${ORG}`, { type: 'organization.deletion-requested.v1', data: {} }] as const;
    const deleting = directoryOf(...FACTS, requested);
    const code = (permission: Permission) =>
      codeOf(can(login('owner'), permission, { organizationId: ORG }, deleting, NOW));
    for (const permission of [
      'organization.read',
      'organization.delete',
      'application.read',
      'application.delete',
    ] as const)
      expect(code(permission)).toBe('allowed');
    for (const permission of ['application.deploy', 'members.manage', 'audit.read'] as const)
      expect(code(permission)).toBe('organization/deleting');
  });

  it('grants permissions on oneself without an organization, a role, or an event', () =>
    expect(decide(key('viewer', 'viewer'), 'self.read', undefined)).toEqual({
      allowed: true,
      reason: { permission: 'self.read', rule: 'self' },
    }));

  it('grants a permission on the platform by the event that made the user a global admin', () =>
    expect(decide(login('root'), 'platform.users', undefined)).toEqual({
      allowed: true,
      reason: { permission: 'platform.users', rule: 'global-admin', role: 'global-admin', grantedBy: 'event-6' },
    }));

  it('grants permissions of the audit right by the event that granted it, with the role of the member', () =>
    expect(decide(login('auditor'), 'audit.read')).toEqual({
      allowed: true,
      reason: { permission: 'audit.read', rule: 'audit', role: 'viewer', grantedBy: 'event-13' },
    }));

  it('grants nothing by the audit right that needs another role', () =>
    expect(codeOf(decide(login('auditor'), 'members.manage'))).toBe('access/not-permitted'));

  it('grants a global admin the permissions of an organization only if the rule says so', () => {
    for (const permission of ['organization.change', 'audit.read'] as const)
      expect(decide(login('root'), permission)).toMatchObject({ reason: { role: 'global-admin' } });
    expect(codeOf(decide(login('root'), 'keys.create'))).toBe('access/not-permitted');
  });

  it('refuses an access key where a login is required', () =>
    expect(codeOf(decide(key('owner', 'owner'), 'plan.change'))).toBe('key/login-required'));

  it('finds no organization if the scope has none', () =>
    expect(codeOf(can(login('owner'), 'organization.read', {}, directory(), NOW))).toBe('organization/not-found'));
});

describe('the error of a denied permission', () => {
  const scope = { organizationId: ORG };
  const setting = (data: Partial<{ viewersReadLogs: boolean }>) =>
    directoryOf(...FACTS, [`organization-${ORG}`, { type: 'organization.settings-set.v1', data }]);
  const ask = 'ask an owner or admin of acme: astroctl org members';
  const suspended = directoryOf(...FACTS, ['user-viewer', { type: 'user.suspended.v1', data: {} }]);
  const deleting = directoryOf(...FACTS, [
    `organization-${ORG}`,
    { type: 'organization.deletion-requested.v1', data: {} },
  ]);
  const cases: readonly (readonly [
    code: string,
    kind: string,
    detail: string,
    fix: string | undefined,
    decision: () => ReturnType<typeof can>,
  ])[] = [
    [
      'access/not-signed-in',
      'unauthenticated',
      'Authentication required: log in, or send an access key.',
      'astroctl auth login',
      () => decide({ kind: 'anonymous' }, 'self.read'),
    ],
    [
      'access/not-permitted',
      'forbidden',
      'Services can only send requests whose contracts list them.',
      undefined,
      () => decide({ kind: 'service', service: 'billing' }, 'organization.read'),
    ],
    [
      'access/not-permitted',
      'forbidden',
      'No rule grants keys.own.',
      'astroctl org members',
      () => can(login('owner'), 'keys.own', scope, directory(), NOW, {}),
    ],
    [
      'access/unknown-user',
      'unauthenticated',
      'This account no longer exists.',
      'astroctl auth login',
      () => decide(login('nobody'), 'self.read'),
    ],
    [
      'access/suspended',
      'forbidden',
      'This account is suspended.',
      'ask a global admin to restore it: astroctl user restore EMAIL',
      () => can(login('viewer'), 'self.read', {}, suspended, NOW),
    ],
    [
      'access/not-permitted',
      'forbidden',
      'Only a global admin can do this.',
      undefined,
      () => decide(login('owner'), 'platform.users', undefined),
    ],
    [
      'key/login-required',
      'forbidden',
      'An access key cannot do this; log in instead.',
      'astroctl auth login',
      () => decide(key('owner', 'owner'), 'keys.create'),
    ],
    [
      'login/too-old',
      'unauthenticated',
      'This requires a login of the last 15 minutes.',
      'log in again: open /console/login?max_age=900 of the platform in your browser',
      () => decide({ kind: 'login', userId: 'viewer', session: { id: 's1', authenticatedAtMs: 0 } }, 'self.enter'),
    ],
    [
      'organization/not-found',
      'not-found',
      'Organization not found, or you are not a member.',
      'astroctl org list',
      () => decide(login('outsider'), 'organization.read'),
    ],
    [
      'key/other-organization',
      'forbidden',
      'This access key belongs to another of your organizations.',
      'astroctl auth login --org-id acme',
      () => decide(key('owner', 'owner', OTHER), 'organization.read'),
    ],
    [
      'organization/deleting',
      'conflict',
      'The organization is being deleted.',
      undefined,
      () => can(login('owner'), 'application.deploy', scope, deleting, NOW),
    ],
    [
      'access/protected-profile',
      'forbidden',
      'The role editor in acme does not include application.deploy where a protected profile applies.',
      ask,
      () => can(login('editor'), 'application.deploy', { organizationId: ORG, isProtected: true }, directory(), NOW),
    ],
    [
      'access/not-permitted',
      'forbidden',
      'Viewers of acme do not have application.logs: its setting viewersReadLogs is off.',
      ask,
      () => can(login('viewer'), 'application.logs', scope, setting({ viewersReadLogs: false }), NOW),
    ],
    [
      'access/not-permitted',
      'forbidden',
      'The role viewer in acme does not include members.manage.',
      ask,
      () => decide(login('viewer'), 'members.manage'),
    ],
    [
      'access/not-permitted',
      'forbidden',
      'The role of a global admin in acme does not include cluster.kubeconfig.',
      ask,
      () => decide(login('root'), 'cluster.kubeconfig'),
    ],
  ];
  it.each(cases)('is %s (%s): %s', (code, kind, detail, fix, decision) => {
    const { allowed, reason, ...rest } = decision();
    expect({ allowed, rule: reason.rule }).toEqual({ allowed: false, rule: 'no-rule' });
    expect(rest).toEqual({ error: { code, kind, detail, ...(fix !== undefined && { fix }) } });
  });
});

describe('an access key that has ended', () => {
  const created = (data: { readonly expiresAt?: string } = {}) =>
    [
      `keys-${ORG}`,
      {
        type: 'access-key.created.v1',
        data: {
          keyId: 'key_1',
          memberId: 'editor',
          memberKind: 'person',
          role: 'editor',
          name: 'ci',
          digest: 'd',
          masked: 'm',
          source: 'cli',
          ...data,
        },
      },
    ] as const;
  const revoked = [`keys-${ORG}`, { type: 'access-key.revoked.v1', data: { keyId: 'key_1', reason: 'lost' } }] as const;
  const ended = (nowMs: number, ...facts: Facts) =>
    endedKey(key('editor', 'editor'), directoryOf(...FACTS, ...facts), nowMs);
  const errorFor = (word: string) => ({
    code: `key/${word}`,
    kind: 'unauthenticated',
    detail: `This access key is ${word}.`,
    fix: 'astroctl auth login',
  });

  it('is reported from its expiry on', () => {
    const expiresAt = new Date(NOW + DAY).toISOString();
    expect(ended(NOW + DAY - 1, created({ expiresAt }))).toBeUndefined();
    expect(ended(NOW + DAY, created({ expiresAt }))).toEqual(errorFor('expired'));
    expect(ended(NOW + 1_000 * DAY, created())).toBeUndefined();
  });

  it('is reported as revoked, also after its expiry', () => {
    expect(ended(NOW, created(), revoked)).toEqual(errorFor('revoked'));
    expect(ended(NOW + DAY, created({ expiresAt: new Date(NOW).toISOString() }), revoked)).toEqual(errorFor('revoked'));
  });

  it('is not reported for a key that the directory does not have, or for a login', () => {
    expect(ended(NOW)).toBeUndefined();
    expect(endedKey(login('editor'), directoryOf(...FACTS, created(), revoked), NOW)).toBeUndefined();
  });
});

describe('the role that applies', () => {
  it('is that of the member for a login, and the weaker one for a key', () => {
    expect(effectiveRole({ role: 'admin' }, login('admin'))).toBe('admin');
    expect(effectiveRole({ role: 'admin' }, key('admin', 'viewer'))).toBe('viewer');
    expect(effectiveRole({ role: 'viewer' }, key('viewer', 'owner'))).toBe('viewer');
  });
});

describe('the access keys of an organization', () => {
  const created = (keyId: string, organizationId: string) =>
    [
      `keys-${organizationId}`,
      {
        type: 'access-key.created.v1',
        data: {
          keyId,
          memberId: 'editor',
          memberKind: 'person',
          role: 'editor',
          name: keyId,
          digest: `digest of ${keyId}`,
          masked: 'm',
          source: 'cli',
        },
      },
    ] as const;

  it('are those that were created in it, also after they have ended', () => {
    const known = directoryOf(...FACTS, created('key_2', ORG), created('key_1', ORG), created('key_3', OTHER), [
      `keys-${ORG}`,
      { type: 'access-key.revoked.v1', data: { keyId: 'key_2', reason: 'lost' } },
    ]);
    expect(known.keysOf(ORG).map(({ created: { keyId }, revoked }) => [keyId, revoked])).toEqual([
      ['key_2', true],
      ['key_1', false],
    ]);
    expect(known.keysOf(OTHER)).toEqual([known.keysById.get('key_3')]);
    expect(known.keysOf('unknown')).toEqual([]);
  });
});
