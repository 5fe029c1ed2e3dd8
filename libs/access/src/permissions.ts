import type { Role } from './roles.ts';

/** Spelled out where a request needs no right at all. */
export const PUBLIC = 'PUBLIC';
/** For requests between services: no person may send them, only the services that the contract lists. */
export const SERVICES_ONLY = 'SERVICES_ONLY';

export interface PermissionRule {
  /** What the right is about: any user by themselves, one organization, or the platform. */
  readonly scope: 'self' | 'organization' | 'platform';
  /** Organization roles that have it. */
  readonly roles: readonly Role[];
  /** Whether a global admin has it in any organization, through a login. */
  readonly globalAdmin: boolean;
  /** Whether the right `audit` gives it. */
  readonly audit: boolean;
  /** `key`: an access key or a login; `login`: a person's login only. */
  readonly by: 'key' | 'login';
  /** The setting of an organization that can take it from viewers. */
  readonly viewers?: 'viewersReadLogs';
  readonly covers: string;
}

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
  more: { g?: boolean; audit?: boolean; viewers?: 'viewersReadLogs' } = {},
): PermissionRule => ({
  scope: 'organization',
  roles,
  globalAdmin: more.g ?? false,
  audit: more.audit ?? false,
  by,
  ...(more.viewers && { viewers: more.viewers }),
  covers,
});
const G = { g: true };

/**
 * The matrix of rights. Data: reference docs, guards and questions about the past read this one table.
 * What a role alone cannot say (who may touch an owner, protected profiles, own keys or others') is decided again by
 * the stream that owns the object.
 */
export const PERMISSIONS = {
  'self.read': self('key', 'who am I, own organizations, plans, tiers, permission names'),
  'self.enter': self('login', 'first key; view, accept, and decline own invitations'),
  'organization.create': platform('create an organization'),
  'organization.read': organization(ALL, 'key', 'organization, members, plan, usage, watch', G),
  'organization.change': organization(O, 'key', 'name, slug, settings', G),
  'organization.delete': organization(O, 'login', 'delete the organization', G),
  'organization.leave': organization(ALL, 'login', 'leave'),
  'plan.change': organization(O, 'login', 'change plan', G),
  'members.manage': organization(
    OA,
    'key',
    'invitations; add and remove members and service members; roles up to admin; the audit right',
    G,
  ),
  'owners.manage': organization(O, 'login', 'make or remove an owner', G),
  'keys.create': organization(ALL, 'login', 'create own keys'),
  'keys.own': organization(ALL, 'key', 'list, revoke, rotate own keys'),
  'keys.others': organization(OA, 'key', 'list (masked), revoke keys of others', G),
  'keys.service': organization(OA, 'login', 'create, rotate keys of service members'),
  'profile.read': organization(ALL, 'key', 'profiles', G),
  'profile.change': organization(OAE, 'key', 'create and change; editors only the defaults', G),
  'profile.delete': organization(OA, 'key', 'delete; refused while in use', G),
  'cluster.read': organization(ALL, 'key', 'clusters', G),
  'cluster.manage': organization(OA, 'key', 'register, change, delete; policy; who has access', G),
  'cluster.kubeconfig': organization(ALL, 'key', 'short-lived kubeconfig by role'),
  'application.read': organization(ALL, 'key', 'status, resources, events, history, diff, names of secrets', G),
  'application.logs': organization(ALL, 'key', 'logs; viewers unless the organization takes it from them', {
    g: true,
    viewers: 'viewersReadLogs',
  }),
  'application.deploy': organization(OAE, 'key', 'create, change, deploy, restart, roll back, pause, resume, sync', G),
  'application.preserve': organization(OA, 'key', 'namespaceMode: preserve', G),
  'application.delete': organization(OA, 'key', 'delete', G),
  'secrets.write': organization(OAE, 'key', 'application secrets', G),
  'credentials.manage': organization(OA, 'key', 'git and registry credentials', G),
  'audit.read': organization(OAE, 'key', 'log, verify, head, export; an editor own actions', { g: true, audit: true }),
  'access.read': organization(ALL, 'key', 'can-i, explain about oneself; about others with more', {
    g: true,
    audit: true,
  }),
  'platform.organizations': platform('list all organizations'),
  'platform.users': platform('list users, set global roles, erase a person'),
  'platform.operate': platform('doctor, projections, export, import'),
} as const satisfies Record<string, PermissionRule>;

export type Permission = keyof typeof PERMISSIONS;

export const PERMISSION_NAMES = Object.keys(PERMISSIONS) as readonly Permission[];
