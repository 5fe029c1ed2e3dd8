import { position, type Recorded } from '#kernel';
import { activeMember, asRequested, Directory } from './directory.ts';
import { DEFAULT_SETTINGS, type DirectoryFact } from './rights.events.ts';

const NOW = Date.UTC(2026, 0, 1);
const iso = (ms: number): string => new Date(ms).toISOString();
const by = { permission: 'organization.delete', rule: 'role', role: 'owner' } as const;

type Placed = readonly [stream: string, fact: DirectoryFact];

/** Folds events. Those of the stream `x-y` have the IDs `event-0`, `event-1`, and so on. */
function fold(...placed: readonly Placed[]): Directory {
  const directory = new Directory();
  placed.forEach(([stream, event], index) => directory.apply(recorded(stream, event, index)));
  return directory;
}

const recorded = (stream: string, event: DirectoryFact, index: number): Recorded<DirectoryFact> => ({
  event,
  metadata: {
    id: `event-${index}`,
    stream,
    revision: index,
    position: position('teststore', index + 1),
    recordedAt: iso(NOW),
    actor: 'root',
    by,
    commandId: 'c',
    correlationId: `request-${index}`,
    causationId: 'c',
  },
});

const ada: Placed = ['user-ada', { type: 'user.registered.v1', data: { globalRole: 'admin' } }];
const acme: Placed = [
  'organization-acme',
  { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme-slug', ownerId: 'ada', isDefault: true } },
];
const inAcme = (fact: DirectoryFact): Placed => ['organization-acme', fact];
const added = (memberId: string, more: { name?: string; until?: string } = {}): Placed =>
  inAcme({ type: 'organization.member-added.v1', data: { memberId, kind: 'person', role: 'editor', ...more } });
const removed = (memberId: string): Placed => inAcme({ type: 'organization.member-removed.v1', data: { memberId } });
const audit = (granted: boolean, until?: string): Placed =>
  inAcme({
    type: 'organization.audit-right-set.v1',
    data: { memberId: 'grace', granted, ...(until !== undefined && { until }) },
  });
const requested = (data: { cascade?: true; orphan?: true } = {}): Placed =>
  inAcme({ type: 'organization.deletion-requested.v1', data });
const deleted = inAcme({ type: 'organization.deleted.v1', data: {} });

describe('the users of the directory', () => {
  const suspended: Placed = ['user-ada', { type: 'user.suspended.v1', data: {} }];
  const restored: Placed = ['user-ada', { type: 'user.restored.v1', data: {} }];
  const demoted: Placed = ['user-ada', { type: 'user.global-role-set.v1', data: { globalRole: 'developer' } }];
  const erased: Placed = ['user-ada', { type: 'user.erased.v1', data: {} }];
  const present = { globalRole: 'admin', suspended: false, erased: false, grantedBy: 'event-0' };

  it.each<[string, readonly Placed[], object]>([
    ['is registered', [ada], present],
    ['was suspended', [ada, suspended], { ...present, suspended: true }],
    ['was restored', [ada, suspended, restored], present],
    ['has another role', [ada, demoted], { ...present, globalRole: 'developer', grantedBy: 'event-1' }],
    ['was erased', [ada, erased], { ...present, globalRole: 'developer', erased: true }],
  ])('include one who %s', (_, history, user) => expect([...fold(...history).users]).toEqual([['ada', user]]));

  it('exclude one who was never registered', () =>
    expect(fold(suspended, restored, demoted, erased).users.size).toBe(0));
});

describe('an organization of the directory', () => {
  const grace = { kind: 'person', role: 'editor', grantedBy: 'event-1' };
  const member = (...more: readonly Placed[]) =>
    fold(acme, ...more)
      .organizations.get('acme')
      ?.members.get('grace');

  it('begins with its owner', () => {
    const directory = fold(acme);
    expect([...directory.organizations]).toEqual([
      [
        'acme',
        {
          id: 'acme',
          name: 'Acme',
          slug: 'acme-slug',
          isDefault: true,
          status: 'ACTIVE',
          createdBy: 'root',
          settings: DEFAULT_SETTINGS,
          members: new Map([['ada', { kind: 'person', role: 'owner', grantedBy: 'event-0' }]]),
        },
      ],
    ]);
    expect([...directory.slugs]).toEqual([['acme-slug', 'acme']]);
    expect([...directory.memberships]).toEqual([['ada', new Set(['acme'])]]);
  });

  it('is found by its ID and its present slug', () => {
    const directory = fold(acme, inAcme({ type: 'organization.renamed.v1', data: { name: 'New', slug: 'new-slug' } }));
    for (const name of ['acme', 'new-slug'])
      expect(directory.organization(name)).toMatchObject({ id: 'acme', name: 'New', slug: 'new-slug' });
    for (const name of ['acme-slug', '', 'other']) expect(directory.organization(name)).toBeUndefined();
    expect([...directory.slugs]).toEqual([['new-slug', 'acme']]);
  });

  it('has the settings that were set, and the defaults of others', () => {
    const set = (data: object) => inAcme({ type: 'organization.settings-set.v1', data });
    expect(fold(acme, set({ contact: 'team' }), set({ keyExpiry: '30d' })).organization('acme')?.settings).toEqual({
      ...DEFAULT_SETTINGS,
      contact: 'team',
      keyExpiry: '30d',
    });
  });

  it('has members, with names of services and ends', () => {
    const until = iso(NOW + 1);
    expect(member(added('grace'))).toEqual(grace);
    expect(member(added('grace', { name: 'ci', until }))).toEqual({ ...grace, name: 'ci', untilMs: NOW + 1 });
    expect(member(added('grace'), removed('grace'))).toBeUndefined();
  });

  it('has the role and the end that were set last', () => {
    const changed = (until?: string) =>
      inAcme({
        type: 'organization.member-role-changed.v1',
        data: { memberId: 'grace', role: 'admin', ...(until !== undefined && { until }) },
      });
    const admin = { ...grace, role: 'admin', grantedBy: 'event-2' };
    expect(member(added('grace', { until: iso(NOW) }), changed())).toEqual(admin);
    expect(member(added('grace'), changed(iso(NOW)))).toEqual({ ...admin, untilMs: NOW });
    expect(member(removed('grace'), changed())).toBeUndefined();
  });

  it('has the right audit that was set last', () => {
    const auditor = { ...grace, auditUntil: Number.POSITIVE_INFINITY, auditGrantedBy: 'event-2' };
    expect(member(added('grace'), audit(true))).toEqual(auditor);
    expect(member(added('grace'), audit(true, iso(NOW)))).toEqual({ ...auditor, auditUntil: NOW });
    expect(member(added('grace'), audit(true), audit(false))).toEqual(grace);
    expect(member(removed('grace'), audit(true))).toBeUndefined();
  });

  it('is listed for its members until their membership ends', () => {
    const directory = fold(acme, added('grace', { until: iso(NOW) }), added('linus'), removed('linus'));
    const listed = (memberId: string, nowMs = NOW) => directory.organizationsOf(memberId, nowMs).map(({ id }) => id);
    expect([listed('ada'), listed('grace', NOW - 1)]).toEqual([['acme'], ['acme']]);
    expect([listed('grace'), listed('linus'), listed('nobody')]).toEqual([[], [], []]);
    expect([...directory.memberships]).toEqual([
      ['ada', new Set(['acme'])],
      ['grace', new Set(['acme'])],
      ['linus', new Set()],
    ]);
    const organization = directory.organization('acme');
    if (!organization) throw new Error('acme exists');
    expect(activeMember(organization, 'ada', NOW)).toMatchObject({ role: 'owner' });
    expect(activeMember(organization, 'nobody', NOW)).toBeUndefined();
  });

  it('lists all organizations of a member', () => {
    const other: Placed = [
      'organization-other',
      { ...acme[1], data: { ...acme[1].data, slug: 'other' } } as DirectoryFact,
    ];
    expect(
      fold(acme, other)
        .organizationsOf('ada', NOW)
        .map(({ id }) => id),
    ).toEqual(['acme', 'other']);
  });

  it('is in deletion by its last request, with everything that any request takes with it', () => {
    const deletion = (...requests: readonly Placed[]) => fold(acme, ...requests).organization('acme')?.deletion;
    const last = { requestedBy: 'root', by, eventId: 'event-1', correlationId: 'request-1' };
    expect(deletion(requested())).toEqual({ ...last, cascade: false, orphan: false });
    expect(deletion(requested({ cascade: true }))).toEqual({ ...last, cascade: true, orphan: false });
    const second = { ...last, eventId: 'event-2', correlationId: 'request-2', cascade: true, orphan: true };
    expect(deletion(requested({ cascade: true }), requested({ orphan: true }))).toEqual(second);
    expect(deletion(requested({ orphan: true }), requested({ cascade: true }))).toEqual(second);
    expect(fold(acme, requested()).organization('acme')?.status).toBe('DELETING');
  });

  it('is deleted in the name of the person who requested it, by the right that was recorded', () => {
    const directory = fold(acme, requested());
    const own = { actor: { id: 'system:sweep', kind: 'system', isGlobalAdmin: false }, commandId: 'c' } as never;
    const { deletion } = directory.organization('acme') ?? {};
    if (!deletion) throw new Error('the deletion was requested');
    const context = { commandId: 'c', correlationId: 'request-1', causationId: 'event-1' };
    const actor = { id: 'root', kind: 'person', isGlobalAdmin: false };
    expect(asRequested(deletion, own)).toEqual({ ...context, actor, by });
    const { by: _, ...before } = deletion;
    expect(asRequested(before, own)).toEqual({ ...context, actor });
  });

  it('has no member, slug, or deletion after it was deleted', () => {
    const directory = fold(acme, added('grace'), requested(), deleted);
    expect(directory.organization('acme')).toBeUndefined();
    expect(directory.organizations.get('acme')).toEqual({
      id: 'acme',
      name: 'Acme',
      slug: 'acme-slug',
      isDefault: true,
      status: 'DELETED',
      createdBy: 'root',
      settings: DEFAULT_SETTINGS,
      members: new Map(),
    });
    expect(directory.slugs.size).toBe(0);
    expect([...directory.memberships.values()].map(({ size }) => size)).toEqual([0, 0]);
  });

  it('is not created by other events', () => {
    const renamed = inAcme({ type: 'organization.renamed.v1', data: { name: 'New', slug: 'new' } });
    const set = inAcme({ type: 'organization.settings-set.v1', data: {} });
    const changed = inAcme({ type: 'organization.member-role-changed.v1', data: { memberId: 'grace', role: 'admin' } });
    const directory = fold(renamed, set, added('grace'), changed, audit(true), removed('grace'), requested(), deleted);
    expect([directory.organizations.size, directory.slugs.size]).toEqual([0, 0]);
  });
});

describe('the access keys of the directory', () => {
  const created = (more: { expiresAt?: string } = {}): Placed => [
    'keys-acme',
    {
      type: 'access-key.created.v1',
      data: {
        keyId: 'key_1',
        memberId: 'ada',
        memberKind: 'person',
        role: 'editor',
        name: 'ci',
        digest: 'digest-1',
        masked: 'm',
        source: 'cli',
        ...more,
      },
    },
  ];
  const revoked: Placed = ['keys-acme', { type: 'access-key.revoked.v1', data: { keyId: 'key_1', reason: 'lost' } }];
  const rotated = (worksUntilMs: number): Placed => [
    'keys-acme',
    {
      type: 'access-key.rotated.v1',
      data: { keyId: 'key_1', replacedBy: 'key_2', worksUntil: iso(worksUntilMs) },
    },
  ];
  const endless = Number.POSITIVE_INFINITY;

  it.each<[string, readonly Placed[], number, boolean]>([
    ['does not end', [created()], endless, false],
    ['ends', [created({ expiresAt: iso(NOW) })], NOW, false],
    ['was revoked', [created(), revoked], endless, true],
    ['was rotated', [created(), rotated(NOW)], NOW, false],
    ['was rotated shortly before its end', [created({ expiresAt: iso(NOW) }), rotated(NOW + 1)], NOW, false],
  ])('include one that %s, by ID and by digest', (_, history, expiresAtMs, isRevoked) => {
    const { keys, keysById } = fold(...history);
    const key = keysById.get('key_1');
    expect(key).toMatchObject({ organizationId: 'acme', grantedBy: 'event-0', expiresAtMs, revoked: isRevoked });
    expect([...keys]).toEqual([['digest-1', key]]);
  });

  it('exclude one that was never created', () => expect(fold(revoked, rotated(NOW)).keysById.size).toBe(0));
});

describe('the sessions of the directory', () => {
  const started = (n: number, startedAtMs: number, authenticatedAt?: string): Placed => [
    'sessions-ada',
    {
      type: 'session.started.v1',
      data: {
        sessionId: `session-${n}`,
        digest: `digest-${n}`,
        startedAt: iso(startedAtMs),
        expiresAt: iso(startedAtMs + 1_000),
        ...(authenticatedAt !== undefined && { authenticatedAt }),
      },
    },
  ];
  const ended = (n: number): Placed => [
    'sessions-ada',
    { type: 'session.ended.v1', data: { sessionId: `session-${n}`, reason: 'logout' } },
  ];
  const session = (n: number, expiresAtMs: number, authenticatedAtMs: number) => [
    `session-${n}`,
    { id: `session-${n}`, userId: 'ada', digest: `digest-${n}`, authenticatedAtMs, expiresAtMs },
  ];
  const ids = ({ sessions, sessionsById }: Directory) => [[...sessions.keys()], [...sessionsById.keys()]];

  it('include those that have not ended, by ID and by the digest of their secret', () => {
    const directory = fold(started(1, NOW, iso(NOW - 5)), started(2, NOW + 1), started(3, NOW + 2), ended(3));
    expect([...directory.sessionsById]).toEqual([
      session(1, NOW + 1_000, NOW - 5),
      session(2, NOW + 1_001, 0), // the issuer did not say when the person authenticated
    ]);
    expect([...directory.sessions.values()]).toEqual([...directory.sessionsById.values()]);
    expect(ids(directory)).toEqual([
      ['digest-1', 'digest-2'],
      ['session-1', 'session-2'],
    ]);
  });

  it('exclude those that have expired when another one starts', () => {
    const until = (startedAtMs: number) => ids(fold(started(1, NOW), started(2, NOW + 1), started(3, startedAtMs)));
    expect(until(NOW + 999)[1]).toEqual(['session-1', 'session-2', 'session-3']);
    expect(until(NOW + 1_000)).toEqual([
      ['digest-2', 'digest-3'],
      ['session-2', 'session-3'],
    ]);
    expect(until(NOW + 1_001)[1]).toEqual(['session-3']);
  });

  it('are not affected by the end of one that is not there', () =>
    expect(ids(fold(started(1, NOW), ended(2)))).toEqual([['digest-1'], ['session-1']]));
});
