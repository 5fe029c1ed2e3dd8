export { organizationEvents, type OrganizationEvent } from '#access';

/** Returns the stream of an organization. */
export const organizationStream = (organizationId: string): string => `organization-${organizationId}`;
