import { domainError, type DomainError, type Position, type Result } from '#kernel';
import {
  activeMember,
  type Directory,
  type DirectoryKey,
  type DirectoryMember,
  type DirectoryOrganization,
  type DirectorySession,
  type DirectoryUser,
} from './directory.ts';
import { PERMISSIONS, type AccessRule, type Permission, type RightsTable } from './permissions.ts';
import { isLoginOld, type Principal } from './principal.ts';
import { weaker, type Role } from './roles.ts';

/** The object that a permission applies to. */
export interface Scope {
  /** ID of the organization; absent for permissions on oneself or the platform. */
  readonly organizationId?: string;
  /** Whether a protected profile applies to the object. Default: no. */
  readonly isProtected?: boolean;
}

interface Lookup<T> {
  get(id: string): T | undefined;
}

/** What decisions read of an organization. */
export interface OrganizationRights extends Readonly<
  Pick<DirectoryOrganization, 'id' | 'slug' | 'status' | 'settings'>
> {
  readonly members: Lookup<Readonly<DirectoryMember>>;
}

/** Rights as decisions read them: those of now (a `Directory`), or those of an earlier time (`RightsHistory`). */
export interface Rights {
  readonly users: Lookup<Readonly<DirectoryUser>>;
  readonly organizations: Lookup<OrganizationRights>;
  readonly keysById: Lookup<Readonly<DirectoryKey>>;
}

/** Explains a decision: the rule, the role, and the event that granted it. */
export interface Reason {
  readonly permission: Permission;
  readonly rule: 'self' | 'role' | 'audit' | 'global-admin' | 'service' | 'no-rule';
  readonly role?: Role | 'global-admin';
  /** ID of the event that granted the permission. */
  readonly grantedBy?: string;
}

/** Result of checking a permission. */
export type Decision =
  | { readonly allowed: true; readonly reason: Reason }
  | { readonly allowed: false; readonly reason: Reason; readonly error: DomainError };

/**
 * Decides whether `principal` has `permission` in `scope`, according to `directory`. Pure; denies everything that no
 * rule allows. An outsider cannot tell whether an organization exists: the error is `organization/not-found` in both
 * cases.
 *
 * @param nowMs milliseconds since 1970, for rights that expire
 * @param table the rules. Default: those of this release; questions about the past use those of their time.
 */
export function can(
  principal: Principal,
  permission: Permission,
  scope: Scope,
  directory: Rights,
  nowMs: number,
  table: RightsTable = PERMISSIONS,
): Decision {
  const rule = table[permission];
  if (principal.kind === 'anonymous')
    return denied(
      permission,
      domainError(
        'access/not-signed-in',
        'unauthenticated',
        'Authentication required: log in, or send an access key.',
        {
          fix: 'astroctl auth login',
        },
      ),
    );
  if (principal.kind === 'service')
    return denied(
      permission,
      domainError('access/not-permitted', 'forbidden', 'Services can only send requests whose contracts list them.'),
    );

  if (rule === undefined)
    return denied(
      permission,
      domainError('access/not-permitted', 'forbidden', `No rule grants ${permission}.`, {
        fix: 'astroctl org members',
      }),
    );

  const userId = principal.kind === 'login' ? principal.userId : principal.memberId;
  const user = directory.users.get(userId);
  if (principal.kind === 'login' && (user === undefined || user.erased)) {
    return denied(
      permission,
      domainError('access/unknown-user', 'unauthenticated', 'This account no longer exists.', {
        fix: 'astroctl auth login',
      }),
    );
  }

  if (user?.suspended) return denied(permission, accountSuspended());

  const isGlobalAdmin = principal.kind === 'login' && user?.globalRole === 'admin';
  const isOld = isLoginOld(principal, nowMs);
  if (rule.scope === 'self') {
    if (rule.by === 'login' && principal.kind === 'key') return denied(permission, loginRequired());
    if (rule.by === 'login' && isOld) return denied(permission, loginTooOld());
    return { allowed: true, reason: { permission, rule: 'self' } };
  }
  if (rule.scope === 'platform') {
    if (isGlobalAdmin && isOld) return denied(permission, loginTooOld());
    if (isGlobalAdmin && user)
      return {
        allowed: true,
        reason: { permission, rule: 'global-admin', role: 'global-admin', grantedBy: user.grantedBy },
      };
    if (user?.globalRole === 'admin') return denied(permission, loginRequired());
    return denied(permission, domainError('access/not-permitted', 'forbidden', 'Only a global admin can do this.'));
  }

  return inOrganization({ principal, userId, user, isGlobalAdmin, permission, rule, scope, nowMs }, directory);
}

/** A question about a permission in an organization. */
interface OrganizationQuestion {
  readonly principal: Person;
  readonly userId: string;
  readonly user: Readonly<DirectoryUser> | undefined;
  readonly isGlobalAdmin: boolean;
  readonly permission: Permission;
  readonly rule: AccessRule;
  readonly scope: Scope;
  readonly nowMs: number;
}

type Person = Extract<Principal, { readonly kind: 'login' | 'key' }>;

function inOrganization(
  { principal, userId, user, isGlobalAdmin, permission, rule, scope, nowMs }: OrganizationQuestion,
  directory: Rights,
): Decision {
  const organization =
    scope.organizationId === undefined ? undefined : directory.organizations.get(scope.organizationId);
  const member = organization && activeMember(organization, userId, nowMs);
  if (organization === undefined || organization.status === 'DELETED' || (member === undefined && !isGlobalAdmin))
    return denied(permission, organizationNotFound());
  if (principal.kind === 'key' && principal.organizationId !== organization.id) {
    return denied(
      permission,
      domainError('key/other-organization', 'forbidden', 'This access key belongs to another of your organizations.', {
        fix: 'astroctl auth login --org-id ' + organization.slug,
      }),
    );
  }
  if (rule.by === 'login' && principal.kind === 'key') return denied(permission, loginRequired());
  const isOld = isLoginOld(principal, nowMs);
  if ((rule.by === 'login' || member === undefined) && isOld) return denied(permission, loginTooOld());
  if (organization.status === 'DELETING' && !WHILE_DELETING.has(permission))
    return denied(permission, domainError('organization/deleting', 'conflict', 'The organization is being deleted.'));

  const role = member && effectiveRole(member, principal);
  const isTakenFromViewers = role === 'viewer' && rule.viewers !== undefined && !organization.settings[rule.viewers];
  const isProtectedFrom = role !== undefined && scope.isProtected === true && rule.exceptProtected?.includes(role);
  if (member && role && rule.roles.includes(role) && !isTakenFromViewers && !isProtectedFrom)
    return { allowed: true, reason: { permission, rule: 'role', role, grantedBy: member.grantedBy } };
  if (member?.auditGrantedBy !== undefined && rule.audit && nowMs < (member.auditUntil ?? 0)) {
    return {
      allowed: true,
      reason: { permission, rule: 'audit', ...(role && { role }), grantedBy: member.auditGrantedBy },
    };
  }
  if (isGlobalAdmin && rule.globalAdmin && isOld) return denied(permission, loginTooOld());
  if (isGlobalAdmin && user && rule.globalAdmin)
    return {
      allowed: true,
      reason: { permission, rule: 'global-admin', role: 'global-admin', grantedBy: user.grantedBy },
    };
  const { slug, settings } = organization;
  const fix =
    settings.contact === null ? `ask an owner or admin of ${slug}: astroctl org members` : `ask ${settings.contact}`;
  if (isProtectedFrom)
    return denied(
      permission,
      domainError(
        'access/protected-profile',
        'forbidden',
        `The role ${role} in ${slug} does not include ${permission} where a protected profile applies.`,
        { fix },
      ),
    );
  const why = isTakenFromViewers
    ? `Viewers of ${slug} do not have ${permission}: its setting ${rule.viewers} is off.`
    : `The role ${role ?? 'of a global admin'} in ${slug} does not include ${permission}.`;
  return denied(permission, domainError('access/not-permitted', 'forbidden', why, { fix }));
}

/** Returns the error of a key that was revoked or has expired; undefined for other principals. */
export function endedKey(
  principal: Principal,
  directory: Pick<Rights, 'keysById'>,
  nowMs: number,
): DomainError | undefined {
  if (principal.kind !== 'key') return undefined;
  const key = directory.keysById.get(principal.keyId);
  if (!key || (!key.revoked && nowMs < key.expiresAtMs)) return undefined;
  const word = key.revoked ? 'revoked' : 'expired';
  return domainError(`key/${word}`, 'unauthenticated', `This access key is ${word}.`, { fix: 'astroctl auth login' });
}

/** Returns the error of a session that has ended or expired; undefined for other principals. */
export function endedSession(
  principal: Principal,
  directory: { readonly sessionsById: Lookup<Readonly<DirectorySession>> },
  nowMs: number,
): DomainError | undefined {
  if (principal.kind !== 'login' || principal.session === undefined) return undefined;
  const session = directory.sessionsById.get(principal.session.id);
  return session && nowMs < session.expiresAtMs ? undefined : sessionEnded();
}

/** What members can still do while their organization is being deleted: follow it, and remove what it waits for. */
const WHILE_DELETING: ReadonlySet<Permission> = new Set([
  'organization.read',
  'organization.delete',
  'application.read',
  'application.delete',
]);

/** Returns the role that applies: the member's role, limited by the role of the access key. */
export function effectiveRole(member: Pick<DirectoryMember, 'role'>, principal: Principal): Role {
  return principal.kind === 'key' ? weaker(member.role, principal.role) : member.role;
}

/**
 * Provides a current directory to a service. Returns `access/not-current` (unavailable) unless the directory has read
 * the log up to a head that was read at most 200 ms before this call.
 */
export interface AccessSource {
  /**
   * Returns the directory.
   *
   * @param atLeast a position that the directory must have read too, such as that of the caller's last write
   */
  current(atLeast?: Position): Promise<Result<Directory, DomainError>>;
}

/**
 * After this time, every instance has processed a change of rights or rejects all requests: a directory is current only
 * while it has read up to a head of the log that was read at most this long ago. The response to a command that takes
 * rights away is sent after it.
 */
export const PROPAGATION_MS = 200;

/** Injection token of the AccessSource. */
export const ACCESS = Symbol('access');

/** Returns the error for an organization that does not exist, or that the caller is not a member of. */
export const organizationNotFound = (): DomainError<'organization/not-found'> =>
  domainError('organization/not-found', 'not-found', 'Organization not found, or you are not a member.', {
    fix: 'astroctl org list',
  });

/** Returns the error for the logins and access keys of a suspended user. */
export const accountSuspended = (): DomainError<'access/suspended'> =>
  domainError('access/suspended', 'forbidden', 'This account is suspended.', {
    fix: 'ask a global admin to restore it: astroctl user restore EMAIL',
  });

/** Returns the error for a session cookie that is unknown, or whose session has ended or expired. */
export const sessionEnded = (): DomainError<'login/session-ended'> =>
  domainError('login/session-ended', 'unauthenticated', 'The session has ended.', {
    fix: 'log in again: open /console/login of the platform in your browser',
  });

/** Returns the error for a session that requests what requires a login, after its login is too old for that. */
export const loginTooOld = (): DomainError<'login/too-old'> =>
  domainError('login/too-old', 'unauthenticated', 'This requires a login of the last 15 minutes.', {
    fix: 'log in again: open /console/login?max_age=900 of the platform in your browser',
  });

const loginRequired = (): DomainError =>
  domainError('key/login-required', 'forbidden', 'An access key cannot do this; log in instead.', {
    fix: 'astroctl auth login',
  });

const denied = (permission: Permission, error: DomainError): Decision => ({
  allowed: false,
  reason: { permission, rule: 'no-rule' },
  error,
});
