declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A person; a UUID. */
export type UserId = Branded<'UserId'>;
/** A UUID. */
export type OrganizationId = Branded<'OrganizationId'>;
/** Public id of an access key: `key_` and 8 lower-case hex digits or more. */
export type KeyId = Branded<'KeyId'>;
/** A UUID. */
export type ApplicationId = Branded<'ApplicationId'>;
/** A UUID. */
export type ClusterId = Branded<'ClusterId'>;
/** A UUID. */
export type ProfileId = Branded<'ProfileId'>;

/** Source of everything random. Injected, so that tests and simulations repeat. */
export interface Ids {
  /** A new UUID (version 7: sorts by the time of its making), lower case. */
  uuid(): string;
  /** Unpredictable bytes, for secrets and nonces. */
  random(bytes: number): Uint8Array;
}
