import { currentTable, PERMISSIONS, RightsHistory, type RightsFact } from '#access';
import type { ObjectFact } from '#deployments/contract';
import { position } from '#kernel';
import { ObjectHistory } from './object-history.ts';
import { decideAt, decideForMember, isAt, isDuring, waysOf, waysOfAll, type AccessQuestion, type Way } from './ways.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const ORG = 'acme';
const at = (minute: number): string => new Date(START + minute * MINUTE).toISOString();

type Step = readonly [minute: number, stream: string, fact: RightsFact | ObjectFact];
const isRightsFact = (fact: RightsFact | ObjectFact): fact is RightsFact =>
  /^(user|organization|access-keys?|platform)\./.test(fact.type);

/** Folds events, each at its minute. The first event has position 1. */
function pastOf(...steps: readonly Step[]) {
  const past = { rights: new RightsHistory(), objects: new ObjectHistory() };
  steps.forEach(([minute, stream, event], index) => {
    const metadata = {
      id: `event-${index + 1}`,
      stream,
      revision: index,
      position: position('teststore', index + 1),
      recordedAt: at(minute),
      actor: 'ada',
      organizationId: ORG,
      commandId: 'c',
      correlationId: 'r',
      causationId: 'c',
    };
    if (isRightsFact(event)) past.rights.apply({ event, metadata });
    else {
      past.rights.note(metadata);
      past.objects.apply({ event, metadata });
    }
  });
  return past;
}

const user = (minute: number, id: string, globalRole: 'admin' | 'developer' = 'developer'): Step => [
  minute,
  `user-${id}`,
  { type: 'user.registered.v1', data: { globalRole } },
];
const added = (
  minute: number,
  memberId: string,
  role: 'viewer' | 'editor' | 'admin',
  kind = 'person' as 'person' | 'service',
): Step => [minute, `organization-${ORG}`, { type: 'organization.member-added.v1', data: { memberId, role, kind } }];
const changed = (minute: number, memberId: string, role: 'viewer' | 'editor' | 'admin'): Step => [
  minute,
  `organization-${ORG}`,
  { type: 'organization.member-role-changed.v1', data: { memberId, role } },
];
const BEGINNING: readonly Step[] = [
  user(0, 'ada'),
  [
    0,
    `organization-${ORG}`,
    { type: 'organization.created.v1', data: { name: 'a', slug: ORG, ownerId: 'ada', isDefault: false } },
  ],
  user(1, 'grace'),
  added(10, 'grace', 'editor'),
];
const ask = (more: Partial<AccessQuestion> = {}): AccessQuestion => ({
  organizationId: ORG,
  permission: 'application.deploy',
  object: undefined,
  rules: 'then',
  ...more,
});
/** Returns ways as text: `grace role editor 10..20 event-4`. */
const shown = (ways: readonly Way[]) =>
  ways.map(({ memberId, way, role, keyId, from, to, grantedBy }) => {
    const minute = (ms: number) => (ms - START) / MINUTE;
    const end = to === undefined ? '' : minute(to.nowMs);
    return `${memberId} ${keyId ?? way} ${role ?? '-'} ${minute(from.nowMs)}..${end} ${grantedBy}`;
  });

const key = (
  minute: number,
  keyId: string,
  more: { memberId?: string; memberKind?: 'service'; role?: 'viewer' | 'owner'; expiresAt?: string } = {},
): Step => [
  minute,
  `keys-${ORG}`,
  {
    type: 'access-key.created.v1',
    data: {
      keyId,
      memberId: 'grace',
      memberKind: 'person',
      role: 'owner',
      name: 'k',
      digest: keyId,
      masked: 'm',
      source: 'cli',
      ...more,
    },
  },
];

describe('the ways in which somebody has a permission', () => {
  it('begin and end with the events that grant and revoke the role', () => {
    const past = pastOf(...BEGINNING, changed(20, 'grace', 'viewer'), changed(30, 'grace', 'admin'), [
      40,
      `organization-${ORG}`,
      { type: 'organization.member-removed.v1', data: { memberId: 'grace' } },
    ]);
    expect(shown(waysOf(past, ask(), 'grace'))).toEqual([
      'grace role editor 10..20 event-4',
      'grace role admin 30..40 event-6',
    ]);
    expect(shown(waysOfAll(past, ask()))).toContain('ada role owner 0.. event-2');
  });

  it('are found at a time and during an interval, which includes those who had it at any time of it', () => {
    const past = pastOf(...BEGINNING, changed(20, 'grace', 'viewer'));
    const [way] = waysOf(past, ask(), 'grace');
    const moment = (minute: number) => past.rights.asOfTime(START + minute * MINUTE) ?? { sequence: 0, nowMs: 0 };
    const found = (minute: number) => way !== undefined && isAt(way, moment(minute));
    expect([9, 10, 19, 20].map(found)).toEqual([false, true, true, false]);
    const during = (from: number, to: number) => way !== undefined && isDuring(way, moment(from), moment(to));
    expect([during(0, 9), during(0, 10), during(12, 13), during(19, 60), during(20, 60)]).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('include keys, until their expiry, rotation, or revocation, with the weaker of two roles', () => {
    const past = pastOf(
      ...BEGINNING,
      key(11, 'revoked'),
      key(12, 'expired', { expiresAt: at(25) }),
      key(13, 'weak', { role: 'viewer' }),
      key(14, 'rotated'),
      [20, `keys-${ORG}`, { type: 'access-key.revoked.v1', data: { keyId: 'revoked', reason: 'x' } }],
      [
        21,
        `keys-${ORG}`,
        { type: 'access-key.rotated.v1', data: { keyId: 'rotated', replacedBy: 'x', worksUntil: at(22) } },
      ],
      user(90, 'linus'),
    );
    expect(shown(waysOf(past, ask(), 'grace'))).toEqual([
      'grace role editor 10.. event-4',
      'grace revoked editor 11..20 event-5',
      'grace expired editor 12..25 event-6',
      'grace rotated editor 14..22 event-8',
    ]);
  });

  it('last until their date, also after events that concern no rights', () => {
    const past = pastOf(...BEGINNING, [
      12,
      `organization-${ORG}`,
      {
        type: 'organization.member-role-changed.v1',
        data: { memberId: 'grace', role: 'editor', until: at(30) },
      },
    ]);
    const [, way] = waysOf(past, ask(), 'grace');
    const later = (minute: number) => ({ sequence: 1_000, nowMs: START + minute * MINUTE });
    expect(shown(way ? [way] : [])).toEqual(['grace role editor 12..30 event-5']);
    expect([29, 30].map((minute) => way !== undefined && isAt(way, later(minute)))).toEqual([true, false]);
    expect(way !== undefined && isDuring(way, later(29), later(40))).toBe(true);
    expect(way !== undefined && isDuring(way, later(30), later(40))).toBe(false);
  });

  it('end at the date of the right audit, also if that is in the future', () => {
    const past = pastOf(...BEGINNING, added(11, 'linus', 'viewer'), user(11, 'linus'), [
      12,
      `organization-${ORG}`,
      { type: 'organization.audit-right-set.v1', data: { memberId: 'linus', granted: true, until: at(1_000) } },
    ]);
    expect(shown(waysOf(past, ask({ permission: 'audit.read' }), 'linus'))).toEqual([
      'linus audit viewer 12..1000 event-7',
    ]);
  });

  it('include global admins, and nobody else from outside', () => {
    const past = pastOf(...BEGINNING, user(11, 'root', 'admin'), user(12, 'stranger'), [
      30,
      'user-root',
      { type: 'user.global-role-set.v1', data: { globalRole: 'developer' } },
    ]);
    expect(shown(waysOfAll(past, ask())).filter((text) => !/^(ada|grace)/.test(text))).toEqual([
      'root global-role global-admin 11..30 event-5',
    ]);
  });

  it('follow the protection of the profile that the application had at that time', () => {
    const named = (
      kind: 'application' | 'profile',
      name: string,
      refers: string,
      isProtected?: boolean,
    ): ObjectFact => ({
      type: 'catalog.name-claimed.v1',
      data: {
        kind,
        name,
        id: `${kind}-${name}`,
        refers,
        intent: { name, ...(isProtected !== undefined && { protected: isProtected }) },
      },
    });
    const past = pastOf(
      ...BEGINNING,
      [11, `catalog-${ORG}`, named('profile', 'staging', 'c', false)],
      [12, `catalog-${ORG}`, named('profile', 'production', 'c', true)],
      [13, `catalog-${ORG}`, named('application', 'web', 'profile-staging')],
      [
        20,
        `catalog-${ORG}`,
        {
          type: 'catalog.reference-changed.v1',
          data: { kind: 'application', name: 'web', id: 'application-web', refers: 'profile-production' },
        },
      ],
      [30, 'profile-profile-production', { type: 'profile.changed.v1', data: { protected: false } }],
      user(40, 'linus'),
    );
    expect(shown(waysOf(past, ask({ object: 'application/web' }), 'grace'))).toEqual([
      'grace role editor 10..20 event-4',
      'grace role editor 30.. event-4',
    ]);
    expect(shown(waysOf(past, ask({ object: 'profile/production' }), 'grace'))).toEqual([
      'grace role editor 10..12 event-4',
      'grace role editor 30.. event-4',
    ]);
    expect(past.objects.isProtectedAt(ORG, 'application/api', 9)).toBeUndefined();
  });

  it('include kubeconfigs, until they expire or the account on the cluster is deleted', () => {
    const issued = (minute: number, until: number): Step => [
      minute,
      'cluster-c1',
      { type: 'cluster.kubeconfig-issued.v1', data: { memberId: 'grace', access: 'edit', expiresAt: at(until) } },
    ];
    const past = pastOf(
      ...BEGINNING,
      [
        11,
        `catalog-${ORG}`,
        {
          type: 'catalog.name-claimed.v1',
          data: { kind: 'cluster', name: 'eu', id: 'c1', refers: null, intent: { name: 'eu' } },
        },
      ],
      issued(12, 14),
      issued(15, 60),
      [20, 'cluster-c1', { type: 'cluster.access-ended.v1', data: { memberId: 'grace' } }],
    );
    const kubeconfigs = (object: string) =>
      shown(waysOf(past, ask({ permission: 'cluster.kubeconfig', object }), 'grace')).filter((text) =>
        text.includes('kubeconfig'),
      );
    expect(kubeconfigs('cluster/eu')).toEqual([
      'grace kubeconfig editor 12..14 event-6',
      'grace kubeconfig editor 15..20 event-7',
    ]);
    expect(kubeconfigs('cluster/us')).toEqual([]);
  });

  it('A26: follow the rules of their time, or on request those of this release', () => {
    const { 'application.deploy': rule } = PERMISSIONS;
    const table = { ...currentTable(), 'application.deploy': { ...rule, roles: ['owner'] as const } };
    const past = pastOf(
      ...BEGINNING,
      [15, 'platform-policy', { type: 'platform.policy-published.v1', data: { release: '0.1.0', table } }],
      [
        25,
        'platform-policy',
        { type: 'platform.policy-published.v1', data: { release: '0.2.0', table: currentTable() } },
      ],
    );
    expect(shown(waysOf(past, ask(), 'grace'))).toEqual(['grace role editor 25.. event-4']);
    expect(shown(waysOf(past, ask({ rules: 'current' }), 'grace'))).toEqual(['grace role editor 10.. event-4']);
    const moment = past.rights.asOfTime(START + 16 * MINUTE) ?? { sequence: 0, nowMs: 0 };
    const decide = (rules: 'then' | 'current') =>
      decideAt(past, ask({ rules }), { kind: 'login', userId: 'grace' }, moment).allowed;
    expect([decide('then'), decide('current')]).toEqual([false, true]);
  });
});

describe('a question about a service member', () => {
  const ofService = { memberId: 'ci', memberKind: 'service' } as const;
  const service = (minute: number, role: 'viewer' | 'editor'): Step => [
    minute,
    `organization-${ORG}`,
    { type: 'organization.member-added.v1', data: { memberId: 'ci', role, kind: 'service', name: 'ci-deploy' } },
  ];
  const revoked = (minute: number, keyId: string): Step => [
    minute,
    `keys-${ORG}`,
    { type: 'access-key.revoked.v1', data: { keyId, reason: 'x' } },
  ];
  const outcomeAt = (past: ReturnType<typeof pastOf>, minute: number, question = ask()) => {
    const moment = past.rights.asOfTime(START + minute * MINUTE) ?? { sequence: 0, nowMs: 0 };
    const decision = decideForMember(past, question, 'ci', moment);
    return decision.allowed ? 'allowed' : decision.error.code;
  };

  it('is answered from its keys at that time, and from its role if there is none', () => {
    const past = pastOf(...BEGINNING, service(10, 'editor'), key(20, 'k1', ofService), revoked(30, 'k1'), [
      40,
      `organization-${ORG}`,
      { type: 'organization.member-removed.v1', data: { memberId: 'ci' } },
    ]);
    expect([5, 15, 25, 35, 45].map((minute) => outcomeAt(past, minute))).toEqual([
      'organization/not-found',
      'access/no-key',
      'allowed',
      'access/no-key',
      'organization/not-found',
    ]);
    expect(shown(waysOfAll(past, ask())).filter((text) => text.startsWith('ci '))).toEqual([
      'ci k1 editor 20..30 event-6',
    ]);
    expect(past.rights.serviceMember(ORG, past.rights.serviceName(ORG, 'ci') ?? '')).toBe('ci');
    expect(past.rights.serviceName(ORG, 'grace')).toBeUndefined();
  });

  it('says what its role lacks, and what requires a login', () => {
    const past = pastOf(...BEGINNING, service(10, 'viewer'), key(20, 'k1', ofService));
    expect(outcomeAt(past, 25)).toBe('access/not-permitted');
    expect(outcomeAt(past, 25, ask({ permission: 'organization.delete' }))).toBe('key/login-required');
    expect(outcomeAt(past, 25, ask({ permission: 'application.read' }))).toBe('allowed');
  });

  it('counts no key that is weaker than what is asked', () => {
    const past = pastOf(...BEGINNING, service(10, 'editor'), key(20, 'k1', { ...ofService, role: 'viewer' }));
    expect(outcomeAt(past, 25)).toBe('access/no-key');
  });
});
