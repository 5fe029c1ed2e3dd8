import { position } from '#kernel';
import { can, endedKey } from './can.ts';
import { currentTable, PERMISSIONS, type Permission } from './permissions.ts';
import type { Principal } from './principal.ts';
import { RightsHistory, type RightsFact } from './rights-history.ts';
import type { AccessKeyCreated } from './rights.events.ts';
import type { GlobalRole, Role } from './roles.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const MS = 1 / MINUTE;
const at = (minute: number): number => Math.round(START + minute * MINUTE);
const iso = (minute: number): string => new Date(at(minute)).toISOString();

type Placed = readonly [stream: string, fact: RightsFact];
type Step = readonly [minute: number, placed: Placed];

const recordedAt = (minute: number, sequence: number) => ({
  position: position('teststore', sequence),
  recordedAt: iso(minute),
});

/** Folds events. The first one has the ID `event-1` and the position 10, the second one `event-2` and 20, and so on. */
function past(...steps: readonly Step[]): RightsHistory {
  const history = new RightsHistory();
  for (const [index, [minute, [stream, event]]] of steps.entries()) {
    const id = `event-${index + 1}`;
    const request = { commandId: 'c', correlationId: 'r', causationId: 'c' };
    const metadata = {
      id,
      stream,
      revision: index,
      actor: 'root',
      ...request,
      ...recordedAt(minute, 10 * (index + 1)),
    };
    history.apply({ event, metadata });
  }
  return history;
}

const user = (id: string, globalRole: GlobalRole = 'developer'): Placed => [
  `user-${id}`,
  { type: 'user.registered.v1', data: { globalRole } },
];
const founded = (id: string, ownerId = 'ada'): Placed => [
  `organization-${id}`,
  { type: 'organization.created.v1', data: { name: id, slug: `${id}-slug`, ownerId, isDefault: false } },
];
const inAcme = (fact: RightsFact): Placed => ['organization-acme', fact];
const added = (memberId: string, role: Role, until?: number): Placed =>
  inAcme({
    type: 'organization.member-added.v1',
    data: { memberId, kind: 'person', role, ...(until !== undefined && { until: iso(until) }) },
  });
const addedService = (memberId: string, name: string, role: Role): Placed =>
  inAcme({ type: 'organization.member-added.v1', data: { memberId, kind: 'service', role, name } });
const changed = (memberId: string, role: Role, until?: number): Placed =>
  inAcme({
    type: 'organization.member-role-changed.v1',
    data: { memberId, role, ...(until !== undefined && { until: iso(until) }) },
  });
const removed = (memberId: string): Placed => inAcme({ type: 'organization.member-removed.v1', data: { memberId } });
const audit = (memberId: string, granted: boolean, until?: number): Placed =>
  inAcme({
    type: 'organization.audit-right-set.v1',
    data: { memberId, granted, ...(until !== undefined && { until: iso(until) }) },
  });
const ofUser = (id: string, fact: RightsFact): Placed => [`user-${id}`, fact];
const globalRole = (id: string, role: GlobalRole): Placed =>
  ofUser(id, { type: 'user.global-role-set.v1', data: { globalRole: role } });
const suspended = (id: string): Placed => ofUser(id, { type: 'user.suspended.v1', data: {} });
const restored = (id: string): Placed => ofUser(id, { type: 'user.restored.v1', data: {} });
const erased = (id: string): Placed => ofUser(id, { type: 'user.erased.v1', data: {} });
const keyCreated = (keyId: string, memberId: string, more: Partial<AccessKeyCreated> = {}): Placed => {
  const key = { keyId, memberId, memberKind: 'person', role: 'admin', name: 'laptop' } as const;
  const data = { ...key, digest: keyId, masked: keyId, source: 'cli', ...more } as const;
  return ['keys-acme', { type: 'access-key.created.v1', data }];
};
const keyRevoked = (keyId: string): Placed => [
  'keys-acme',
  { type: 'access-key.revoked.v1', data: { keyId, reason: 'lost' } },
];
const keyRotated = (keyId: string, replacedBy: string, worksUntil: number): Placed => [
  'keys-acme',
  { type: 'access-key.rotated.v1', data: { keyId, replacedBy, worksUntil: iso(worksUntil) } },
];
const deletionRequested = inAcme({ type: 'organization.deletion-requested.v1', data: {} });
const deleted = inAcme({ type: 'organization.deleted.v1', data: {} });
const settings = (data: { viewersReadLogs?: boolean; contact?: string }): Placed =>
  inAcme({ type: 'organization.settings-set.v1', data });
const renamed = (slug: string): Placed => inAcme({ type: 'organization.renamed.v1', data: { name: 'New', slug } });
const seats = inAcme({ type: 'organization.seat-limit-set.v1', data: { limit: 9 } });

/** Publishes rules by which the given role alone may deploy. */
const published = (release: string, role: Role): Placed => {
  const deploy = { ...PERMISSIONS['application.deploy'], roles: [role] };
  return [
    'platform-policy',
    {
      type: 'platform.policy-published.v1',
      data: { release, table: { ...currentTable(), 'application.deploy': deploy } },
    },
  ];
};

/** Two people and their organization, the events 1 to 3, at minute 0. */
const BEGINNING: readonly Step[] = [
  [0, user('ada')],
  [0, user('grace')],
  [0, founded('acme')],
];

const login = (userId: string): Principal => ({ kind: 'login', userId });
const keyOf = (memberId: string, more: { keyId?: string; role?: Role; memberKind?: 'person' | 'service' } = {}) =>
  ({
    kind: 'key',
    memberId,
    memberKind: 'person',
    keyId: 'key-1',
    organizationId: 'acme',
    role: 'admin',
    ...more,
  }) as const satisfies Principal;

/** Returns what a principal was allowed at a minute: the rule, the role, and the event, or the code of the refusal. */
function asked(history: RightsHistory, principal: Principal, permission: Permission, minute: number): string {
  const { sequence, nowMs } = history.asOfTime(at(minute)) ?? { sequence: 0, nowMs: at(minute) };
  const rights = history.rightsAt(sequence);
  const ended = endedKey(principal, rights, nowMs);
  if (ended) return ended.code;
  const table = history.policyAt(sequence)?.table;
  const { allowed, reason, ...rest } = can(principal, permission, { organizationId: 'acme' }, rights, nowMs, table);
  return allowed ? `${reason.rule} ${reason.role} ${reason.grantedBy}` : 'error' in rest ? rest.error.code : '';
}

/** Returns what a principal was allowed at each of some minutes. */
const answers = (history: RightsHistory, principal: Principal, permission: Permission, minutes: readonly number[]) =>
  minutes.map((minute) => asked(history, principal, permission, minute));

const NOT_FOUND = 'organization/not-found';
const REFUSED = 'access/not-permitted';

describe('a member in the past', () => {
  it('has no right before the membership, and from then on those of the role, which the membership granted', () => {
    const history = past(...BEGINNING, [10, added('grace', 'editor')]);
    const expected = [NOT_FOUND, NOT_FOUND, 'role editor event-4', 'role editor event-4'];
    expect(answers(history, login('grace'), 'application.deploy', [0, 10 - MS, 10, 1_000])).toEqual(expected);
  });

  it('who created the organization is its owner from then on', () => {
    const history = past([0, user('ada')], [5, founded('acme')]);
    const expected = [NOT_FOUND, 'role owner event-2'];
    expect(answers(history, login('ada'), 'organization.delete', [4, 5])).toEqual(expected);
  });

  it('has the role of each time, which the last change up to then granted', () => {
    const history = past(
      ...BEGINNING,
      [10, added('grace', 'editor')],
      [20, changed('grace', 'viewer')],
      [30, changed('grace', 'admin')],
    );
    const expected = ['role editor event-4', 'role editor event-4', REFUSED, REFUSED, 'role admin event-6'];
    expect(answers(history, login('grace'), 'application.deploy', [10, 19, 20, 29, 30])).toEqual(expected);
  });

  it('has no right after the removal, and has those of the new role after another addition', () => {
    const history = past(
      ...BEGINNING,
      [10, added('grace', 'admin')],
      [20, removed('grace')],
      [30, added('grace', 'viewer')],
    );
    const expected = ['role admin event-4', NOT_FOUND, NOT_FOUND, 'role viewer event-6'];
    expect(answers(history, login('grace'), 'application.read', [19, 20, 29, 30])).toEqual(expected);
  });

  it('has the rights of the role up to the last millisecond before the end of the membership', () => {
    const history = past(...BEGINNING, [10, added('grace', 'editor', 20)]);
    const expected = ['role editor event-4', NOT_FOUND, NOT_FOUND];
    expect(answers(history, login('grace'), 'application.deploy', [20 - MS, 20, 21])).toEqual(expected);
  });

  it('has the end of the last change of the role, or none', () => {
    const history = past(
      ...BEGINNING,
      [10, added('grace', 'editor', 20)],
      [15, changed('grace', 'editor', 40)],
      [35, changed('grace', 'editor')],
    );
    const granted = ['role editor event-5', 'role editor event-6', 'role editor event-6'];
    expect(answers(history, login('grace'), 'application.deploy', [20, 40, 1_000])).toEqual(granted);
  });

  it('of another organization has no right', () => {
    const history = past(...BEGINNING, [5, founded('other', 'grace')]);
    expect(asked(history, login('grace'), 'application.read', 6)).toBe(NOT_FOUND);
  });

  it('is unaffected by a later change that is asked for by position', () => {
    const history = past(...BEGINNING, [10, added('grace', 'editor')], [10, changed('grace', 'viewer')]);
    const roleAt = (sequence: number) =>
      history.rightsAt(sequence).organizations.get('acme')?.members.get('grace')?.role;
    expect([39, 40, 45, 49, 50].map(roleAt)).toEqual([undefined, 'editor', 'editor', 'editor', 'viewer']);
  });
});

describe('an auditor in the past', () => {
  it('reads the audit log from the grant up to the last millisecond before its end, by the event of that grant', () => {
    const history = past(...BEGINNING, [10, added('grace', 'viewer')], [20, audit('grace', true, 30)]);
    const expected = [REFUSED, 'audit viewer event-5', 'audit viewer event-5', REFUSED];
    expect(answers(history, login('grace'), 'audit.read', [19, 20, 30 - MS, 30])).toEqual(expected);
  });

  it('keeps the right without an end until it is withdrawn', () => {
    const history = past(
      ...BEGINNING,
      [10, added('grace', 'viewer')],
      [20, audit('grace', true)],
      [90, audit('grace', false)],
    );
    const expected = ['audit viewer event-5', REFUSED];
    expect(answers(history, login('grace'), 'audit.read', [89, 90])).toEqual(expected);
  });

  it('has no other right by it, and loses it with the membership', () => {
    const history = past(
      ...BEGINNING,
      [10, added('grace', 'viewer')],
      [20, audit('grace', true)],
      [30, removed('grace')],
      [40, added('grace', 'viewer')],
    );
    expect(asked(history, login('grace'), 'application.deploy', 25)).toBe(REFUSED);
    expect(answers(history, login('grace'), 'audit.read', [30, 40])).toEqual([NOT_FOUND, REFUSED]);
  });
});

describe('an access key in the past', () => {
  const withKey = (more: Partial<AccessKeyCreated> = {}): readonly Step[] => [
    ...BEGINNING,
    [10, added('grace', 'admin')],
    [20, keyCreated('key-1', 'grace', more)],
  ];

  it('is unknown before its creation', () => {
    const history = past(...withKey());
    const known = [49, 50].map((sequence) => history.rightsAt(sequence).keysById.get('key-1')?.grantedBy);
    expect(known).toEqual([undefined, 'event-5']);
  });

  it('works up to the last millisecond before its expiry', () => {
    const history = past(...withKey({ expiresAt: iso(30) }));
    const expected = ['role admin event-4', 'role admin event-4', 'key/expired', 'key/expired'];
    expect(answers(history, keyOf('grace'), 'cluster.manage', [20, 30 - MS, 30, 31])).toEqual(expected);
  });

  it('without an expiry works until it is revoked', () => {
    const history = past(...withKey(), [90, keyRevoked('key-1')]);
    const expected = ['role admin event-4', 'key/revoked'];
    expect(answers(history, keyOf('grace'), 'cluster.manage', [89, 90])).toEqual(expected);
  });

  it('works after its rotation until the end of the grace period, and never longer than before', () => {
    const rotated = (worksUntil: number) =>
      past(...withKey({ expiresAt: iso(60) }), [30, keyRotated('key-1', 'key-2', worksUntil)]);
    const expected = ['role admin event-4', 'key/expired'];
    expect(answers(rotated(40), keyOf('grace'), 'cluster.manage', [40 - MS, 40])).toEqual(expected);
    expect(answers(rotated(80), keyOf('grace'), 'cluster.manage', [60 - MS, 60])).toEqual(expected);
  });

  it('has the weaker of its role and the role that its member had then', () => {
    const history = past(...withKey(), [30, changed('grace', 'viewer')], [40, changed('grace', 'owner')]);
    const role = (minute: number, limit: Role) =>
      asked(history, keyOf('grace', { role: limit }), 'application.read', minute);
    expect([role(29, 'admin'), role(29, 'editor')]).toEqual(['role admin event-4', 'role editor event-4']);
    expect([role(30, 'admin'), role(40, 'admin')]).toEqual(['role viewer event-6', 'role admin event-7']);
  });

  it('of a removed member has no right, though nobody revoked it, until the member is added again', () => {
    const history = past(...withKey(), [30, removed('grace')], [40, added('grace', 'viewer')]);
    const expected = ['role admin event-4', NOT_FOUND, NOT_FOUND, 'role viewer event-7'];
    expect(answers(history, keyOf('grace'), 'application.read', [29, 30, 39, 40])).toEqual(expected);
  });

  it('of a member whose membership has ended has no right', () => {
    const history = past(...BEGINNING, [10, added('grace', 'admin', 30)], [20, keyCreated('key-1', 'grace')]);
    const expected = ['role admin event-4', NOT_FOUND];
    expect(answers(history, keyOf('grace'), 'application.read', [30 - MS, 30])).toEqual(expected);
  });

  it('cannot do what requires a login', () => {
    const history = past(...withKey());
    expect(asked(history, keyOf('grace'), 'keys.create', 25)).toBe('key/login-required');
    expect(asked(history, login('grace'), 'keys.create', 25)).toBe('role admin event-4');
  });

  it('is among all keys that a member ever had, in its last state, also after the membership', () => {
    const history = past(
      ...withKey(),
      [30, keyCreated('key-2', 'grace', { expiresAt: iso(90) })],
      [30, keyCreated('key-3', 'ada')],
      [40, keyRevoked('key-1')],
      [50, removed('grace')],
    );
    const keys = history.keysOf('acme', 'grace').map(({ created: { keyId }, revoked }) => [keyId, revoked]);
    expect(keys).toEqual([
      ['key-1', true],
      ['key-2', false],
    ]);
    expect(history.keysOf('acme', 'linus')).toEqual([]);
    expect(history.keysOf('other', 'grace')).toEqual([]);
  });

  it('that was never created cannot be revoked', () => {
    const history = past(...BEGINNING, [10, keyRevoked('key-1')]);
    expect(history.rightsAt(1_000).keysById.get('key-1')).toBeUndefined();
  });
});

describe('a service member in the past', () => {
  const service = keyOf('service-1', { memberKind: 'service' });
  const history = past(
    ...BEGINNING,
    [10, addedService('service-1', 'ci', 'editor')],
    [11, keyCreated('key-1', 'service-1', { memberKind: 'service' })],
    [20, changed('service-1', 'viewer')],
    [30, removed('service-1')],
    [40, addedService('service-2', 'ci', 'viewer')],
    [50, added('grace', 'viewer')],
  );

  it('has with its key the rights of the role that it had then, and none after its removal', () => {
    const deploy = ['role editor event-4', 'role editor event-4', REFUSED, NOT_FOUND];
    expect(answers(history, service, 'application.deploy', [11, 19, 20, 30])).toEqual(deploy);
  });

  it('is found by its name, the last one that had it', () => {
    expect(history.serviceMember('acme', 'ci')).toBe('service-2');
    expect(history.serviceMember('acme', 'other')).toBeUndefined();
    expect(history.serviceMember('other', 'ci')).toBeUndefined();
  });

  it('keeps its name after the removal; people have none', () => {
    const names = ['service-1', 'service-2', 'grace', 'linus'].map((id) => history.serviceName('acme', id));
    expect(names).toEqual(['ci', 'ci', undefined, undefined]);
    expect(history.serviceName('other', 'service-1')).toBeUndefined();
  });

  it('is not a user', () => {
    expect(['ada', 'service-1'].map((id) => history.isUser(id))).toEqual([true, false]);
  });
});

describe('a global admin in the past', () => {
  it('has rights in each organization while the user has the role, by the event that granted it', () => {
    const history = past(...BEGINNING, [10, globalRole('grace', 'admin')], [20, globalRole('grace', 'developer')]);
    const expected = [NOT_FOUND, 'global-admin global-admin event-4', NOT_FOUND];
    expect(answers(history, login('grace'), 'organization.change', [9, 10, 20])).toEqual(expected);
    const platform = [REFUSED, 'global-admin global-admin event-4', REFUSED];
    expect(answers(history, login('grace'), 'platform.users', [9, 10, 20])).toEqual(platform);
  });

  it('has the role from the registration on', () => {
    const history = past(...BEGINNING, [10, user('root', 'admin')]);
    const expected = ['access/unknown-user', 'global-admin global-admin event-4'];
    expect(answers(history, login('root'), 'organization.change', [9, 10])).toEqual(expected);
  });

  it('has no right by it with a key', () => {
    const history = past(...BEGINNING, [10, globalRole('grace', 'admin')], [10, keyCreated('key-1', 'grace')]);
    expect(asked(history, keyOf('grace'), 'organization.change', 11)).toBe(NOT_FOUND);
    expect(asked(history, keyOf('grace'), 'platform.users', 11)).toBe('key/login-required');
  });

  it('cannot get a kubeconfig of an organization without a membership', () => {
    const history = past(...BEGINNING, [10, user('root', 'admin')]);
    expect(asked(history, login('root'), 'cluster.kubeconfig', 11)).toBe(REFUSED);
  });
});

describe('a user in the past', () => {
  it('has no right while suspended, neither with a login nor with a key', () => {
    const history = past(...BEGINNING, [5, keyCreated('key-1', 'ada')], [10, suspended('ada')], [20, restored('ada')]);
    const expected = ['role owner event-3', 'access/suspended', 'access/suspended', 'role owner event-3'];
    expect(answers(history, login('ada'), 'application.read', [9, 10, 19, 20])).toEqual(expected);
    const withKey = ['role admin event-3', 'access/suspended', 'access/suspended', 'role admin event-3'];
    expect(answers(history, keyOf('ada'), 'application.read', [9, 10, 19, 20])).toEqual(withKey);
  });

  it('has no right after the erasure, and keeps that of the time before', () => {
    const history = past(...BEGINNING, [10, erased('ada')]);
    const expected = ['role owner event-3', 'access/unknown-user'];
    expect(answers(history, login('ada'), 'application.read', [9, 10])).toEqual(expected);
  });

  it('is unknown before the registration, and events of unknown users change nothing', () => {
    const history = past([0, suspended('ada')], [10, user('ada')]);
    const users = [5, 15, 20].map((sequence) => history.rightsAt(sequence).users.get('ada')?.suspended);
    expect(users).toEqual([undefined, undefined, false]);
    expect(history.isUser('linus')).toBe(false);
  });
});

describe('an organization in the past', () => {
  it('can only be followed and emptied from the request of its deletion on, and is unknown after the deletion', () => {
    const history = past(...BEGINNING, [10, deletionRequested], [20, deleted]);
    const deploy = ['role owner event-3', 'organization/deleting', NOT_FOUND];
    expect(answers(history, login('ada'), 'application.deploy', [9, 10, 20])).toEqual(deploy);
    const read = ['role owner event-3', 'role owner event-3', NOT_FOUND];
    expect(answers(history, login('ada'), 'application.read', [9, 10, 20])).toEqual(read);
  });

  it('has no members after its deletion', () => {
    const history = past(...BEGINNING, [10, added('grace', 'viewer')], [20, deletionRequested], [30, deleted]);
    const memberIds = (sequence: number) => [...history.membersAt('acme', { sequence, nowMs: at(0) }).keys()];
    expect([30, 40, 50, 60].map(memberIds)).toEqual([['ada'], ['ada', 'grace'], ['ada', 'grace'], []]);
  });

  it('has the settings of each time', () => {
    const history = past(
      ...BEGINNING,
      [10, added('grace', 'viewer')],
      [20, settings({ viewersReadLogs: false })],
      [30, settings({ contact: 'ops@acme.dev' })],
      [40, settings({ viewersReadLogs: true })],
    );
    const expected = ['role viewer event-4', REFUSED, REFUSED, 'role viewer event-4'];
    expect(answers(history, login('grace'), 'application.logs', [19, 20, 30, 40])).toEqual(expected);
  });

  it('has the slug of each time', () => {
    const history = past(...BEGINNING, [10, renamed('new')], [20, seats]);
    const slugs = [29, 30, 40, 50].map((sequence) => history.rightsAt(sequence).organizations.get('acme')?.slug);
    expect(slugs).toEqual([undefined, 'acme-slug', 'new', 'new']);
  });

  it('that was never created has no rights and no members', () => {
    const history = past([0, user('ada')], [10, added('grace', 'owner')], [20, settings({})]);
    expect(history.rightsAt(100).organizations.get('acme')).toBeUndefined();
    expect([...history.membersAt('acme', { sequence: 100, nowMs: at(0) })]).toEqual([]);
    expect([...history.candidates('acme')]).toEqual([]);
    expect(history.memberSince('acme', 'grace', 100)).toBeUndefined();
  });
});

describe('the rules of the past', () => {
  const history = past(
    ...BEGINNING,
    [5, added('grace', 'viewer')],
    [10, published('0.1.0', 'viewer')],
    [20, published('0.2.0', 'owner')],
  );

  it('are those of the release that had published last, and before the first those of the first', () => {
    const grace = ['role viewer event-4', 'role viewer event-4', 'role viewer event-4', REFUSED];
    expect(answers(history, login('grace'), 'application.deploy', [5, 10, 19, 20])).toEqual(grace);
    const ada = [REFUSED, REFUSED, REFUSED, 'role owner event-3'];
    expect(answers(history, login('ada'), 'application.deploy', [0, 10, 19, 20])).toEqual(ada);
  });

  it('are known by their release', () => {
    const releases = [0, 30, 50, 59, 60, 1_000].map((sequence) => history.policyAt(sequence)?.release);
    expect(releases).toEqual(['0.1.0', '0.1.0', '0.1.0', '0.1.0', '0.2.0', '0.2.0']);
  });

  it('are unknown if no release has published any', () => {
    expect(past(...BEGINNING).policyAt(1_000)).toBeUndefined();
  });

  it('deny a permission that they do not contain', () => {
    const { 'application.deploy': _, ...table } = currentTable();
    const without: Placed = [
      'platform-policy',
      { type: 'platform.policy-published.v1', data: { release: '1', table } },
    ];
    expect(asked(past(...BEGINNING, [5, without]), login('ada'), 'application.deploy', 6)).toBe(REFUSED);
  });
});

describe('the event that granted a right', () => {
  it('is known by its ID, with its time, position, and actor', () => {
    const history = past(...BEGINNING, [10, added('grace', 'editor')]);
    expect(history.grant('event-4')).toEqual({
      id: 'event-4',
      type: 'organization.member-added.v1',
      position: position('teststore', 40),
      recordedAt: iso(10),
      actor: 'root',
    });
    expect(history.grant('event-5')).toBeUndefined();
  });

  it('can be a published rule', () => {
    expect(past([3, published('1.0.0', 'owner')]).grant('event-1')?.type).toBe('platform.policy-published.v1');
  });
});

describe('a moment of the past', () => {
  const history = past([0, user('ada')], [10, user('grace')], [20, user('linus')]);

  it('of a time is the last event up to then, with the time that was asked for', () => {
    const found = [0 - MS, 0, 10 - MS, 10, 1_000].map((minute) => history.asOfTime(at(minute)));
    expect(found).toEqual([
      undefined,
      { sequence: 10, nowMs: at(0) },
      { sequence: 10, nowMs: at(10 - MS) },
      { sequence: 20, nowMs: at(10) },
      { sequence: 30, nowMs: at(1_000) },
    ]);
  });

  it('of a position has the time of the last event up to there', () => {
    const found = [9, 10, 19, 20, 30, 99].map((sequence) => history.momentAt(sequence));
    expect(found).toEqual([
      { sequence: 9, nowMs: 0 },
      { sequence: 10, nowMs: at(0) },
      { sequence: 19, nowMs: at(0) },
      { sequence: 20, nowMs: at(10) },
      { sequence: 30, nowMs: at(20) },
      { sequence: 99, nowMs: at(20) },
    ]);
  });

  it('at which something ends by itself is a time, unless nothing was recorded by then', () => {
    expect(history.endAt(at(15))).toEqual({ sequence: 20, nowMs: at(15), isTime: true });
    expect(history.endAt(at(-1))).toBeUndefined();
  });

  it('contains all events recorded up to the time, also those of a process whose clock is ahead', () => {
    const skewed = past([0, user('ada')], [12, user('grace')], [11, user('linus')], [10, user('root')], [20, seats]);
    const found = [0, 9, 10, 11, 12, 20].map((minute) => skewed.asOfTime(at(minute))?.sequence);
    expect(found).toEqual([10, 10, 40, 40, 40, 50]);
    expect([20, 30, 40].map((sequence) => skewed.momentAt(sequence).nowMs)).toEqual([at(12), at(11), at(10)]);
  });

  it('can be that of an event which concerns no rights', () => {
    const noted = past([0, user('ada')]);
    noted.note(recordedAt(5, 15));
    expect([4, 5].map((minute) => noted.asOfTime(at(minute))?.sequence)).toEqual([10, 15]);
  });

  it('is noted at most once a second for events whose exact time does not matter', () => {
    const passed = new RightsHistory();
    const second = MINUTE / 60 / MINUTE;
    passed.pass(recordedAt(0, 1));
    passed.pass(recordedAt(second - MS, 2));
    passed.pass(recordedAt(second, 3));
    passed.pass(recordedAt(second, 4));
    passed.note(recordedAt(second, 5));
    const found = [0, second - MS, second].map((minute) => passed.asOfTime(at(minute))?.sequence);
    expect(found).toEqual([1, 1, 5]);
    expect([2, 4].map((sequence) => passed.momentAt(sequence).nowMs)).toEqual([at(0), at(second)]);
  });
});

describe('the members of an organization in the past', () => {
  const history = past(
    ...BEGINNING,
    [10, added('grace', 'viewer', 40)],
    [20, changed('grace', 'editor', 40)],
    [30, removed('ada')],
    [50, added('ada', 'owner')],
    [60, changed('ada', 'owner')],
    [60, globalRole('linus', 'admin')],
    [70, user('root', 'admin')],
    [80, globalRole('root', 'developer')],
  );
  const memberIds = (minute: number) => {
    const moment = history.asOfTime(at(minute));
    return moment && [...history.membersAt('acme', moment)].map(([id, { role }]) => `${id} ${role}`);
  };

  it('are those of that time, without memberships that had ended', () => {
    expect([9, 10, 20, 30, 40 - MS].map(memberIds)).toEqual([
      ['ada owner'],
      ['ada owner', 'grace viewer'],
      ['ada owner', 'grace editor'],
      ['grace editor'],
      ['grace editor'],
    ]);
    expect([40, 49, 50].map(memberIds)).toEqual([[], [], ['ada owner']]);
    expect([...history.membersAt('other', { sequence: 100, nowMs: at(0) })]).toEqual([]);
  });

  it('have been members since their last addition', () => {
    const since = (memberId: string, sequence: number) => history.memberSince('acme', memberId, sequence);
    expect([29, 30, 59, 60, 70, 80].map((sequence) => since('ada', sequence))).toEqual([
      undefined,
      30,
      30,
      undefined,
      70,
      70,
    ]);
    expect([since('grace', 100), since('linus', 100)]).toEqual([40, undefined]);
    expect(history.memberSince('other', 'ada', 100)).toBeUndefined();
  });

  it('and all who were ever global admins are candidates for its permissions', () => {
    expect([...history.candidates('acme')].toSorted()).toEqual(['ada', 'grace', 'root']);
    expect([...history.candidates('other')]).toEqual(['root']);
  });
});

describe('the changes of the rights of a member', () => {
  const steps: readonly Step[] = [
    ...BEGINNING,
    [10, added('grace', 'viewer', 60)],
    [11, added('linus', 'viewer', 55)],
    [12, seats],
    [15, audit('grace', true, 45)],
    [20, keyCreated('key-1', 'grace', { expiresAt: iso(50) })],
    [21, keyCreated('key-2', 'grace')],
    [25, settings({ viewersReadLogs: false })],
    [30, suspended('grace')],
    [35, published('1.0.0', 'owner')],
    [70, user('root')],
  ];
  const history = past(...steps);
  const shown = (moments: ReturnType<RightsHistory['changes']>) =>
    moments.map(({ sequence, nowMs, isTime }) => `${sequence} ${(nowMs - START) / MINUTE}${isTime ? ' end' : ''}`);

  it('are the events about the user, the member, the organization, and the rules, and the ends, in order', () => {
    const expected = ['20 0', '30 0', '40 10', '70 15', '100 25', '110 30', '120 35', '120 45 end', '120 60 end'];
    expect(shown(history.changes('acme', 'grace'))).toEqual(expected);
  });

  it('include those of a key, and its expiry', () => {
    const expected = history.changes('acme', 'grace');
    const withKey = history.changes('acme', 'grace', 'key-1');
    expect(shown(withKey.filter((moment) => !shown(expected).includes(shown([moment])[0] ?? '')))).toEqual([
      '80 20',
      '120 50 end',
    ]);
    expect(shown(withKey)).toEqual(shown(withKey.toSorted((a, b) => a.sequence - b.sequence || a.nowMs - b.nowMs)));
    expect(shown(history.changes('acme', 'grace', 'key-2'))).toContain('90 21');
    expect(history.changes('acme', 'grace', 'key-3')).toEqual(expected);
  });

  it('have no end where a right has none', () => {
    const endless = past(...BEGINNING, [10, added('grace', 'viewer')], [20, audit('grace', true)]);
    expect(shown(endless.changes('acme', 'grace'))).toEqual(['20 0', '30 0', '40 10', '50 20']);
  });

  it('have an event that changes both the organization and the member once, and no end before the first event', () => {
    const history = past([0, founded('acme')], [10, added('grace', 'viewer', -10)]);
    expect(shown(history.changes('acme', 'ada'))).toEqual(['10 0']);
    expect(shown(history.changes('acme', 'grace'))).toEqual(['10 0', '20 10']);
  });

  it('are those of the rules for somebody and an organization that are unknown', () => {
    expect(shown(history.changes('other', 'nobody'))).toEqual(['120 35']);
  });
});
