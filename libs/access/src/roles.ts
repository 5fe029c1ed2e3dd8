/**
 * Organization roles, weakest first. Each role has the permissions of the weaker ones, unless a permission says
 * otherwise.
 */
export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** Roles of a user on the platform. `developer` grants nothing beyond the user's organizations. */
export const GLOBAL_ROLES = ['developer', 'admin'] as const;
export type GlobalRole = (typeof GLOBAL_ROLES)[number];

const rank = (role: Role): number => ROLES.indexOf(role);

/** Returns whether a text is an organization role. */
export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** Returns the weaker of two roles. A key is limited both by its own role and by that of its member. */
export const weaker = (a: Role, b: Role): Role => (rank(a) <= rank(b) ? a : b);

/** Returns whether a member with role `own` may grant `granted`: nobody can grant more than they have. */
export const mayGrant = (own: Role | undefined, granted: Role): boolean =>
  own !== undefined && rank(own) >= rank(granted);
