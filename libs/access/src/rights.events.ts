import type { EventFamily, Fact } from '#kernel';
import type { RightsTable } from './permissions.ts';
import type { GlobalRole, Role } from './roles.ts';

/**
 * Events of the streams that grant and revoke rights. Their contexts write these events. They are declared here because
 * every process, whichever contexts it runs, folds all of them into its directory and must reject types from newer
 * releases.
 */

/** Events of a user. Stream: `user-<user id>`. Names and addresses are in the vault. */
export type UserEvent =
  | Fact<'user.registered.v1', { readonly globalRole: GlobalRole }>
  | Fact<'user.global-role-set.v1', { readonly globalRole: GlobalRole }>
  | Fact<'user.suspended.v1', Record<never, never>>
  | Fact<'user.restored.v1', Record<never, never>>
  /** `at` (RFC 3339): tokens that were issued before do not register the person again. */
  | Fact<'user.erased.v1', { readonly at?: string }>;

export const userEvents: EventFamily<UserEvent> = {
  categories: ['user'],
  types: {
    'user.registered.v1': true,
    'user.global-role-set.v1': true,
    'user.suspended.v1': true,
    'user.restored.v1': true,
    'user.erased.v1': true,
  },
};

/** Settings of an organization. A setting is added only when something reads it. */
export interface OrganizationSettings {
  /**
   * Contact for the organization's members: an address or a URL; `null`: its owners and admins. It remains in the log.
   */
  readonly contact: string | null;
  /** Default lifetime of new keys (`90d`, `12h`, `never`); `null`: the longest that the plan allows. */
  readonly keyExpiry: string | null;
  readonly viewersReadLogs: boolean;
  /** Whether a key that was found in a URL is revoked immediately. */
  readonly revokeLeakedKeys: boolean;
}

/** Events of an organization. Stream: `organization-<organization id>`. */
export type OrganizationEvent =
  | Fact<
      'organization.created.v1',
      { readonly name: string; readonly slug: string; readonly ownerId: string; readonly isDefault: boolean }
    >
  | Fact<'organization.renamed.v1', { readonly name: string; readonly slug: string }>
  /** The settings that changed. */
  | Fact<'organization.settings-set.v1', Partial<OrganizationSettings>>
  | Fact<
      'organization.member-added.v1',
      {
        readonly memberId: string;
        readonly kind: 'person' | 'service';
        readonly role: Role;
        readonly name?: string;
        readonly until?: string;
      }
    >
  /** `until` (RFC 3339): the membership grants nothing from then on. Absent: it does not end. */
  | Fact<
      'organization.member-role-changed.v1',
      { readonly memberId: string; readonly role: Role; readonly until?: string }
    >
  | Fact<'organization.member-removed.v1', { readonly memberId: string }>
  | Fact<
      'organization.audit-right-set.v1',
      { readonly memberId: string; readonly granted: boolean; readonly until?: string }
    >
  /**
   * Contains the names to release when the deletion is complete. Recorded again if more is requested while it is in
   * progress. `cascade`: applications, profiles, and clusters are deleted too. `orphan`: the objects of the
   * applications stay on their clusters.
   */
  | Fact<
      'organization.deletion-requested.v1',
      { readonly name?: string; readonly slug?: string; readonly cascade?: true; readonly orphan?: true }
    >
  | Fact<'organization.deleted.v1', Record<never, never>>
  /** Maximum number of people; service members use no seat. */
  | Fact<'organization.seat-limit-set.v1', { readonly limit: number }>
  | Fact<'organization.member-invited.v1', MemberInvited>
  /** A new token replaces the earlier one, which ends. */
  | Fact<
      'organization.invitation-resent.v1',
      {
        readonly invitationId: string;
        readonly expiresAt: string;
        readonly tokenDigest: string;
        readonly invitedBy: string;
      }
    >
  /** The membership itself is an event of its own. */
  | Fact<'organization.invitation-accepted.v1', { readonly invitationId: string; readonly memberId: string }>
  | Fact<'organization.invitation-declined.v1', { readonly invitationId: string; readonly memberId: string }>
  | Fact<'organization.invitation-revoked.v1', { readonly invitationId: string }>;

/** Data of a new invitation. It grants nothing until the person who has the address accepts it. */
export interface MemberInvited {
  readonly invitationId: string;
  /** HMAC of the invited address, which only identity can look up. */
  readonly addressId: string;
  readonly role: Role;
  /** Whether the right `audit` is granted too. */
  readonly audit?: true;
  /** When the right `audit` will end, RFC 3339; absent if it does not expire. */
  readonly auditUntil?: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** Lower-case hex SHA-256 of the token in the link. */
  readonly tokenDigest: string;
  /** Who invited: whether they may still grant the role is decided again when the invitation is accepted. */
  readonly invitedBy: string;
}

/** The settings of a new organization. */
export const DEFAULT_SETTINGS: OrganizationSettings = {
  contact: null,
  keyExpiry: null,
  viewersReadLogs: true,
  revokeLeakedKeys: false,
};

export const organizationEvents: EventFamily<OrganizationEvent> = {
  categories: ['organization'],
  types: {
    'organization.created.v1': true,
    'organization.renamed.v1': true,
    'organization.settings-set.v1': true,
    'organization.member-added.v1': true,
    'organization.member-role-changed.v1': true,
    'organization.member-removed.v1': true,
    'organization.audit-right-set.v1': true,
    'organization.deletion-requested.v1': true,
    'organization.deleted.v1': true,
    'organization.seat-limit-set.v1': true,
    'organization.member-invited.v1': true,
    'organization.invitation-resent.v1': true,
    'organization.invitation-accepted.v1': true,
    'organization.invitation-declined.v1': true,
    'organization.invitation-revoked.v1': true,
  },
};

/** Data of a new access key. */
export interface AccessKeyCreated {
  readonly keyId: string;
  readonly memberId: string;
  readonly memberKind: 'person' | 'service';
  readonly role: Role;
  readonly name: string;
  /** Lower-case hex SHA-256 of the complete key. */
  readonly digest: string;
  /** The form that lists show: the first and last characters. */
  readonly masked: string;
  /** RFC 3339; absent if the key does not expire. */
  readonly expiresAt?: string;
  readonly source: 'login' | 'cli' | 'console';
  /** For login keys: a digest of the machine's name. */
  readonly machine?: string;
}

/** Limits of a plan on the access keys of an organization. */
export interface KeyLimits {
  /** Maximum number of keys that are neither revoked nor expired, without those created by logins. */
  readonly activeKeys: number;
  /** Longest lifetime of a key in days; `null` is unlimited. */
  readonly lifetimeDays: number | null;
}

/**
 * Events of the access keys of an organization. Stream: `keys-<organization id>`. All keys share a stream, because it
 * owns their number. Events contain the digest of a key, never its text.
 */
export type KeyRingEvent =
  | Fact<'access-key.created.v1', AccessKeyCreated>
  | Fact<'access-key.revoked.v1', { readonly keyId: string; readonly reason: string }>
  /** The key ends at `worksUntil` (RFC 3339), and no later than before. `replacedBy` was created in the same append. */
  | Fact<'access-key.rotated.v1', { readonly keyId: string; readonly replacedBy: string; readonly worksUntil: string }>
  | Fact<'access-keys.limits-set.v1', KeyLimits>
  /** The owner of the key was told by e-mail that it ends soon. */
  | Fact<'access-key.expiry-announced.v1', { readonly keyId: string }>;

export const keyRingEvents: EventFamily<KeyRingEvent> = {
  categories: ['keys'],
  types: {
    'access-key.created.v1': true,
    'access-key.revoked.v1': true,
    'access-key.rotated.v1': true,
    'access-keys.limits-set.v1': true,
    'access-key.expiry-announced.v1': true,
  },
};

/**
 * Events of the console's sessions of a user. Stream: `sessions-<user id>`. Events contain the digest of a session's
 * secret. The directory does not know sessions that have ended, so that their cookies are rejected everywhere.
 */
export type SessionEvent =
  | Fact<
      'session.started.v1',
      {
        readonly sessionId: string;
        /** Lower-case hex SHA-256 of the secret in the cookie. */
        readonly digest: string;
        /** RFC 3339. */
        readonly startedAt: string;
        /** RFC 3339; absent if the issuer did not say when the person authenticated. */
        readonly authenticatedAt?: string;
        /** RFC 3339; the session is rejected from then on, however much it is used. */
        readonly expiresAt: string;
      }
    >
  | Fact<'session.ended.v1', { readonly sessionId: string; readonly reason: SessionEndReason }>;

/**
 * Why a session ended. `issuer`: its login at the built-in issuer ended. `limit`: the person started too many others.
 */
export type SessionEndReason = 'logout' | 'replaced' | 'idle' | 'issuer' | 'limit' | 'suspended';

export const sessionEvents: EventFamily<SessionEvent> = {
  categories: ['sessions'],
  types: { 'session.started.v1': true, 'session.ended.v1': true },
};

/**
 * Published rules of a release, so that questions about the past use the rules of their time. Stream:
 * `platform-policy`. The directory does not read them: it applies the rules of its own release.
 */
export type PolicyEvent = Fact<
  'platform.policy-published.v1',
  { readonly release: string; readonly table: RightsTable }
>;

export const policyEvents: EventFamily<PolicyEvent> = {
  categories: ['platform'],
  types: { 'platform.policy-published.v1': true },
};

/** Events that the directory reads. */
export type DirectoryFact = UserEvent | OrganizationEvent | KeyRingEvent | SessionEvent;

/** The events that the directory reads, of all contexts. */
export const directoryEvents: EventFamily<DirectoryFact> = {
  categories: [
    ...userEvents.categories,
    ...organizationEvents.categories,
    ...keyRingEvents.categories,
    ...sessionEvents.categories,
  ],
  types: { ...userEvents.types, ...organizationEvents.types, ...keyRingEvents.types, ...sessionEvents.types },
};
