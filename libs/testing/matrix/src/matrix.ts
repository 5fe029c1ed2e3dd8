import { ROLES, type Permission, type Role } from '#access';

/**
 * The permission matrix of the product, written by hand: who has each permission, and with which credential. O owner,
 * A admin, E editor, V viewer, R whoever has the right `audit`, G global admin with a login. `key`: an access key or a
 * login; `login`: a login only. ¹ editors: not where a protected profile applies. Any change here is a change of the
 * product.
 */
export const MATRIX: Readonly<Record<Permission, string>> = {
  'self.read': 'self key',
  'self.enter': 'self login',
  'organization.create': 'G login',
  'organization.read': 'OAEVG key',
  'organization.change': 'OG key',
  'organization.delete': 'OG login',
  'organization.leave': 'OAEV login',
  'plan.change': 'OG login',
  'members.manage': 'OAG key',
  'owners.manage': 'OG login',
  'keys.create': 'OAEV login',
  'keys.own': 'OAEV key',
  'keys.others': 'OAG key',
  'keys.service': 'OA login',
  'profile.read': 'OAEVG key',
  'profile.change': 'OAE¹G key',
  'profile.delete': 'OAG key',
  'cluster.read': 'OAEVG key',
  'cluster.manage': 'OAG key',
  'cluster.kubeconfig': 'OAEV key',
  'application.read': 'OAEVG key',
  'application.logs': 'OAEVG key',
  'application.deploy': 'OAE¹G key',
  'application.preserve': 'OAG key',
  'application.delete': 'OAG key',
  'application.adopt': 'OAG key',
  'secrets.write': 'OAE¹G key',
  'credentials.manage': 'OAG key',
  'audit.read': 'OAERG key',
  'access.read': 'OAEVRG key',
  'platform.organizations': 'G login',
  'platform.users': 'G login',
  'platform.operate': 'G login',
};

/** Permissions on the platform, which belong to no organization. */
const OF_PLATFORM: ReadonlySet<Permission> = new Set([
  'organization.create',
  'platform.organizations',
  'platform.users',
  'platform.operate',
]);

const LETTER: Readonly<Record<Role, string>> = { owner: 'O', admin: 'A', editor: 'E', viewer: 'V' };

/** Whoever sends a request to an organization. */
export interface MatrixCaller {
  readonly name: string;
  /** Role in the organization of the request; absent: not a member. */
  readonly role?: Role;
  readonly isAuditor?: true;
  readonly isService?: true;
  readonly isGlobalAdmin?: true;
}

/**
 * With what a request is sent. `session`: the cookie of a session whose login is recent; `old-session`: of one whose
 * login is too old for what requires a login. `key`: one of the organization of the request; `other-key`: one of
 * another organization.
 */
export type MatrixCredential = 'none' | 'login' | 'session' | 'old-session' | 'key' | 'other-key' | 'ended-key';

export const CALLERS: readonly MatrixCaller[] = [
  ...ROLES.map((role) => ({ name: role, role })),
  { name: 'auditor', role: 'viewer', isAuditor: true },
  ...(['viewer', 'editor', 'admin'] as const).map((role) => ({
    name: `service ${role}`,
    role,
    isService: true as const,
  })),
  { name: 'global developer outside' },
  { name: 'global admin outside', isGlobalAdmin: true },
  { name: 'global admin as viewer', role: 'viewer', isGlobalAdmin: true },
];

/** Returns the caller of that name. @throws Error if there is none */
export function callerNamed(name: string): MatrixCaller {
  const found = CALLERS.find((caller) => caller.name === name);
  if (!found) throw new Error(`the matrix has no ${name}`);
  return found;
}

/** Returns the credentials that a caller can have. */
export const credentialsOf = ({ role, isService }: MatrixCaller): readonly MatrixCredential[] => [
  'none',
  ...(isService ? [] : (['login', 'session', 'old-session', 'other-key'] as const)),
  ...(role ? (['key', 'ended-key'] as const) : []),
];

/** What the matrix says about a request: `allowed`, or the code of the error. */
export type MatrixAnswer =
  | 'allowed'
  | 'access/not-signed-in'
  | 'access/not-permitted'
  | 'access/protected-profile'
  | 'key/login-required'
  | 'login/too-old'
  | 'key/other-organization'
  | 'key/expired'
  | 'organization/not-found';

/** Returns the answer of the matrix. */
export function answerOf(
  permission: Permission | 'PUBLIC',
  { role, isAuditor, isGlobalAdmin }: MatrixCaller,
  credential: MatrixCredential,
  isProtected = false,
): MatrixAnswer {
  if (permission === 'PUBLIC') return 'allowed';
  if (credential === 'none') return 'access/not-signed-in';
  if (credential === 'ended-key') return 'key/expired';
  const [who = '', by] = MATRIX[permission].split(' ');
  const isOld = credential === 'old-session';
  const isKey = credential.endsWith('key');
  if (who === 'self') {
    if (by === 'login' && isOld) return 'login/too-old';
    return isKey && by === 'login' ? 'key/login-required' : 'allowed';
  }
  if (OF_PLATFORM.has(permission)) {
    if (!isGlobalAdmin) return 'access/not-permitted';
    if (isOld) return 'login/too-old';
    return isKey ? 'key/login-required' : 'allowed';
  }
  if (!role && (!isGlobalAdmin || isKey)) return 'organization/not-found';
  if (credential === 'other-key') return 'key/other-organization';
  if (isKey && by === 'login') return 'key/login-required';
  if (isOld && (by === 'login' || !role)) return 'login/too-old'; // a global admin's rights require a login
  const isGlobal = isGlobalAdmin && !isKey && who.includes('G');
  const hasRole = role !== undefined && who.includes(LETTER[role]);
  if (isGlobal && isOld && !hasRole) return 'login/too-old';
  if (isGlobal || (isAuditor && who.includes('R'))) return 'allowed';
  if (!hasRole) return 'access/not-permitted';
  return isProtected && role === 'editor' && who.includes('¹') ? 'access/protected-profile' : 'allowed';
}

/**
 * Returns the answer of the matrix to a request for which any of several permissions suffices: that of the first, unless
 * another allows it.
 */
export function answerToAny(
  permissions: readonly (Permission | 'PUBLIC')[],
  ...request: [caller: MatrixCaller, credential: MatrixCredential, isProtected?: boolean]
): MatrixAnswer {
  const [first = 'access/not-permitted', ...others] = permissions.map((permission) => answerOf(permission, ...request));
  return others.includes('allowed') ? 'allowed' : first;
}
