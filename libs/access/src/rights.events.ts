import type { EventFamily, Fact } from '#kernel';
import type { GlobalRole, Role } from './roles.ts';

/**
 * Everything that can happen in the streams that give and take rights. Their contexts write these events; they are
 * declared here because every process folds all of them into its directory of rights, whichever contexts it runs, and
 * must refuse what a newer release has written there.
 */

/** Everything that can happen to a user. Stream: `user-<user id>`. Names and addresses are in the vault. */
export type UserEvent =
  | Fact<'user.registered.v1', { readonly globalRole: GlobalRole }>
  | Fact<'user.global-role-set.v1', { readonly globalRole: GlobalRole }>
  | Fact<'user.erased.v1', Record<never, never>>;

export const userEvents: EventFamily<UserEvent> = {
  categories: ['user'],
  types: { 'user.registered.v1': true, 'user.global-role-set.v1': true, 'user.erased.v1': true },
};

/** What an organization has decided about itself. Closed: a setting that nothing reads is not added. */
export interface OrganizationSettings {
  /** Whom its members ask: an address or a URL; `null`: its owners and admins. It stays in the log. */
  readonly contact: string | null;
  /** How long new keys live (`90d`, `12h`, `never`) that are made without a time; `null`: as long as the plan allows. */
  readonly keyExpiry: string | null;
  readonly viewersReadLogs: boolean;
  /** Whether a key that was found in a URL is revoked at once. */
  readonly revokeLeakedKeys: boolean;
}

/** Everything that can happen to an organization. Stream: `organization-<organization id>`. */
export type OrganizationEvent =
  | Fact<
      'organization.created.v1',
      { readonly name: string; readonly slug: string; readonly ownerId: string; readonly isDefault: boolean }
    >
  | Fact<'organization.renamed.v1', { readonly name: string; readonly slug: string }>
  /** Those that were changed. */
  | Fact<'organization.settings-set.v1', Partial<OrganizationSettings>>
  | Fact<
      'organization.member-added.v1',
      { readonly memberId: string; readonly kind: 'person' | 'service'; readonly role: Role; readonly name?: string }
    >
  | Fact<'organization.member-role-changed.v1', { readonly memberId: string; readonly role: Role }>
  | Fact<'organization.member-removed.v1', { readonly memberId: string }>
  | Fact<
      'organization.audit-right-set.v1',
      { readonly memberId: string; readonly granted: boolean; readonly until?: string }
    >
  | Fact<'organization.deletion-requested.v1', Record<never, never>>
  | Fact<'organization.deleted.v1', Record<never, never>>
  /** Seats for persons; service members need none. */
  | Fact<'organization.seat-limit-set.v1', { readonly limit: number }>;

/** The settings of an organization that has changed none. */
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
  },
};

export interface AccessKeyCreated {
  readonly keyId: string;
  readonly memberId: string;
  readonly memberKind: 'person' | 'service';
  readonly role: Role;
  readonly name: string;
  /** Lower-case hex SHA-256 of the whole key. */
  readonly digest: string;
  /** What lists show: first and last characters. */
  readonly masked: string;
  /** RFC 3339; absent when it never ends. */
  readonly expiresAt?: string;
  readonly source: 'login' | 'cli' | 'console';
  /** For login keys: which machine it stands on, as a digest. */
  readonly machine?: string;
}

export interface KeyLimits {
  /** Keys that are neither revoked nor expired, those made by login not counted. */
  readonly activeKeys: number;
  /** Longest life of a key in days; `null` is unlimited. */
  readonly lifetimeDays: number | null;
}

/**
 * Everything that can happen to the access keys of one organization. Stream: `keys-<organization id>`, one for all of
 * them, because it owns what is counted. A key's text is in no event: its digest is.
 */
export type KeyRingEvent =
  | Fact<'access-key.created.v1', AccessKeyCreated>
  | Fact<'access-key.revoked.v1', { readonly keyId: string; readonly reason: string }>
  | Fact<'access-keys.limits-set.v1', KeyLimits>;

export const keyRingEvents: EventFamily<KeyRingEvent> = {
  categories: ['keys'],
  types: { 'access-key.created.v1': true, 'access-key.revoked.v1': true, 'access-keys.limits-set.v1': true },
};

/** What the directory of rights reads. */
export type DirectoryFact = UserEvent | OrganizationEvent | KeyRingEvent;

export const directoryEvents: EventFamily<DirectoryFact> = {
  categories: [...userEvents.categories, ...organizationEvents.categories, ...keyRingEvents.categories],
  types: { ...userEvents.types, ...organizationEvents.types, ...keyRingEvents.types },
};
