import { mayGrant, ROLES, type OrganizationEvent, type Role } from '#access';
import type { Actor } from '#kernel';
import { diceOf } from '#testing';
import { organizationDecider, type OrganizationCommand } from '../organization.decider.ts';
import { initialState, isInEffect, membersOf, type Member, type Organization } from '../organization.ts';

const PEOPLE = ['ada', 'grace', 'linus', 'edith'] as const;
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed + 1);
const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const founded: readonly OrganizationEvent[] = [
  { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false } },
  { type: 'organization.seat-limit-set.v1', data: { limit: 10 } },
];

interface Step {
  readonly actor: { readonly id: string; readonly key: Role | undefined };
  readonly memberId: string;
  readonly role: Role;
  /** Hours after the command; negative for a time in the past. */
  readonly end: number | undefined;
  readonly kind: 'set' | 'remove' | 'leave';
  readonly afterHours: number;
}

/** Returns a random history, the same for each seed. */
function historyOf(seed: number): readonly Step[] {
  const { below, pick } = diceOf(seed);
  return Array.from({ length: 60 }, () => ({
    actor: { id: pick(PEOPLE), key: below(3) === 0 ? pick(ROLES) : undefined },
    memberId: pick(PEOPLE),
    role: pick(ROLES),
    end: below(3) === 0 ? below(22) - 2 : undefined,
    kind: pick(['set', 'set', 'set', 'remove', 'leave'] as const),
    afterHours: below(4),
  }));
}

const until = (nowMs: number, hours: number | undefined) =>
  hours === undefined ? {} : { until: new Date(nowMs + hours * HOUR).toISOString() };

function commandOf({ kind, memberId, role, end, actor }: Step, nowMs: number): OrganizationCommand {
  if (kind === 'set') return { type: 'set-member', memberId, kind: 'person', role, nowMs, ...until(nowMs, end) };
  const leaving = kind === 'leave';
  return { type: 'remove-member', memberId: leaving ? actor.id : memberId, leaving, nowMs };
}

/** Runs a random history, and calls `check` with the state before and after each accepted command. */
function play(
  steps: readonly Step[],
  check: (before: Organization, after: Organization, actor: Actor, nowMs: number) => void,
): void {
  let state = founded.reduce(organizationDecider.evolve, initialState);
  let nowMs = START;
  for (const each of steps) {
    nowMs += each.afterHours * HOUR;
    const { id, key } = each.actor;
    const by: Actor = { id, kind: 'person', isGlobalAdmin: false, ...(key && { key: { id: 'key_1', role: key } }) };
    const decided = organizationDecider.decide(commandOf(each, nowMs), state, by);
    if (!decided.ok) continue;
    const after = decided.value.reduce(organizationDecider.evolve, state);
    check(state, after, by, nowMs);
    state = after;
  }
}

const inEffect = (member: Member | undefined, nowMs: number): Member | undefined =>
  member && isInEffect(member.until, nowMs) ? member : undefined;

describe('random histories of members', () => {
  it('A8: an owner whose membership does not end remains, whatever is done in whatever order', () =>
    SEEDS.forEach((seed) =>
      play(historyOf(seed), (_before, after) => {
        const lasting = [...membersOf(after).values()].filter(({ role, until }) => role === 'owner' && !until);
        expect(lasting.length).toBeGreaterThan(0);
      }),
    ));

  it('A6: nobody gives or takes what exceeds their own role, or gives it for longer than they have it', () =>
    SEEDS.forEach((seed) =>
      play(historyOf(seed), (before, after, by, nowMs) => {
        const own = inEffect(membersOf(before).get(by.id), nowMs);
        for (const id of PEOPLE) {
          const [from, to] = [membersOf(before).get(id), membersOf(after).get(id)];
          if (JSON.stringify(from) === JSON.stringify(to)) continue;
          const keyRole = by.key?.role as Role | undefined;
          const acts = (wanted: Role) => mayGrant(own?.role, wanted) && (!keyRole || mayGrant(keyRole, wanted));
          if (to === undefined && id === by.id) continue; // everybody may leave
          expect(acts('admin')).toBe(true);
          if (from) expect(acts(from.role)).toBe(true);
          if (!to) continue;
          expect(acts(to.role)).toBe(true);
          const isReduction =
            from && mayGrant(from.role, to.role) && (!from.until || (to.until && to.until <= from.until));
          if (own?.until && !isReduction) expect(to.until && to.until <= own.until).toBe(true);
        }
      }),
    ));
});
