import { err, ok, type Actor, type Result } from '#kernel';
import { actingRole } from '../members/acting-role.ts';
import type { Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';

/** Command: begin the deletion of an organization. From then on its keys are rejected, and nothing can be created. */
export interface RequestDeletion {
  readonly type: 'request-deletion';
  readonly applications: number;
  readonly clusters: number;
  /** Milliseconds since 1970: roles end. */
  readonly nowMs: number;
}

/** Command: complete a deletion. Its caller was authorized when it began. */
export interface CompleteDeletion {
  readonly type: 'complete-deletion';
}

/** Begins a deletion. A repeated command records nothing. */
export function requestDeletion(
  { applications, clusters, nowMs }: RequestDeletion,
  organization: Organization,
  actor: Actor,
): Result<readonly OrganizationEvent[], OrganizationError> {
  if (organization.status === 'absent' || organization.status === 'deleted') return err(organizationErrors.notFound());
  if (actor.key !== undefined || actingRole(actor, organization, nowMs) !== 'owner')
    return err(organizationErrors.mayNotDelete());
  if (organization.status === 'deleting') return ok([]);
  if (applications + clusters > 0) return err(organizationErrors.inUse(applications, clusters));
  const { name, slug } = organization;
  return ok([{ type: 'organization.deletion-requested.v1', data: { name, slug } }]);
}

/** Completes a deletion. A repeated command records nothing. */
export function completeDeletion(organization: Organization): Result<readonly OrganizationEvent[], OrganizationError> {
  if (organization.status === 'deleted') return ok([]);
  if (organization.status !== 'deleting') return err(organizationErrors.notFound());
  return ok([{ type: 'organization.deleted.v1', data: {} }]);
}
