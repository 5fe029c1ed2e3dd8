import type { OrganizationSettings } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { actingRole } from '../members/acting-role.ts';
import { isActive, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';

/** Command: change name, slug, and settings. */
export interface ChangeOrganization {
  readonly type: 'change-organization';
  readonly name: string;
  readonly slug: string;
  /** Name and slug that the caller saw. */
  readonly from: { readonly name: string; readonly slug: string };
  readonly settings: Partial<OrganizationSettings>;
  /**
   * Number of applications of the organization. While there are any, the slug is part of their namespaces and fixed.
   */
  readonly applications: number;
  /** Whether this completes an interrupted change, whose caller was authorized when the names were claimed. */
  readonly isResumed: boolean;
  /** Milliseconds since 1970: roles end. */
  readonly nowMs: number;
}

/** Changes name, slug, and settings. New names are already claimed. A repeated command records nothing. */
export function changeOrganization(
  command: ChangeOrganization,
  organization: Organization,
  actor: Actor,
): Result<readonly OrganizationEvent[], OrganizationError> {
  if (!isActive(organization)) return err(organizationErrors.notFound());

  const { name, slug, from, applications, isResumed } = command;
  if (!isResumed && actingRole(actor, organization, command.nowMs) !== 'owner')
    return err(organizationErrors.mayNotChange());
  if (organization.status === 'deleting') return err(organizationErrors.isDeleting());
  const isRenamed = name !== organization.name || slug !== organization.slug;
  if (isRenamed && (from.name !== organization.name || from.slug !== organization.slug))
    return err(organizationErrors.renamedMeanwhile());
  if (slug !== organization.slug && applications > 0) return err(organizationErrors.slugFixed(applications));

  const settings = changed(organization.settings, command.settings);
  return ok([
    ...(isRenamed ? [{ type: 'organization.renamed.v1', data: { name, slug } } as const] : []),
    ...(Object.keys(settings).length > 0 ? [{ type: 'organization.settings-set.v1', data: settings } as const] : []),
  ]);
}

const changed = (present: OrganizationSettings, wanted: Partial<OrganizationSettings>): Partial<OrganizationSettings> =>
  Object.fromEntries(
    Object.entries(wanted).filter(([setting, value]) => present[setting as keyof OrganizationSettings] !== value),
  );
