import type { PodSecurityLevel } from '#kubernetes/pod-security';
import type { Place } from '#kubernetes/yaml';
import type { ObjectKey } from './objects.ts';

/** What a cluster allows; PRODUCT vocabulary of `clusters policy`. */
export interface ClusterPolicy {
  /** Globs of namespaces that applications may use; a leading `!` excludes. Excluded ones win. */
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

/** One thing that stands against a set of manifests. */
export interface ManifestError {
  readonly code: ManifestErrorCode;
  /** Absent for findings about the whole set. */
  readonly object?: ObjectKey;
  /** RFC 6901 pointer into the object, where one field is at fault. */
  readonly pointer?: string;
  /** Where in the text that the objects were read from; `detail` then begins with `line 3:5: `. */
  readonly place?: Place;
  /** Short stable word for the rule, such as `hostPath`. */
  readonly rule: string;
  /** One sentence for people. Never a value of a Secret. */
  readonly detail: string;
  /** What to do; for rules of the cluster's policy the exact command. */
  readonly fix?: string;
}
