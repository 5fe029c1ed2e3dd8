/**
 * Returns the name of an organization's log, which is also the name of its keys: the host of the public address,
 * `/audit/`, and the organization's ID.
 */
export const originOf = (publicUrl: string, organizationId: string): string =>
  `${new URL(publicUrl).hostname}/audit/${organizationId}`;
