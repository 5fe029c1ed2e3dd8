import type { ClusterPolicy, SecretVersion, SyncPolicy } from '#deployments/contract';

// Initial content of applications, profiles and clusters. The claim of a name contains it, so that any process can
// begin the stream of an object that has none yet.

/** A vault record by name, and the SHA-256 of its content. */
export interface RecordRef {
  readonly record: string;
  readonly digest: string;
}

/**
 * A revision as recorded in the log: references to its content and what is shown to users, without values that could be
 * secret. At most 32 KiB.
 */
export interface Configuration {
  readonly name: string;
  readonly manifest: RecordRef;
  readonly resolved: RecordRef;
  /** SHA-256 of the resolved content without revision numbers. Equal if nothing would change on the cluster. */
  readonly contentDigest: string;
  readonly profile: {
    readonly id: string;
    readonly name: string;
    readonly revision: number;
    readonly protected: boolean;
  };
  readonly tier: string;
  readonly cluster: {
    readonly id: string;
    readonly name: string;
    readonly provider: string;
    readonly region: string | null;
    readonly uid: string;
  };
  readonly targetNamespace: string;
  readonly namespaceMode: 'override' | 'preserve';
  readonly source: {
    readonly type: 'image' | 'helm' | 'repository' | 'yaml';
    readonly ref: string;
    /**
     * For a source outside of the platform: SHA-256 of all that its rendering depends on. Revisions with the same one
     * are rendered once.
     */
    readonly rendering?: string;
  };
  /** Such as `cpu 1/4, memory 4Gi/8Gi`. */
  readonly limits: string | null;
  /** Such as `3-9 at 80%`. */
  readonly autoscaling: string | null;
  readonly replicas: number | null;
  readonly host: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly description: string | null;
  /** Names of applications that must be healthy before this revision is deployed. Absent if there are none. */
  readonly dependsOn?: readonly string[];
  readonly syncPolicy?: SyncPolicy;
  /** One line per setting: its name and, unless it could be secret, its value. */
  readonly summary: readonly string[];
  /** Changes from the previous revision, as text. */
  readonly changes: readonly string[];
  /** Application secrets that the revision uses, by key. Absent if it uses none. */
  readonly secrets?: Readonly<Record<string, SecretVersion>>;
  /** Revision whose content this is, after a rollback. The application is then pinned. */
  readonly rollbackOf: number | null;
  /** User who requested it, even if the platform completed the request. */
  readonly by: string;
  /** Why, in the words of that user. Absent if they gave no reason. Of the platform: what changed in the source. */
  readonly message?: string;
  /** Whether that user was an owner, an admin, or a global admin who had logged in. */
  readonly byAdmin?: true;
}

/** A policy without absent members. */
export type WholePolicy = Required<{ readonly [K in keyof ClusterPolicy]: NonNullable<ClusterPolicy[K]> }>;

/** A registered cluster as recorded in the log. */
export interface ClusterRegistration {
  readonly name: string;
  readonly type: 'registered' | 'sandbox';
  readonly provider: string;
  readonly region: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly server: string;
  readonly tlsServerName: string | null;
  /** Vault record with the token, or certificate and key. */
  readonly credential: string;
  /** Vault record with the PEM of the certificate authority. */
  readonly certificateAuthority: string | null;
  /** SHA-256 of address, authority and credential. Shows whether the same ones were given again. */
  readonly fingerprint: string;
  readonly uid: string;
  readonly version: string | null;
  readonly nodes: number | null;
  /** Missing permissions, as text. */
  readonly missing: readonly string[];
  readonly policy: WholePolicy;
}

/** A profile as recorded in the log. */
export interface ProfileContent {
  readonly name: string;
  readonly clusterId: string;
  readonly clusterName: string;
  /** Null in events of earlier releases, and until the plan is known. The default of the plan then applies. */
  readonly tier: string | null;
  /**
   * Set if the profile names no tier: `tier` was the plan's default when the profile was written, and does not change.
   */
  readonly tierFrom?: 'plan';
  readonly protected: boolean;
  readonly description: string | null;
  /** Vault record with the complete profile, since defaults may contain values of variables and files. */
  readonly record: string;
  /** SHA-256 of the canonical profile. */
  readonly digest: string;
  /** SHA-256 of the canonical profile without its defaults. */
  readonly frameDigest: string;
  /** Settings as text: variables and files by name, without their values. */
  readonly settings: readonly string[];
}
