import type { Health } from '#deployments/contract';
import type { EventFamily, Fact } from '#kernel';

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
}

export interface AttemptRef {
  readonly attemptId: string;
  /** Grows with each attempt of the application. */
  readonly number: number;
  readonly revision: number;
}

/** Stream: `application-<application id>`. One terminal event per attempt. */
export type ApplicationEvent =
  | Fact<'application.configured.v1', Configuration & { readonly revision: number }>
  | Fact<'application.deletion-requested.v1', { readonly orphan: boolean }>
  | Fact<
      'deployment.requested.v1',
      AttemptRef & {
        readonly kind: 'deploy' | 'delete';
        readonly orphan: boolean;
        readonly cause: 'apply' | 'rollback' | 'delete' | 'abandoned';
      }
    >
  | Fact<
      'deployment.succeeded.v1',
      AttemptRef & { readonly message: string; readonly endpoint: string | null; readonly replicas: string | null }
    >
  | Fact<
      'deployment.failed.v1',
      AttemptRef & {
        readonly code: string;
        readonly message: string;
        readonly fix: string | null;
        readonly applied: boolean;
        readonly serving: string | null;
      }
    >
  | Fact<'deployment.superseded.v1', AttemptRef & { readonly byRevision: number }>
  /** `claims`: how many claims of this attempt ended without an end. */
  | Fact<'deployment.abandoned.v1', AttemptRef & { readonly claims: number }>
  | Fact<
      'application.health-changed.v1',
      {
        readonly health: Health;
        readonly message: string;
        readonly code: string | null;
        readonly replicas: string | null;
      }
    >
  | Fact<'application.deleted.v1', Record<never, never>>;

export const applicationEvents: EventFamily<ApplicationEvent> = {
  categories: ['application'],
  types: {
    'application.configured.v1': true,
    'application.deletion-requested.v1': true,
    'deployment.requested.v1': true,
    'deployment.succeeded.v1': true,
    'deployment.failed.v1': true,
    'deployment.superseded.v1': true,
    'deployment.abandoned.v1': true,
    'application.health-changed.v1': true,
    'application.deleted.v1': true,
  },
};
