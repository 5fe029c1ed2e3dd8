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
  /** Whether applications, profiles, and clusters are deleted too. */
  readonly cascade: boolean;
  /** Whether the objects of the applications stay on their clusters. */
  readonly orphan: boolean;
  /** Milliseconds since 1970: roles end. */
  readonly nowMs: number;
}

/** Command: complete a deletion. Its caller was authorized when it began. */
export interface CompleteDeletion {
  readonly type: 'complete-deletion';
}

/**
 * Begins a deletion, or extends the one in progress by `cascade` or `orphan`. A repeated command records nothing.
 */
export function requestDeletion(
  { applications, clusters, cascade, orphan, nowMs }: RequestDeletion,
  organization: Organization,
  actor: Actor,
): Result<readonly OrganizationEvent[], OrganizationError> {
  if (organization.status === 'absent' || organization.status === 'deleted') return err(organizationErrors.notFound());
  if (actor.key !== undefined || actingRole(actor, organization, nowMs) !== 'owner')
    return err(organizationErrors.mayNotDelete());
  const { status, name, slug, deletion = { cascade: false, orphan: false } } = organization;
  const isExtended = (cascade && !deletion.cascade) || (orphan && !deletion.orphan);
  if (status === 'deleting' && !isExtended) return ok([]);
  if (status === 'active' && !cascade && applications + clusters > 0)
    return err(organizationErrors.inUse(applications, clusters));
  const data = { name, slug, ...(cascade && { cascade }), ...(orphan && { orphan }) };
  return ok([{ type: 'organization.deletion-requested.v1', data }]);
}

/** Completes a deletion. A repeated command records nothing. */
export function completeDeletion(organization: Organization): Result<readonly OrganizationEvent[], OrganizationError> {
  if (organization.status === 'deleted') return ok([]);
  if (organization.status !== 'deleting') return err(organizationErrors.notFound());
  return ok([{ type: 'organization.deleted.v1', data: {} }]);
}
