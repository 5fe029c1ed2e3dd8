import type { PodSecurityLevel } from '#kubernetes/pod-security';
import type { Place } from '#kubernetes/yaml';
import type { ObjectKey } from './objects.ts';

/** What applications may do on a cluster, as set by `clusters policy`. */
export interface ClusterPolicy {
  /** Globs of the namespaces that applications may use. A leading `!` excludes and takes precedence. */
  readonly namespaces: readonly string[];
  readonly clusterScoped: 'deny' | 'allow' | readonly string[];
  readonly podSecurity: PodSecurityLevel;
}

export type { PodSecurityLevel };

export type ManifestErrorCode =
  | 'deployments/namespace-not-allowed'
  | 'deployments/cluster-scoped-not-allowed'
  | 'deployments/pod-security'
  | 'deployments/role-not-allowed'
  | 'deployments/network-not-allowed'
  | 'deployments/kind-not-allowed'
  | 'deployments/field-not-allowed'
  | 'deployments/unknown-field'
  | 'deployments/unknown-kind'
  | 'deployments/invalid-manifest'
  | 'deployments/duplicate-object'
  | 'deployments/no-objects';

/** An error in a set of manifests. */
export interface ManifestError {
  readonly code: ManifestErrorCode;
  /** Missing if the error concerns the entire set. */
  readonly object?: ObjectKey;
  /** JSON pointer to the field (RFC 6901), if the error concerns one. */
  readonly pointer?: string;
  /** Position in the source text. `detail` then starts with `line 3:5: `. */
  readonly place?: Place;
  /** Stable name of the rule, such as `hostPath`. */
  readonly rule: string;
  /** One sentence. Never contains a value of a Secret. */
  readonly detail: string;
  /** What to do; for rules of the cluster's policy, the exact command. */
  readonly fix?: string;
}
