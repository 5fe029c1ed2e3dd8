import { err, ok, type Result } from '#kernel';
import type { Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';

/** Command: create an organization. */
export interface CreateOrganization {
  readonly type: 'create-organization';
  readonly name: string;
  readonly slug: string;
  readonly ownerId: string;
  readonly isDefault: boolean;
  /** Seat limit of the plan that a new organization starts with. */
  readonly seatLimit: number;
}

/** Creates an organization whose name and slug are already claimed with its ID. A repeated command records nothing. */
export function createOrganization(
  command: CreateOrganization,
  state: Organization,
): Result<readonly OrganizationEvent[], OrganizationError> {
  const { name, slug, ownerId, isDefault, seatLimit } = command;
  if (state.status === 'deleted') return err(organizationErrors.notFound());
  if (state.status !== 'absent') return ok([]);
  return ok([
    { type: 'organization.created.v1', data: { name, slug, ownerId, isDefault } },
    { type: 'organization.seat-limit-set.v1', data: { limit: seatLimit } },
  ]);
}
