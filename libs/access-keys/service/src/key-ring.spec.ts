import { position, type Actor } from '#kernel';
import { specify } from '#testing';
import { parseExpiry } from './issuing/expiry.ts';
import { keyRingDecider } from './key-ring.decider.ts';
import { leakedKeysDecider } from './leaks/leaked-keys.decider.ts';
import type { KeyRingEvent } from './key-ring.events.ts';
import { keyView } from './overview/key-view.ts';
import { parseGrace } from './rotating/grace.ts';
import { keysProjection, type ListedKey } from './overview/keys.projection.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const grace: Actor = { id: 'grace', kind: 'person', isGlobalAdmin: false };
const defaults = { activeKeys: 2, lifetimeDays: 90 };
const newKey = (keyId: string, memberId = ada.id) =>
  ({
    keyId,
    memberId,
    memberKind: 'person',
    name: 'ci',
    digest: `digest-${keyId}`,
    masked: 'astro_7Hq2...k9Zd',
  }) as const;
const iso = (ms: number) => new Date(ms).toISOString();
const created = (
  keyId: string,
  more: Partial<Extract<KeyRingEvent, { type: 'access-key.created.v1' }>['data']> = {},
): KeyRingEvent => ({
  type: 'access-key.created.v1',
  data: { ...newKey(keyId), role: 'editor', expiresAt: iso(NOW + 30 * DAY), source: 'cli', ...more },
});
const login = (keyId: string, machine: string, memberId = ada.id) =>
  created(keyId, { ...newKey(keyId, memberId), name: 'login', source: 'login', machine });
const revoked = (keyId: string, reason: string): KeyRingEvent => ({
  type: 'access-key.revoked.v1',
  data: { keyId, reason },
});
const create = {
  type: 'create-key',
  key: newKey('key_1'),
  source: 'cli',
  ownRole: 'owner',
  nowMs: NOW,
  defaults,
} as const;
const createLogin = {
  type: 'create-login-key',
  key: { ...newKey('key_9'), name: 'login' },
  ownRole: 'admin',
  machine: 'laptop',
  nowMs: NOW,
} as const;
const { given } = specify(keyRingDecider);

describe('create a key', () => {
  it('defaults to the role editor and the longest lifetime of the plan', () =>
    given()
      .when(create, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 90 * DAY) })));
  it('defaults to the lifetime that the organization has configured, within the plan', () => {
    given()
      .when({ ...create, usualExpires: NOW + 7 * DAY }, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 7 * DAY) }));
    given()
      .when({ ...create, usualExpires: 'never' }, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 90 * DAY) }));
    given()
      .when({ ...create, usualExpires: NOW + 7 * DAY, expires: NOW + 8 * DAY }, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 8 * DAY) }));
  });
  it('is limited to the role of its owner, also by default', () =>
    given()
      .when({ ...create, ownRole: 'viewer' }, ada)
      .thenRecorded(created('key_1', { role: 'viewer', expiresAt: iso(NOW + 90 * DAY) })));
  it('B18: is rejected for a role above that of its owner', () =>
    given()
      .when({ ...create, role: 'admin', ownRole: 'editor' }, ada)
      .thenRejected({ code: 'key/role-too-high', kind: 'forbidden' }));
  it('B25: is rejected with an access key', () =>
    given()
      .when(create, { ...ada, key: { id: 'key_0', role: 'owner' } })
      .thenRejected({ code: 'key/login-required' }));
  it('is rejected if the key would outlive the plan or has expired already', () => {
    given()
      .when({ ...create, expires: NOW + 91 * DAY }, ada)
      .thenRejected({ code: 'access-keys/lifetime-limit', kind: 'limit' });
    given()
      .when({ ...create, expires: 'never' }, ada)
      .thenRejected({ code: 'access-keys/lifetime-limit' });
    given()
      .when({ ...create, expires: NOW }, ada)
      .thenRejected({ code: 'access-keys/expiry-past', kind: 'invalid' });
    given()
      .when({ ...create, expires: NOW + 90 * DAY }, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 90 * DAY) }));
  });
  it('is not affected by events about keys that were revoked before', () =>
    given(
      { type: 'access-key.rotated.v1', data: { keyId: 'key_0', replacedBy: 'key_a', worksUntil: iso(NOW) } },
      { type: 'access-key.expiry-announced.v1', data: { keyId: 'key_0' } },
    )
      .when(create, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 90 * DAY) })));
  it('allows keys that never expire if the plan does', () => {
    const endless = { ...newKey('key_1'), role: 'editor', source: 'cli' } as const;
    given({ type: 'access-keys.limits-set.v1', data: { activeKeys: 9, lifetimeDays: null } })
      .when(create, ada)
      .thenRecorded({ type: 'access-key.created.v1', data: endless });
    given(
      { type: 'access-keys.limits-set.v1', data: { activeKeys: 1, lifetimeDays: null } },
      { type: 'access-key.created.v1', data: endless },
    )
      .when({ ...create, key: newKey('key_2') }, ada)
      .thenRejected({ code: 'access-keys/active-key-limit', extra: { limit: 1, used: 1 } });
  });
  it('A18: counts against the plan all keys except those of logins and those revoked or expired', () => {
    given(created('key_a'), created('key_b'))
      .when(create, ada)
      .thenRejected({ code: 'access-keys/active-key-limit', kind: 'limit', extra: { limit: 2, used: 2 } });
    given(created('key_a'), created('key_b'), revoked('key_b', 'x'))
      .when(create, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 90 * DAY) }));
    given(created('key_a'), created('key_b', { expiresAt: iso(NOW) }), login('key_l', 'm'))
      .when(create, ada)
      .thenRecorded(created('key_1', { expiresAt: iso(NOW + 90 * DAY) }));
  });
});

describe('the key of a login', () => {
  const fresh = created('key_9', {
    ...newKey('key_9'),
    name: 'login',
    role: 'admin',
    source: 'login',
    machine: 'laptop',
    expiresAt: iso(NOW + 30 * DAY),
  });
  it('expires after 30 days and has the role of its owner', () => given().when(createLogin, ada).thenRecorded(fresh));
  it('replaces the key of the same user and machine only', () =>
    given(login('key_1', 'laptop'), login('key_2', 'desk'), login('key_3', 'laptop', grace.id))
      .when(createLogin, ada)
      .thenRecorded(revoked('key_1', 'replaced by a new login'), fresh));
  it('replaces the oldest when the user has twenty', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => login(`key_m${index}`, `machine-${index}`));
    given(...twenty)
      .when(createLogin, ada)
      .thenRecorded(revoked('key_m0', 'replaced by a new login'), fresh);
  });
  it('replaces none of fewer, whatever other keys there are', () => {
    const logins = (count: number) =>
      Array.from({ length: count }, (_, index) => login(`key_m${index}`, `machine-${index}`));
    const others = [created('key_1'), login('key_2', 'desk', grace.id), login('key_3', 'laptop', grace.id)];
    for (const count of [1, 12, 19])
      given(...others, ...logins(count))
        .when(createLogin, ada)
        .thenRecorded(fresh);
    given(...logins(19), login('key_1', 'laptop'))
      .when(createLogin, ada)
      .thenRecorded(revoked('key_1', 'replaced by a new login'), fresh);
  });
  it('B25: is not created with an access key', () =>
    given()
      .when(createLogin, { ...ada, key: { id: 'key_0', role: 'owner' } })
      .thenRejected({ code: 'key/login-required' }));
});

describe('rotate a key', () => {
  const minted = { keyId: 'key_2', digest: 'digest-key_2', masked: 'astro_new1...k9Zd' };
  const rotate = {
    type: 'rotate-key',
    keyId: 'key_1',
    minted,
    graceMs: DAY / 24,
    mayService: false,
    nowMs: NOW,
  } as const;
  const rotated = (keyId: string, replacedBy: string, untilMs = NOW + DAY / 24): KeyRingEvent => ({
    type: 'access-key.rotated.v1',
    data: { keyId, replacedBy, worksUntil: iso(untilMs) },
  });
  const ciBot = { memberId: 'service-1', memberKind: 'service' } as const;

  it('creates a key with the same owner, name, role, and expiry, and ends the replaced one after the grace period', () =>
    given(created('key_1', { role: 'viewer' }))
      .when(rotate, ada)
      .thenRecorded(created('key_2', { ...minted, role: 'viewer' }), rotated('key_1', 'key_2')));
  it('lets the replaced key work no longer than before', () =>
    given(created('key_1', { expiresAt: iso(NOW + 1_000) }))
      .when(rotate, ada)
      .thenRecorded(
        created('key_2', { ...minted, expiresAt: iso(NOW + 1_000) }),
        rotated('key_1', 'key_2', NOW + 1_000),
      ));
  it('lets a key rotate itself, and B25: no other key', () => {
    given(created('key_1'))
      .when(rotate, { ...ada, key: { id: 'key_1', role: 'editor' } })
      .thenRecorded(created('key_2', minted), rotated('key_1', 'key_2'));
    given(created('key_1'))
      .when(rotate, { ...ada, key: { id: 'key_0', role: 'owner' } })
      .thenRejected({ code: 'key/login-required' });
  });
  it('B32: is rejected for a session whose login is too old', () =>
    given(created('key_1'))
      .when(rotate, { ...ada, isLoginOld: true })
      .thenRejected({ code: 'login/too-old' }));
  it('A5: is rejected for keys of others, except those of service members with the right to it', () => {
    given(created('key_1'))
      .when({ ...rotate, mayService: true }, grace)
      .thenRejected({ code: 'access-keys/not-yours-to-rotate', kind: 'forbidden' });
    given(created('key_1', ciBot)).when(rotate, grace).thenRejected({ code: 'access-keys/not-yours-to-rotate' });
    given(created('key_1', ciBot))
      .when({ ...rotate, mayService: true }, grace)
      .thenRecorded(created('key_2', { ...minted, ...ciBot }), rotated('key_1', 'key_2'));
  });
  it('is rejected for a key that has expired, was revoked, or was rotated before', () => {
    given(created('key_1', { expiresAt: iso(NOW) }))
      .when(rotate, ada)
      .thenRejected({ code: 'access-keys/expired', kind: 'conflict' });
    given(created('key_1'), revoked('key_1', 'lost')).when(rotate, ada).thenRejected({ code: 'access-keys/not-found' });
    given(created('key_1'), created('key_2', minted), rotated('key_1', 'key_2'))
      .when(rotate, ada)
      .thenRejected({ code: 'access-keys/already-rotated', extra: { replacedBy: 'key_2' } });
  });
  it('is rejected for a new key until the replaced one has ended', () => {
    const history = [created('key_1'), created('key_2', minted), rotated('key_1', 'key_2')];
    const again = { ...rotate, keyId: 'key_2', minted: { ...minted, keyId: 'key_3' } };
    given(...history)
      .when({ ...again, nowMs: NOW + DAY / 24 - 1 }, ada)
      .thenRejected({ code: 'access-keys/rotation-in-progress', extra: { former: 'key_1' } });
    given(...history, revoked('key_1', 'done'))
      .when(again, ada)
      .thenRecorded(created('key_3', { ...minted, keyId: 'key_3' }), rotated('key_2', 'key_3'));
    given(...history)
      .when({ ...again, nowMs: NOW + DAY / 24 }, ada)
      .thenRecorded(created('key_3', { ...minted, keyId: 'key_3' }), rotated('key_2', 'key_3', NOW + DAY / 12));
  });
  it('A18: counts the two keys as one against the plan, also at its limit', () => {
    const full = [created('key_a'), created('key_1')];
    const one = given(...full).when(rotate, ada);
    one.thenRecorded(created('key_2', minted), rotated('key_1', 'key_2'));
    given(...full, created('key_2', minted), rotated('key_1', 'key_2'))
      .when({ ...create, key: newKey('key_9') }, ada)
      .thenRejected({ code: 'access-keys/active-key-limit', extra: { limit: 2, used: 2 } });
    given(...full, created('key_2', minted), rotated('key_1', 'key_2'), revoked('key_2', 'x'))
      .when({ ...create, key: newKey('key_9') }, ada)
      .thenRecorded(created('key_9', { expiresAt: iso(NOW + 90 * DAY) }));
  });
  it('leaves one key of a login for its machine', () =>
    given(login('key_1', 'laptop'), login('key_2', 'laptop'), rotated('key_1', 'key_2'))
      .when(createLogin, ada)
      .thenRecorded(
        revoked('key_1', 'replaced by a new login'),
        revoked('key_2', 'replaced by a new login'),
        created('key_9', {
          ...newKey('key_9'),
          name: 'login',
          role: 'admin',
          source: 'login',
          machine: 'laptop',
          expiresAt: iso(NOW + 30 * DAY),
        }),
      ));
});

describe('the grace period of a rotation', () => {
  it.each([
    ['30m', DAY / 48],
    ['1h', DAY / 24],
    ['7d', 7 * DAY],
    ['0m', 0],
  ])('parses %s', (text, expected) => expect(parseGrace(text)).toEqual({ ok: true, value: expected }));
  it.each(['8d', '169h', '10081m', '1s', '1', '-1h', 'h', ' 1h', '1h ', '1hh'])('rejects %j', (text) =>
    expect(parseGrace(text)).toMatchObject({ ok: false, error: { code: 'access-keys/grace-invalid' } }),
  );
});

describe('revoke a key', () => {
  const revoke = { type: 'revoke-key', keyId: 'key_1', reason: 'lost', mayOthers: false } as const;
  it('revokes a key of the caller', () =>
    given(created('key_1')).when(revoke, ada).thenRecorded(revoked('key_1', 'lost')));
  it('lets a key revoke itself', () =>
    given(created('key_1'))
      .when(revoke, { ...ada, key: { id: 'key_1', role: 'editor' } })
      .thenRecorded(revoked('key_1', 'lost')));
  it('A5: revokes keys of others only with that right', () => {
    given(created('key_1')).when(revoke, grace).thenRejected({ code: 'access-keys/not-yours', kind: 'forbidden' });
    given(created('key_1'))
      .when({ ...revoke, mayOthers: true }, grace)
      .thenRecorded(revoked('key_1', 'lost'));
  });
  it('rejects a key that does not exist', () =>
    given().when(revoke, ada).thenRejected({ code: 'access-keys/not-found', kind: 'not-found' }));
  it('B12: revokes all keys of a member who left, and no others', () =>
    given(created('key_1'), created('key_2', newKey('key_2', grace.id)), login('key_3', 'laptop'))
      .when({ type: 'revoke-keys-of', memberId: ada.id, reason: 'left' }, ada)
      .thenRecorded(revoked('key_1', 'left'), revoked('key_3', 'left')));
  it('revokes the keys of all members when the organization was deleted', () =>
    given(created('key_1'), created('key_2', newKey('key_2', grace.id)), login('key_3', 'laptop'))
      .when({ type: 'revoke-keys-of', reason: 'deleted' }, ada)
      .thenRecorded(revoked('key_1', 'deleted'), revoked('key_2', 'deleted'), revoked('key_3', 'deleted')));
  it('use-S11: revokes only the login keys of a person who logs out everywhere', () =>
    given(created('key_1'), created('key_2', newKey('key_2', grace.id)), login('key_3', 'laptop'))
      .when({ type: 'revoke-keys-of', memberId: ada.id, source: 'login', reason: 'logged out' }, ada)
      .thenRecorded(revoked('key_3', 'logged out')));
});

describe('announce the end of a key', () => {
  const announce = (nowMs: number, createdAtMs = NOW) =>
    ({ type: 'announce-expiry', keyId: 'key_1', createdAtMs, nowMs }) as const;
  const announced: KeyRingEvent = { type: 'access-key.expiry-announced.v1', data: { keyId: 'key_1' } };

  it('is recorded from 7 days before the end, until the end', () => {
    given(created('key_1'))
      .when(announce(NOW + 23 * DAY - 1), ada)
      .thenNothingRecorded();
    given(created('key_1'))
      .when(announce(NOW + 23 * DAY), ada)
      .thenRecorded(announced);
    given(created('key_1'))
      .when(announce(NOW + 30 * DAY - 1), ada)
      .thenRecorded(announced);
    given(created('key_1'))
      .when(announce(NOW + 30 * DAY), ada)
      .thenNothingRecorded();
  });
  it.each<[string, KeyRingEvent[]]>([
    ['that was announced', [created('key_1'), announced]],
    ['of a login', [login('key_1', 'laptop')]],
    ['that was revoked', [created('key_1'), revoked('key_1', 'lost')]],
    [
      'that does not end',
      [{ type: 'access-key.created.v1', data: { ...newKey('key_1'), role: 'editor', source: 'cli' } }],
    ],
    [
      'that was replaced',
      [
        created('key_1'),
        {
          type: 'access-key.rotated.v1',
          data: { keyId: 'key_1', replacedBy: 'key_2', worksUntil: iso(NOW + 26 * DAY) },
        },
      ],
    ],
  ])('is not recorded for a key %s', (_case, history) =>
    given(...history)
      .when(announce(NOW + 25 * DAY), ada)
      .thenNothingRecorded(),
  );
  it('is not recorded for a key that was created within 7 days of its end', () => {
    given(created('key_1'))
      .when(announce(NOW + 25 * DAY, NOW + 23 * DAY), ada)
      .thenNothingRecorded();
    given(created('key_1'))
      .when(announce(NOW + 25 * DAY, NOW + 23 * DAY - 1), ada)
      .thenRecorded(announced);
  });
});

describe('a leaked key', () => {
  const leaked = (keyId: string) => ({ type: 'access-key.leaked.v1', data: { keyId, where: 'url' } }) as const;

  it('is flagged once, however often it is found', () => {
    const leaks = specify(leakedKeysDecider);
    const flag = { type: 'flag-leaked-key', keyId: 'key_1', where: 'url' } as const;
    leaks.given(leaked('key_0')).when(flag, ada).thenRecorded(leaked('key_1'));
    leaks
      .given(leaked('key_0'), leaked('key_1'))
      .when({ ...flag, where: 'report' }, ada)
      .thenNothingRecorded();
  });
});

describe('the limits of keys', () => {
  const set = (activeKeys: number, lifetimeDays: number | null) =>
    ({ type: 'set-key-limits', limits: { activeKeys, lifetimeDays }, nowMs: NOW }) as const;
  it('are recorded once', () => {
    given()
      .when(set(9, null), ada)
      .thenRecorded({ type: 'access-keys.limits-set.v1', data: { activeKeys: 9, lifetimeDays: null } });
    given({ type: 'access-keys.limits-set.v1', data: { activeKeys: 9, lifetimeDays: null } })
      .when(set(9, null), ada)
      .thenNothingRecorded();
  });
  it('are recorded if one of them changes', () => {
    const limited: KeyRingEvent = { type: 'access-keys.limits-set.v1', data: { activeKeys: 9, lifetimeDays: 90 } };
    for (const [activeKeys, lifetimeDays] of [
      [8, 90],
      [9, 30],
      [9, null],
    ] as const)
      given(limited)
        .when(set(activeKeys, lifetimeDays), ada)
        .thenRecorded({ type: 'access-keys.limits-set.v1', data: { activeKeys, lifetimeDays } });
  });
  it('can be without a limit of the lifetime, whatever that of the keys in use', () =>
    given(created('key_1', { expiresAt: iso(NOW + 9_999 * DAY) }))
      .when(set(9, null), ada)
      .thenRecorded({ type: 'access-keys.limits-set.v1', data: { activeKeys: 9, lifetimeDays: null } }));
  it('can be exactly what the keys in use need', () =>
    given(created('key_1'), created('key_2', { expiresAt: iso(NOW + 90 * DAY) }))
      .when(set(2, 90), ada)
      .thenRecorded({ type: 'access-keys.limits-set.v1', data: { activeKeys: 2, lifetimeDays: 90 } }));
  it('are rejected if the keys in use exceed them', () => {
    given(created('key_1'), created('key_2'))
      .when(set(1, 90), ada)
      .thenRejected({ code: 'access-keys/active-keys-over', kind: 'conflict' });
    given(created('key_1', { expiresAt: iso(NOW + 200 * DAY) }))
      .when(set(9, 90), ada)
      .thenRejected({ code: 'access-keys/lifetimes-over', kind: 'conflict' });
  });
});

describe('expiry', () => {
  it.each([
    ['90d', NOW + 90 * DAY],
    ['12h', NOW + DAY / 2],
    ['2026-03-01', Date.UTC(2026, 2, 1)],
    ['2026-03-01T12:00:00Z', Date.UTC(2026, 2, 1, 12)],
    ['never', 'never'],
  ])('parses %s', (text, expected) => expect(parseExpiry(text, NOW)).toEqual({ ok: true, value: expected }));
  it.each(['2026-13-45', '999999d', '0000000d', 'soon'])('rejects %s', (text) =>
    expect(parseExpiry(text, NOW)).toMatchObject({ ok: false, error: { code: 'access-keys/expiry-invalid' } }),
  );
});

describe('the list of keys', () => {
  const recorded = (event: KeyRingEvent) => ({
    event,
    metadata: {
      id: 'e',
      stream: 'keys-0193f2a4-11de',
      revision: 0,
      position: position('teststore', 1),
      recordedAt: iso(NOW),
      actor: 'ada',
      commandId: 'c',
      correlationId: 'r',
      causationId: 'c',
    },
  });
  const nothing: ListedKey | undefined = undefined;
  const listed = keysProjection.apply(nothing, recorded(created('key_1'))) as ListedKey;
  const companions = { owner: 'ada@acme.dev', lastUsed: null };

  it('B17: shows a key masked, without its digest', () => {
    expect(listed).toMatchObject({ id: 'key_1', organizationId: '0193f2a4-11de', masked: 'astro_7Hq2...k9Zd' });
    expect(JSON.stringify(listed)).not.toContain('digest');
  });
  it('B9: shows a key as expired from the millisecond of its expiry, without a sweeper', () => {
    expect(keyView(listed, { ...companions, nowMs: NOW + 30 * DAY - 1 }).status).toBe('ACTIVE');
    expect(keyView(listed, { ...companions, nowMs: NOW + 30 * DAY }).status).toBe('EXPIRED');
  });
  it('shows a rotated key as such until its grace period ends', () => {
    const rotated: KeyRingEvent = {
      type: 'access-key.rotated.v1',
      data: { keyId: 'key_1', replacedBy: 'key_2', worksUntil: iso(NOW + DAY) },
    };
    const replaced = keysProjection.apply(listed, recorded(rotated)) as ListedKey;
    const at = (nowMs: number) => keyView(replaced, { ...companions, nowMs });
    expect(at(NOW + DAY - 1)).toMatchObject({ status: 'ROTATED', expires: iso(NOW + DAY) });
    expect(at(NOW + DAY).status).toBe('EXPIRED');
    const gone = keysProjection.apply(replaced, recorded(revoked('key_1', 'lost'))) as ListedKey;
    expect(keyView(gone, { ...companions, nowMs: NOW }).status).toBe('REVOKED');
  });
  it('includes revoked keys', () => {
    const gone = keysProjection.apply(listed, recorded(revoked('key_1', 'lost'))) as ListedKey;
    expect(keyView(gone, { ...companions, nowMs: NOW }).status).toBe('REVOKED');
  });
});
