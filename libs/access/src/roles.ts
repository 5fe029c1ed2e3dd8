/** Organization roles, weakest first; each has every right of those before it unless a permission says otherwise. */
export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

export const GLOBAL_ROLES = ['developer', 'admin'] as const;
export type GlobalRole = (typeof GLOBAL_ROLES)[number];

const rank = (role: Role): number => ROLES.indexOf(role);

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** The weaker of two roles: a key never has more than its member, nor more than it was made with. */
export const weaker = (a: Role, b: Role): Role => (rank(a) <= rank(b) ? a : b);

/** Nobody grants more than they have. */
export const mayGrant = (own: Role | undefined, granted: Role): boolean =>
  own !== undefined && rank(own) >= rank(granted);
