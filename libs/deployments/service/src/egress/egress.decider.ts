import { assertNever, err, ok, type Actor, type Decider, type EventFamily, type Fact, type Result } from '#kernel';
import { egressErrors } from './egress.errors.ts';

/**
 * Addresses to which the platform may connect in addition to public ones and `ASTRO_EGRESS_ALLOW`, as allowed by global
 * admins. There is one stream for the platform. Entries have the format of `parseEgressEntry`.
 */
export type EgressEvent =
  Fact<'egress.allowed.v1', { readonly entry: string }> | Fact<'egress.denied.v1', { readonly entry: string }>;

export const EGRESS_STREAM = 'egress-platform';

export const egressEvents: EventFamily<EgressEvent> = {
  categories: ['egress'],
  types: { 'egress.allowed.v1': true, 'egress.denied.v1': true },
};

export interface EgressCommand {
  readonly type: 'allow' | 'deny';
  readonly entry: string;
  /** Other texts of the same network in the list. Releases before 0.2 kept host bits: `10.4.0.12/16`. */
  readonly same?: readonly string[];
}

type EgressError = ReturnType<(typeof egressErrors)[keyof typeof egressErrors]>;

/** Limited, since each connection of a worker is checked against all entries. */
const MAX_ENTRIES = 200;

/** In the order in which they were allowed. */
export type Egress = ReadonlySet<string>;

function evolve(allowed: Egress, { type, data }: EgressEvent): Egress {
  const next = new Set(allowed);
  switch (type) {
    case 'egress.allowed.v1':
      return next.add(data.entry);
    case 'egress.denied.v1':
      next.delete(data.entry);
      return next;
    default:
      return assertNever(type);
  }
}

/** A repeated `allow` records nothing. A `deny` of an unknown entry is rejected, so that a typing error is noticed. */
function decide(
  { type, entry, same = [] }: EgressCommand,
  allowed: Egress,
  actor: Actor,
): Result<readonly EgressEvent[], EgressError> {
  if (!actor.isGlobalAdmin) return err(egressErrors.egressNotAdmin());
  const present = [entry, ...same].filter((text) => allowed.has(text));
  if (type === 'deny')
    return present.length > 0
      ? ok(present.map((text) => ({ type: 'egress.denied.v1', data: { entry: text } })))
      : err(egressErrors.egressNotFound(entry));
  if (present.length > 0) return ok([]);
  if (allowed.size >= MAX_ENTRIES) return err(egressErrors.egressLimit(MAX_ENTRIES));
  return ok([{ type: 'egress.allowed.v1', data: { entry } }]);
}

export const egressDecider: Decider<Egress, EgressCommand, EgressEvent, EgressError> = {
  events: egressEvents,
  initialState: new Set(),
  evolve,
  decide,
};
