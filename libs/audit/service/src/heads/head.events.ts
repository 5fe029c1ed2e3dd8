import type { EventFamily, Fact } from '#kernel';

/** Signed heads of an organization's tree. Stream: `audit-<organization id>`. */
export type HeadEvent =
  | Fact<
      'audit.head-signed.v1',
      {
        /** Number of leaves. */
        readonly size: number;
        /** Standard base64. */
        readonly root: string;
        /** Position of the last leaf. */
        readonly position: string;
        /** Checkpoint in the signed-note format. */
        readonly note: string;
        /** Number of keys of the installation, the last of which signed it; absent in heads of earlier releases. */
        readonly keys?: number;
      }
    >
  /** The head of this size was written to the place outside the platform that the settings name. */
  | Fact<'audit.head-published.v1', { readonly size: number }>;

export const headEvents: EventFamily<HeadEvent> = {
  categories: ['audit'],
  types: { 'audit.head-signed.v1': true, 'audit.head-published.v1': true },
};

/** Returns the stream of an organization's heads. */
export const headStream = (organizationId: string): string => `audit-${organizationId}`;

/** Keys of the installation that sign heads. One stream: `auditkeys-platform`. The seeds are in the vault. */
export type SigningKeyEvent = Fact<
  'audit-key.created.v1',
  {
    /** Ed25519, standard base64. */
    readonly publicKey: string;
    /** RFC 3339. */
    readonly createdAt: string;
  }
>;

export const signingKeyEvents: EventFamily<SigningKeyEvent> = {
  categories: ['auditkeys'],
  types: { 'audit-key.created.v1': true },
};

export const SIGNING_KEYS = 'auditkeys-platform';
