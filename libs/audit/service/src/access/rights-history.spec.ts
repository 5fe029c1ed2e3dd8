import {
  can,
  currentTable,
  Directory,
  endedKey,
  GLOBAL_ROLES,
  PERMISSION_NAMES,
  PERMISSIONS,
  RightsHistory,
  rightsEvents,
  ROLES,
  type Principal,
  type RightsFact,
  type RightsTable,
} from '#access';
import { position, type Recorded } from '#kernel';
import { diceOf, seedOfRun, type Dice } from '#testing';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const ORGANIZATIONS = ['acme', 'other'];
const PEOPLE = ['ada', 'grace', 'linus', 'root'];
const SERVICES = ['ci'];
const KEYS = ['key_1', 'key_2', 'key_3', 'key_4'];
const MEMBERS = [...PEOPLE, ...SERVICES];

type Placed = readonly [stream: string, fact: RightsFact];
type Writer = (dice: Dice, nowMs: number) => Placed;

const until = (dice: Dice, nowMs: number): string => new Date(nowMs + dice.below(10) * MINUTE).toISOString();
const end = (dice: Dice, nowMs: number) => (dice.oneIn(2) ? { until: until(dice, nowMs) } : {});
const organizationOf = (dice: Dice) => `organization-${dice.pick(ORGANIZATIONS)}`;
const kindOf = (memberId: string) => (SERVICES.includes(memberId) ? ('service' as const) : ('person' as const));

/** Returns rules that differ from those of this release: some permissions are missing, others have other roles. */
function otherTable(dice: Dice): RightsTable {
  const kept = Object.entries(currentTable()).filter(() => !dice.oneIn(6));
  return Object.fromEntries(
    kept.map(([name, rule]) => [name, dice.oneIn(3) && rule ? { ...rule, roles: [dice.pick(ROLES)] } : rule]),
  );
}

const OTHER_TABLES = Array.from({ length: 20 }, (_, seed) => otherTable(diceOf(seed)));

/** Writes an event of each type that the history reads, with few names, so that events concern each other. */
const WRITERS: Readonly<Partial<Record<RightsFact['type'], Writer>>> = {
  'user.registered.v1': (dice) => [
    `user-${dice.pick(PEOPLE)}`,
    { type: 'user.registered.v1', data: { globalRole: dice.pick(GLOBAL_ROLES) } },
  ],
  'user.global-role-set.v1': (dice) => [
    `user-${dice.pick(PEOPLE)}`,
    { type: 'user.global-role-set.v1', data: { globalRole: dice.pick(GLOBAL_ROLES) } },
  ],
  'user.suspended.v1': (dice) => [`user-${dice.pick(PEOPLE)}`, { type: 'user.suspended.v1', data: {} }],
  'user.restored.v1': (dice) => [`user-${dice.pick(PEOPLE)}`, { type: 'user.restored.v1', data: {} }],
  'user.erased.v1': (dice) => [`user-${dice.pick(PEOPLE)}`, { type: 'user.erased.v1', data: {} }],
  'organization.created.v1': (dice) => {
    const slug = `later-${dice.below(1_000_000)}`; // an organization is created once
    const data = { name: slug, slug, ownerId: dice.pick(PEOPLE), isDefault: false };
    return [`organization-${slug}`, { type: 'organization.created.v1', data }];
  },
  'organization.renamed.v1': (dice) => [
    organizationOf(dice),
    { type: 'organization.renamed.v1', data: { name: 'New', slug: `s${dice.below(3)}` } },
  ],
  'organization.settings-set.v1': (dice) => [
    organizationOf(dice),
    { type: 'organization.settings-set.v1', data: { viewersReadLogs: dice.oneIn(2) } },
  ],
  'organization.member-added.v1': (dice, nowMs) => {
    const memberId = dice.pick(MEMBERS);
    const data = { memberId, kind: kindOf(memberId), role: dice.pick(ROLES), ...end(dice, nowMs) };
    return [organizationOf(dice), { type: 'organization.member-added.v1', data }];
  },
  'organization.member-role-changed.v1': (dice, nowMs) => {
    const data = { memberId: dice.pick(MEMBERS), role: dice.pick(ROLES), ...end(dice, nowMs) };
    return [organizationOf(dice), { type: 'organization.member-role-changed.v1', data }];
  },
  'organization.member-removed.v1': (dice) => [
    organizationOf(dice),
    { type: 'organization.member-removed.v1', data: { memberId: dice.pick(MEMBERS) } },
  ],
  'organization.audit-right-set.v1': (dice, nowMs) => {
    const data = {
      memberId: dice.pick(MEMBERS),
      granted: !dice.oneIn(4),
      ...end(dice, nowMs),
    };
    return [organizationOf(dice), { type: 'organization.audit-right-set.v1', data }];
  },
  'organization.deletion-requested.v1': (dice) => [
    organizationOf(dice),
    { type: 'organization.deletion-requested.v1', data: {} },
  ],
  'organization.deleted.v1': (dice) => [organizationOf(dice), { type: 'organization.deleted.v1', data: {} }],
  'organization.seat-limit-set.v1': (dice) => [
    organizationOf(dice),
    { type: 'organization.seat-limit-set.v1', data: { limit: dice.below(10) } },
  ],
  'access-key.created.v1': (dice, nowMs) => {
    const memberId = dice.pick(MEMBERS);
    const keyId = dice.pick(KEYS);
    const data = {
      keyId,
      memberId,
      memberKind: kindOf(memberId),
      role: dice.pick(ROLES),
      name: 'ci',
      digest: keyId,
      masked: keyId,
      source: 'cli' as const,
      ...(dice.oneIn(2) && { expiresAt: until(dice, nowMs) }),
    };
    return [`keys-${dice.pick(ORGANIZATIONS)}`, { type: 'access-key.created.v1', data }];
  },
  'access-key.revoked.v1': (dice) => [
    `keys-${dice.pick(ORGANIZATIONS)}`,
    { type: 'access-key.revoked.v1', data: { keyId: dice.pick(KEYS), reason: 'x' } },
  ],
  'access-key.rotated.v1': (dice, nowMs) => {
    const data = { keyId: dice.pick(KEYS), replacedBy: dice.pick(KEYS), worksUntil: until(dice, nowMs) };
    return [`keys-${dice.pick(ORGANIZATIONS)}`, { type: 'access-key.rotated.v1', data }];
  },
  'organization.member-invited.v1': (dice, nowMs) => {
    const times = { expiresAt: until(dice, nowMs), tokenDigest: 'd', invitedBy: dice.pick(PEOPLE) };
    const data = { invitationId: 'i', addressId: 'a', role: dice.pick(ROLES), ...times };
    return [organizationOf(dice), { type: 'organization.member-invited.v1', data }];
  },
  'organization.invitation-resent.v1': (dice, nowMs) => {
    const data = { invitationId: 'i', expiresAt: until(dice, nowMs), tokenDigest: 'e', invitedBy: dice.pick(PEOPLE) };
    return [organizationOf(dice), { type: 'organization.invitation-resent.v1', data }];
  },
  'organization.invitation-accepted.v1': (dice) => {
    const data = { invitationId: 'i', memberId: dice.pick(PEOPLE) };
    return [organizationOf(dice), { type: 'organization.invitation-accepted.v1', data }];
  },
  'organization.invitation-declined.v1': (dice) => {
    const data = { invitationId: 'i', memberId: dice.pick(PEOPLE) };
    return [organizationOf(dice), { type: 'organization.invitation-declined.v1', data }];
  },
  'organization.invitation-revoked.v1': (dice) => [
    organizationOf(dice),
    { type: 'organization.invitation-revoked.v1', data: { invitationId: 'i' } },
  ],
  'access-key.expiry-announced.v1': (dice) => [
    `keys-${dice.pick(ORGANIZATIONS)}`,
    { type: 'access-key.expiry-announced.v1', data: { keyId: dice.pick(KEYS) } },
  ],
  'access-keys.limits-set.v1': (dice) => [
    `keys-${dice.pick(ORGANIZATIONS)}`,
    { type: 'access-keys.limits-set.v1', data: { activeKeys: 5, lifetimeDays: null } },
  ],
  'platform.policy-published.v1': (dice) => [
    'platform-policy',
    { type: 'platform.policy-published.v1', data: { release: '1.0.0', table: dice.pick(OTHER_TABLES) } },
  ],
};
const ALL_WRITERS = Object.values(WRITERS);

function recorded([stream, event]: Placed, index: number, recordedMs: number): Recorded<RightsFact> {
  const metadata = {
    id: `event-${index}`,
    stream,
    revision: index,
    position: position('teststore', index * 2 + 1), // positions of other events are between
    recordedAt: new Date(recordedMs).toISOString(),
    actor: 'system:test',
    commandId: 'c',
    correlationId: 'r',
    causationId: 'c',
  };
  return { event, metadata };
}

/** Returns a history that begins with two organizations and their members. */
function historyOf(dice: Dice): Recorded<RightsFact>[] {
  const beginnings: Placed[] = [
    ...PEOPLE.map((id): Placed => [
      `user-${id}`,
      { type: 'user.registered.v1', data: { globalRole: id === 'root' ? 'admin' : 'developer' } },
    ]),
    ...ORGANIZATIONS.map((slug): Placed => [
      `organization-${slug}`,
      { type: 'organization.created.v1', data: { name: slug, slug, ownerId: dice.pick(PEOPLE), isDefault: false } },
    ]),
  ];
  let nowMs = START;
  const length = beginnings.length + 8 + dice.below(24);
  const deleted = new Set<string>();
  return Array.from({ length }, (_, index) => {
    nowMs += dice.below(2) * MINUTE - (dice.oneIn(8) ? 10 : 0); // two processes with different clocks
    let placed = beginnings[index] ?? dice.pick(ALL_WRITERS)(dice, nowMs);
    // Nothing happens in an organization after its end, which is rare, because the rest would be of little use.
    while (deleted.has(placed[0]) || (placed[1].type === 'organization.deleted.v1' && !dice.oneIn(4)))
      placed = dice.pick(ALL_WRITERS)(dice, nowMs);
    if (placed[1].type === 'organization.deleted.v1') deleted.add(placed[0]);
    return recorded(placed, index, nowMs);
  });
}

/** Folds everything up to a position, without any of the code of the history. */
function foldUpTo(history: readonly Recorded<RightsFact>[], sequence: number) {
  const directory = new Directory();
  const last = position('teststore', sequence);
  const tables: RightsTable[] = [];
  let past = 0;
  for (const { event, metadata } of history) {
    if (event.type === 'platform.policy-published.v1') tables.push(event.data.table);
    if (metadata.position > last) continue;
    past = tables.length;
    if (event.type !== 'platform.policy-published.v1') directory.apply({ event, metadata });
  }
  return { directory, table: tables[Math.max(past - 1, 0)] ?? PERMISSIONS };
}

function principalOf(dice: Dice): Principal {
  if (!dice.oneIn(2)) return { kind: 'login', userId: dice.pick(PEOPLE) };
  const memberId = dice.pick(MEMBERS);
  return {
    kind: 'key',
    memberId,
    memberKind: kindOf(memberId),
    keyId: dice.pick(KEYS),
    organizationId: dice.pick(ORGANIZATIONS),
    role: dice.pick(ROLES),
  };
}

function fold(history: readonly Recorded<RightsFact>[]): RightsHistory {
  const folded = new RightsHistory();
  for (const one of history) folded.apply(one);
  return folded;
}

describe('the history of rights', () => {
  it('decides at every moment of 10,000 random histories like a fold of the log up to there', () => {
    const seed = seedOfRun();
    const dice = diceOf(seed);
    const written = new Set<string>();
    let allowed = 0;
    for (let round = 0; round < 10_000; round++) {
      const history = historyOf(dice);
      for (const { event } of history) written.add(event.type);
      const folded = fold(history);
      const at = { sequence: 1 + dice.below(history.length * 2), nowMs: START + dice.below(20) * MINUTE };
      const [rights, table] = [folded.rightsAt(at.sequence), folded.policyAt(at.sequence)?.table ?? PERMISSIONS];
      const expected = foldUpTo(history, at.sequence);
      for (let repeat = 0; repeat < 3; repeat++) {
        const principal = principalOf(dice);
        const permission = dice.pick(PERMISSION_NAMES);
        const scope = { organizationId: dice.pick(ORGANIZATIONS), isProtected: dice.oneIn(4) };
        const answers = [
          { rights, table },
          { rights: expected.directory, table: expected.table },
        ].map((known) => ({
          ended: endedKey(principal, known.rights, at.nowMs),
          decision: can(principal, permission, scope, known.rights, at.nowMs, known.table),
        }));
        if (JSON.stringify(answers[0]) !== JSON.stringify(answers[1]))
          throw new Error(`seed ${seed}: ${JSON.stringify({ at, permission, principal, scope, answers })}`);
        allowed += answers[0]?.decision.allowed ? 1 : 0;
      }
    }
    expect([...written].toSorted()).toEqual(Object.keys(rightsEvents.types).toSorted());
    expect(allowed).toBeGreaterThan(2_000);
  });

  it('finds the last event recorded up to a time, also where clocks differ', () => {
    const seed = seedOfRun();
    const dice = diceOf(seed);
    for (let round = 0; round < 300; round++) {
      const history = historyOf(dice);
      const folded = fold(history);
      for (let minute = -1; minute < 20; minute++) {
        const timeMs = START + minute * MINUTE;
        const last = history.findLast(({ metadata }) => Date.parse(metadata.recordedAt) <= timeMs);
        const expected = last && Number(last.metadata.position.split('.')[1]);
        expect([seed, folded.asOfTime(timeMs)?.sequence]).toEqual([seed, expected]);
      }
    }
  });

  it('A26: decides by the rules that the release of that time published, before the first one by those of the first', () => {
    const old = {
      ...currentTable(),
      'application.deploy': { ...PERMISSIONS['application.deploy'], roles: ['viewer'] },
    } as const;
    const history = [
      ['user-ada', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
      [
        'organization-acme',
        { type: 'organization.created.v1', data: { name: 'a', slug: 'acme', ownerId: 'ada', isDefault: false } },
      ],
      [
        'organization-acme',
        { type: 'organization.member-added.v1', data: { memberId: 'grace', kind: 'person', role: 'viewer' } },
      ],
      ['user-grace', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
      ['platform-policy', { type: 'platform.policy-published.v1', data: { release: '0.1.0', table: old } }],
      ['platform-policy', { type: 'platform.policy-published.v1', data: { release: '0.2.0', table: currentTable() } }],
    ] as const satisfies readonly Placed[];
    const folded = fold(history.map((placed, index) => recorded(placed, index, START + index * MINUTE)));
    const mayDeploy = (userId: string, minute: number): boolean => {
      const moment = folded.asOfTime(START + minute * MINUTE) ?? { sequence: 0, nowMs: 0 };
      const rights = folded.rightsAt(moment.sequence);
      const principal = { kind: 'login', userId } as const;
      const table = folded.policyAt(moment.sequence)?.table;
      return can(principal, 'application.deploy', { organizationId: 'acme' }, rights, moment.nowMs, table).allowed;
    };
    expect([3, 4, 5].map((minute) => mayDeploy('grace', minute))).toEqual([true, true, false]);
    expect([3, 4, 5].map((minute) => mayDeploy('ada', minute))).toEqual([false, false, true]);
  });
});
