import type { Role } from './roles.ts';

/** Declares that a request requires no permission. */
export const PUBLIC = 'PUBLIC';
/** Declares that only services may send a request, and only those that the contract lists. */
export const SERVICES_ONLY = 'SERVICES_ONLY';

/** Who has a permission, and with which credential: a rule as it is recorded in the log. */
export interface AccessRule {
  /** The scope of the permission: the user, one organization, or the platform. */
  readonly scope: 'self' | 'organization' | 'platform';
  /** Organization roles that have it. */
  readonly roles: readonly Role[];
  /** Whether a global admin has it in any organization, with a login. */
  readonly globalAdmin: boolean;
  /** Whether the `audit` right grants it. */
  readonly audit: boolean;
  /** `key`: an access key or a login. `login`: a login only. */
  readonly by: 'key' | 'login';
  /** The organization's setting that can deny it to viewers. */
  readonly viewers?: 'viewersReadLogs';
  /** Roles that do not have it where a protected profile applies. */
  readonly exceptProtected?: readonly Role[];
}

/** A rule with its description. */
export interface PermissionRule extends AccessRule {
  readonly covers: string;
}

/** The rules of one release, by permission. A permission without a rule is denied. */
export type RightsTable = Readonly<Partial<Record<string, AccessRule>>>;

const ALL = ['viewer', 'editor', 'admin', 'owner'] as const;
const OAE = ['editor', 'admin', 'owner'] as const;
const OA = ['admin', 'owner'] as const;
const O = ['owner'] as const;

const self = (by: 'key' | 'login', covers: string): PermissionRule => ({
  scope: 'self',
  roles: [],
  globalAdmin: false,
  audit: false,
  by,
  covers,
});
const platform = (covers: string): PermissionRule => ({
  scope: 'platform',
  roles: [],
  globalAdmin: true,
  audit: false,
  by: 'login',
  covers,
});
const organization = (
  roles: readonly Role[],
  by: 'key' | 'login',
  covers: string,
  more: { g?: boolean; audit?: boolean; viewers?: 'viewersReadLogs'; exceptProtected?: readonly Role[] } = {},
): PermissionRule => ({
  scope: 'organization',
  roles,
  globalAdmin: more.g ?? false,
  audit: more.audit ?? false,
  by,
  ...(more.viewers && { viewers: more.viewers }),
  ...(more.exceptProtected && { exceptProtected: more.exceptProtected }),
  covers,
});
const G = { g: true };
/** Editors have it, except on protected profiles. */
const UNPROTECTED = { g: true, exceptProtected: ['editor'] } as const;

/**
 * The permission matrix, which guards, the reference, and questions about the past use. Rules that a role alone cannot
 * decide are in the stream that owns the object: changes to owners, protected profiles, and keys of other users.
 */
export const PERMISSIONS = {
  'self.read': self('key', 'read your own user, organizations, plans, tiers, and permission names'),
  'self.enter': self(
    'login',
    'log in on a machine; list and end your own sessions; view, accept, and decline your own invitations',
  ),
  'organization.create': platform('create an organization'),
  'organization.read': organization(ALL, 'key', 'read the organization, members, plan, and usage; watch changes', G),
  'organization.change': organization(O, 'key', 'change name, slug, and settings', G),
  'organization.delete': organization(O, 'login', 'delete the organization', G),
  'organization.leave': organization(ALL, 'login', 'leave the organization'),
  'plan.change': organization(O, 'login', 'change the plan', G),
  'members.manage': organization(
    OA,
    'key',
    'manage invitations; add and remove members and service members; grant roles up to admin and the audit right',
    G,
  ),
  'owners.manage': organization(O, 'login', 'add or remove an owner', G),
  'keys.create': organization(ALL, 'login', 'create your own keys'),
  'keys.own': organization(ALL, 'key', 'list, revoke, and rotate your own keys'),
  'keys.others': organization(OA, 'key', 'list (masked) and revoke keys of others', G),
  'keys.service': organization(OA, 'login', 'create and rotate keys of service members'),
  'profile.read': organization(ALL, 'key', 'read profiles', G),
  'profile.change': organization(
    OAE,
    'key',
    'create and change profiles; editors can change only the defaults',
    UNPROTECTED,
  ),
  'profile.delete': organization(OA, 'key', 'delete profiles that are not in use', G),
  'cluster.read': organization(ALL, 'key', 'read clusters', G),
  'cluster.manage': organization(
    OA,
    'key',
    'register, change, and delete clusters; set their policy; list who has access',
    G,
  ),
  'cluster.kubeconfig': organization(ALL, 'key', 'get a short-lived kubeconfig for your own role'),
  'application.read': organization(
    ALL,
    'key',
    'read status, resources, events, history, diffs, and names of secrets',
    G,
  ),
  'application.logs': organization(ALL, 'key', 'read logs; an organization can deny this to viewers', {
    g: true,
    viewers: 'viewersReadLogs',
  }),
  'application.deploy': organization(
    OAE,
    'key',
    'create, change, deploy, restart, roll back, pause, resume, and sync applications',
    UNPROTECTED,
  ),
  'application.preserve': organization(OA, 'key', 'use namespaceMode: preserve', G),
  'application.delete': organization(OA, 'key', 'delete applications', G),
  'application.adopt': organization(OA, 'key', 'take over objects on a cluster that belong to no application', G),
  'secrets.write': organization(OAE, 'key', 'write application secrets', UNPROTECTED),
  'credentials.manage': organization(OA, 'key', 'manage git and registry credentials', G),
  'audit.read': organization(
    OAE,
    'key',
    'list, verify, replay, and export the audit log; editors can only list their own actions',
    {
      g: true,
      audit: true,
    },
  ),
  'access.read': organization(
    ALL,
    'key',
    'check and explain your own permissions, or, with further permissions, those of others',
    {
      g: true,
      audit: true,
    },
  ),
  'platform.organizations': platform('list all organizations'),
  'platform.users': platform('list users, set global roles, and erase a person'),
  'platform.operate': platform('run diagnostics; manage projections and allowed private addresses; export and import'),
} as const satisfies Record<string, PermissionRule>;

export type Permission = keyof typeof PERMISSIONS;

/** Returns the rules of this release as they are recorded: without descriptions. */
export const currentTable = (): RightsTable =>
  Object.fromEntries(Object.entries<PermissionRule>(PERMISSIONS).map(([name, { covers: _, ...rule }]) => [name, rule]));

/** Names of all permissions. */
export const PERMISSION_NAMES = Object.keys(PERMISSIONS) as readonly Permission[];
