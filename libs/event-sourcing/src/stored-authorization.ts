import type { Authorization } from '#kernel';

/**
 * Member of the stored data with the authorization: within the data, the hash covers it, and the form of the hash is
 * that of events without it. No event has a member of this name of its own.
 */
const MEMBER = '$by';

/** Adds the authorization to the data of an event before it is sealed. */
export const withAuthorization = (data: unknown, by: Authorization | undefined): unknown =>
  by !== undefined && typeof data === 'object' && data !== null ? { ...data, [MEMBER]: by } : data;

/** Separates the stored data of an event from its authorization. */
export function splitAuthorization(stored: unknown): { readonly data: unknown; readonly by?: Authorization } {
  if (typeof stored !== 'object' || stored === null || !Object.hasOwn(stored, MEMBER)) return { data: stored };
  const { [MEMBER]: by, ...data } = stored as { readonly [MEMBER]: Authorization }; // the command runner wrote it
  return { data, by };
}
