export { organizationEvents, type OrganizationEvent } from '#access';

export const organizationStream = (organizationId: string): string => `organization-${organizationId}`;
