import { DEFAULT_SETTINGS, type OrganizationSettings } from '#access';
import { idOf, REMOVED, type Projection } from '#kernel';
import { organizationEvents, type OrganizationEvent } from '../organization.events.ts';

/** Response document of `GET /v1/organizations` and `GET /v1/organizations/{org}`, one per organization. */
export interface OrganizationSummary {
  readonly name: string;
  readonly slug: string;
  readonly isDefault: boolean;
  readonly status: 'ACTIVE' | 'DELETING';
  readonly createdAt: string;
  /** Number of members that use a seat. */
  readonly persons: number;
  /** IDs of service members, which use no seat. */
  readonly services: readonly string[];
  readonly memberLimit: number;
  readonly settings: OrganizationSettings;
}

/** Builds the summaries. Increment the version in `name` when `apply` changes, so that they are rebuilt. */
export const organizationsProjection: Projection<OrganizationEvent, OrganizationSummary> = {
  name: 'organizations.v2',
  events: organizationEvents,
  indexes: ['slug'],
  documentId: ({ metadata }) => idOf(metadata.stream),
  apply(summary, { event, metadata }) {
    if (event.type === 'organization.created.v1') {
      const { name, slug, isDefault } = event.data;
      return {
        name,
        slug,
        isDefault,
        status: 'ACTIVE',
        createdAt: metadata.recordedAt,
        persons: 1,
        services: [],
        memberLimit: 1,
        settings: DEFAULT_SETTINGS,
      };
    }
    if (summary === undefined) return REMOVED;
    switch (event.type) {
      case 'organization.renamed.v1':
        return { ...summary, ...event.data };
      case 'organization.settings-set.v1':
        return { ...summary, settings: { ...summary.settings, ...event.data } };
      case 'organization.member-added.v1':
        return event.data.kind === 'service'
          ? { ...summary, services: [...summary.services, event.data.memberId] }
          : { ...summary, persons: summary.persons + 1 };
      case 'organization.member-removed.v1': {
        const services = summary.services.filter((id) => id !== event.data.memberId);
        return services.length < summary.services.length
          ? { ...summary, services }
          : { ...summary, persons: summary.persons - 1 };
      }
      case 'organization.seat-limit-set.v1':
        return { ...summary, memberLimit: event.data.limit };
      case 'organization.deletion-requested.v1':
        return { ...summary, status: 'DELETING' };
      case 'organization.deleted.v1':
        return REMOVED;
      case 'organization.member-role-changed.v1':
      case 'organization.audit-right-set.v1':
      case 'organization.member-invited.v1':
      case 'organization.invitation-resent.v1':
      case 'organization.invitation-accepted.v1':
      case 'organization.invitation-declined.v1':
      case 'organization.invitation-revoked.v1':
        return summary;
    }
  },
};
