import type { ClusterPolicy } from '#deployments/contract';

// What applications, profiles and clusters begin with. A claimed name carries it, so that whoever finds the object without
// a stream of its own can begin that stream.

/** A vault record by name, and the SHA-256 of its content. */
export interface RecordRef {
  readonly record: string;
  readonly digest: string;
}

/**
 * A revision as the log knows it: where its content lies, what people are shown of it, and no value that could be a
 * secret. At most 32 KiB.
 */
export interface Configuration {
  readonly name: string;
  readonly manifest: RecordRef;
  readonly resolved: RecordRef;
  /** SHA-256 of the resolved content without its revision numbers: equal when nothing would change on the cluster. */
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
  readonly source: { readonly type: 'image' | 'yaml'; readonly ref: string };
  /** `cpu 1/4, memory 4Gi/8Gi` */
  readonly limits: string | null;
  /** `3-9 at 80%` */
  readonly autoscaling: string | null;
  readonly replicas: number | null;
  readonly host: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly description: string | null;
  /** One line per setting: its name and, where it cannot be a secret, its value. */
  readonly summary: readonly string[];
  /** Against the revision before, in words. */
  readonly changes: readonly string[];
  /** The revision whose content this is, after a rollback; it is then pinned. */
  readonly rollbackOf: number | null;
  /** Who asked, also where the platform finished what they began. */
  readonly by: string;
  /** They were an owner, an admin, or a global admin who had logged in. */
  readonly byAdmin?: true;
}

export type WholePolicy = Required<{ readonly [K in keyof ClusterPolicy]: NonNullable<ClusterPolicy[K]> }>;

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
  /** SHA-256 over address, authority and credential: tells whether the same were given again. */
  readonly fingerprint: string;
  readonly uid: string;
  readonly version: string | null;
  readonly nodes: number | null;
  /** Rights that are missing, in words. */
  readonly missing: readonly string[];
  readonly policy: WholePolicy;
}

export interface ProfileContent {
  readonly name: string;
  readonly clusterId: string;
  readonly clusterName: string;
  /** Null in events of earlier releases, and until the plan is known: then the default of the plan counts. */
  readonly tier: string | null;
  /** Set where the profile names no tier: it was that of the plan when the profile was written, and stays. */
  readonly tierFrom?: 'plan';
  readonly protected: boolean;
  readonly description: string | null;
  /** Vault record with the whole profile: defaults may hold values of variables and files. */
  readonly record: string;
  /** SHA-256 of the canonical profile. */
  readonly digest: string;
  /** The same of everything but its defaults. */
  readonly frameDigest: string;
  /** Settings in words: names of variables and files, never what is in them. */
  readonly settings: readonly string[];
}
