import { err, ok, type Result } from '#kernel';
import { seatsUsed, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';

/** Command: set the seat limit of the organization's plan. */
export interface SetSeatLimit {
  readonly type: 'set-seat-limit';
  readonly limit: number;
  /** Milliseconds since 1970: expired invitations use no seat. */
  readonly nowMs: number;
}

/** Records the seat limit of the plan. A limit below the seats in use is rejected, so that no member loses a seat. */
export function setSeatLimit(
  command: SetSeatLimit,
  state: Organization,
): Result<readonly OrganizationEvent[], OrganizationError> {
  if (state.status !== 'active') return err(organizationErrors.notFound());
  const used = seatsUsed(state, command.nowMs);
  if (command.limit < used) return err(organizationErrors.belowUse(command.limit, used));
  if (command.limit === state.seatLimit) return ok([]);
  return ok([{ type: 'organization.seat-limit-set.v1', data: { limit: command.limit } }]);
}
