import { ROLES } from '#access';
import type { Actor } from '#kernel';
import fc from 'fast-check';
import type { KeyRingCommand } from './key-ring.decider.ts';
import { keyRingDecider } from './key-ring.decider.ts';
import type { KeyRingEvent } from './key-ring.events.ts';
import { countedKeys, initialState, type KeyRing } from './key-ring.ts';

const START_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const MEMBERS = ['ada', 'grace', 'service-1'] as const;
const MACHINES = ['laptop', 'desk'] as const;

/** A command without the data that depends on the history: `key` selects an earlier key, `after` moves the clock. */
const step = fc.record({
  type: fc.constantFrom(
    'create-key',
    'create-key',
    'create-login-key',
    'rotate-key',
    'rotate-key',
    'revoke-key',
    'revoke-keys-of',
    'set-key-limits',
  ),
  actor: fc.constantFrom(...MEMBERS),
  withKey: fc.boolean(),
  member: fc.constantFrom(...MEMBERS),
  key: fc.nat({ max: 30 }),
  after: fc.constantFrom(0, 1, 60_000, DAY_MS, 10 * DAY_MS),
  days: fc.integer({ min: 0, max: 40 }),
  role: fc.constantFrom(...ROLES),
  ownRole: fc.constantFrom(...ROLES),
  machine: fc.constantFrom(...MACHINES),
  may: fc.boolean(),
  graceMs: fc.constantFrom(0, 60_000, DAY_MS, 7 * DAY_MS),
  activeKeys: fc.integer({ min: 1, max: 5 }),
  lifetimeDays: fc.constantFrom(10, 30, null),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const kindOf = (member: string) => (member.startsWith('service') ? 'service' : 'person');
const idAt = (index: number) => `key_${index}`;

function commandOf(wanted: Step, index: number, nowMs: number): KeyRingCommand {
  const minted = { keyId: idAt(index), digest: `digest-${index}`, masked: 'astro_abcd...wxyz' };
  const key = { ...minted, memberId: wanted.member, memberKind: kindOf(wanted.member), name: 'ci' } as const;
  const target = idAt(wanted.key);
  switch (wanted.type) {
    case 'create-key': {
      const { role, ownRole, days } = wanted;
      const defaults = { activeKeys: 3, lifetimeDays: 30 };
      return { type: 'create-key', key, source: 'cli', role, ownRole, expires: nowMs + days * DAY_MS, nowMs, defaults };
    }
    case 'create-login-key':
      return { type: 'create-login-key', key, ownRole: wanted.ownRole, machine: wanted.machine, nowMs };
    case 'rotate-key':
      return { type: 'rotate-key', keyId: target, minted, graceMs: wanted.graceMs, mayService: wanted.may, nowMs };
    case 'revoke-key':
      return { type: 'revoke-key', keyId: target, reason: 'x', mayOthers: wanted.may };
    case 'revoke-keys-of':
      return { type: 'revoke-keys-of', memberId: wanted.member, reason: 'left' };
    default: {
      const { activeKeys, lifetimeDays } = wanted;
      return { type: 'set-key-limits', limits: { activeKeys, lifetimeDays }, nowMs };
    }
  }
}

interface Moment {
  readonly nowMs: number;
  readonly command: KeyRingCommand;
  readonly before: KeyRing;
  readonly after: KeyRing;
  readonly events: readonly KeyRingEvent[];
}

/** Runs the commands one after another, each at its time. */
function history(steps: readonly Step[]): Moment[] {
  let state = initialState;
  let nowMs = START_MS;
  return steps.map((wanted, index) => {
    nowMs += wanted.after;
    const actor: Actor = {
      id: wanted.actor,
      kind: kindOf(wanted.actor),
      isGlobalAdmin: false,
      ...(wanted.withKey && { key: { id: idAt(wanted.key), role: wanted.role } }),
    };
    const command = commandOf(wanted, index, nowMs);
    const before = state;
    const outcome = keyRingDecider.decide(command, before, actor);
    const events = outcome.ok ? outcome.value : [];
    for (const event of events) state = keyRingDecider.evolve(state, event);
    return { nowMs, command, before, after: state, events };
  });
}

const isWorking = ({ keys }: KeyRing, keyId: string, nowMs: number): boolean =>
  nowMs < (keys.get(keyId)?.expiresAtMs ?? Number.NEGATIVE_INFINITY);
const histories = fc.array(step, { minLength: 1, maxLength: 60 });
const holds = (check: (moments: readonly Moment[]) => void) =>
  fc.assert(
    fc.property(histories, (steps) => check(history(steps))),
    { numRuns: 300 },
  );

describe('in every history of commands', () => {
  it('A18: the keys that count never exceed the limit of their time', () =>
    holds((moments) => {
      for (const { nowMs, after } of moments)
        expect(countedKeys(after, nowMs)).toBeLessThanOrEqual(after.limits?.activeKeys ?? 3);
    }));

  it('at most two keys work for each that counts', () =>
    holds((moments) => {
      for (const { nowMs, after } of moments) {
        const working = [...after.keys.values()].filter(
          ({ created, expiresAtMs }) => created.source !== 'login' && nowMs < expiresAtMs,
        );
        expect(working.length).toBeLessThanOrEqual(2 * (after.limits?.activeKeys ?? 3));
      }
    }));

  it('a key that has ended, by expiry, rotation, or revocation, never works again', () =>
    holds((moments) => {
      const ended = new Set<string>();
      const known = new Set<string>();
      for (const { nowMs, after, events } of moments) {
        for (const { type, data } of events) if (type === 'access-key.created.v1') known.add(data.keyId);
        for (const keyId of known) {
          if (isWorking(after, keyId, nowMs)) expect(ended.has(keyId)).toBe(false);
          else ended.add(keyId);
        }
      }
    }));

  it('no event makes a key work longer than before', () =>
    holds((moments) => {
      for (const { before, after } of moments)
        for (const [keyId, { expiresAtMs }] of before.keys)
          expect(after.keys.get(keyId)?.expiresAtMs ?? 0).toBeLessThanOrEqual(expiresAtMs);
    }));

  it('no key is created twice, and none by an access key except the successor of that key', () =>
    holds((moments) => {
      const seen = new Set<string>();
      for (const { command, before, events } of moments)
        for (const { type, data } of events) {
          if (type !== 'access-key.created.v1') continue;
          expect([seen.has(data.keyId), before.keys.has(data.keyId)]).toEqual([false, false]);
          seen.add(data.keyId);
          if (command.type !== 'rotate-key') continue;
          const { created } = before.keys.get(command.keyId) ?? {};
          expect({ ...data, ...command.minted }).toEqual({ ...created, ...command.minted });
        }
    }));

  it('a user has at most one login key per machine that was not rotated', () =>
    holds((moments) => {
      for (const { after } of moments) {
        const owners = [...after.keys.values()]
          .filter(({ created, replacedBy }) => created.source === 'login' && replacedBy === undefined)
          .map(({ created }) => `${created.memberId} ${created.machine}`);
        expect(new Set(owners).size).toBe(owners.length);
      }
    }));
});
