import type { DirectoryFact } from '#access';
import type { EventFamily, Fact } from '#kernel';

/**
 * Everything that can happen to an organization. Stream: `organization-<organization id>`.
 * The facts that give and take rights are declared in `#access`, because every process folds them.
 */
export type OrganizationEvent =
  | Extract<DirectoryFact, { readonly type: `organization.${string}` }>
  /** Seats for persons; service members need none. */
  | Fact<'organization.seat-limit-set.v1', { readonly limit: number }>;

export const organizationEvents: EventFamily<OrganizationEvent> = {
  categories: ['organization'],
  types: {
    'organization.created.v1': true,
    'organization.renamed.v1': true,
    'organization.member-added.v1': true,
    'organization.member-role-changed.v1': true,
    'organization.member-removed.v1': true,
    'organization.audit-right-set.v1': true,
    'organization.deletion-requested.v1': true,
    'organization.deleted.v1': true,
    'organization.seat-limit-set.v1': true,
  },
};

export const organizationStream = (organizationId: string): string => `organization-${organizationId}`;
