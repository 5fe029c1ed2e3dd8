import type { AdoptableObject, Health, KeptObject, SecretVersion, WebhookProvider } from '#deployments/contract';
import type { EventFamily, Fact } from '#kernel';
import type { Configuration } from '../catalog/beginnings.ts';

/** Identifies an attempt and its revision. */
export interface AttemptRef {
  readonly attemptId: string;
  /** Increases with each attempt of the application. */
  readonly number: number;
  readonly revision: number;
}

/** An object that differs from what was applied: `Deployment/web was changed by kubectl`, and some of its fields. */
export interface Drift {
  readonly what: string;
  readonly fields: readonly string[];
}

/** A secret that was set: its key and version, never its value. */
export interface SecretSet extends SecretVersion {
  readonly key: string;
  /** Size of the value in bytes. */
  readonly bytes: number;
}

/** Why a source could not be looked up. */
export interface SourceProblem {
  readonly code: string;
  readonly message: string;
}

/** A webhook. Its secret is in the vault; see `webhookRecords`. */
export interface Webhook {
  readonly id: string;
  readonly provider: WebhookProvider;
  /** HMAC of the secret with the organization's key. */
  readonly fingerprint: string;
  /** RFC 3339. */
  readonly at: string;
  /** User who created it. */
  readonly by: string;
}

/** Stream: `application-<application id>`. Each attempt has one terminal event. */
export type ApplicationEvent =
  | Fact<
      'application.configured.v1',
      Configuration & {
        readonly revision: number;
        /** Whether its first attempt may delete most objects. Set while the application is paused. */
        readonly allowRemovals?: true;
      }
    >
  | Fact<'application.deletion-requested.v1', { readonly orphan: boolean }>
  | Fact<
      'deployment.requested.v1',
      AttemptRef & {
        readonly kind: 'deploy' | 'delete';
        readonly orphan: boolean;
        readonly cause:
          | 'apply'
          | 'rollback'
          | 'delete'
          | 'abandoned'
          | 'sync'
          | 'restart'
          | 'resume'
          | 'self-heal'
          | 'auto'
          | 'adopt';
        /** RFC 3339 time of a self-heal. */
        readonly healedAt?: string;
        /** RFC 3339 time, written to the pod template so that pods are replaced. */
        readonly restart?: string;
        /** Whether the attempt fails at the first failure instead of waiting for recovery. */
        readonly failFast?: true;
        /** Objects that belong to no application and that the attempt may take over. */
        readonly adopt?: readonly AdoptableObject[];
        /** Whether the attempt may delete most objects of the application. */
        readonly allowRemovals?: true;
        /** Whether a deletion runs no hooks. */
        readonly noHooks?: true;
        /** Milliseconds until the attempt may start. Set when a deletion is retried. */
        readonly delayMs?: number;
        /** Why, in the words of the user who requested it. With the cause `auto`: `main: 9f2c41… → 03be77…`. */
        readonly message?: string;
      }
    >
  | Fact<
      'deployment.succeeded.v1',
      AttemptRef & {
        readonly message: string;
        readonly endpoint: string | null;
        readonly replicas: string | null;
        /** Objects that a deletion kept, and why. Only the first ones are listed. */
        readonly kept?: readonly KeptObject[];
      }
    >
  | Fact<
      'deployment.failed.v1',
      AttemptRef & {
        readonly code: string;
        readonly message: string;
        readonly fix: string | null;
        readonly applied: boolean;
        readonly serving: string | null;
        /** Objects that belong to no application and that made the attempt fail. Only the first ones are listed. */
        readonly adoptable?: readonly AdoptableObject[];
      }
    >
  | Fact<'deployment.superseded.v1', AttemptRef & { readonly byRevision: number }>
  /** `claims`: how many claims of this attempt ended without a report of the end. */
  | Fact<'deployment.abandoned.v1', AttemptRef & { readonly claims: number }>
  | Fact<
      'application.health-changed.v1',
      {
        readonly health: Health;
        readonly message: string;
        readonly code: string | null;
        readonly replicas: string | null;
        /** Whether the cluster matches what was applied. Absent from observers before 0.2. */
        readonly sync?: 'Synced' | 'OutOfSync';
        /** What differs, and who changed it. */
        readonly drift?: readonly Drift[];
        /**
         * Revision whose failed attempt this completes: all its objects exist, match what was applied, and are healthy.
         */
        readonly completes?: number;
        /** Set if `selfHeal` stopped because others keep changing the cluster. The first entry of `drift` says so. */
        readonly healingStopped?: true;
      }
    >
  /** The source of an application with `syncPolicy.auto` could not be looked up. Recorded once per problem. */
  | Fact<'application.source-check-failed.v1', SourceProblem>
  /** The source could be looked up again, and has not changed. */
  | Fact<'application.source-check-recovered.v1', Record<never, never>>
  /** Until the application is resumed, revisions are recorded but not deployed. */
  | Fact<'application.paused.v1', { readonly message?: string }>
  /** Ends a pause and the pin of a rollback. */
  | Fact<'application.resumed.v1', { readonly message?: string }>
  /** Also of an application without a revision, for its first one. The values are in the vault; see `secretRecord`. */
  | Fact<'application.secrets-set.v1', { readonly secrets: readonly SecretSet[] }>
  | Fact<'application.secret-unset.v1', { readonly key: string }>
  | Fact<'application.webhook-created.v1', Webhook>
  | Fact<'application.webhook-deleted.v1', { readonly id: string }>
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
    'application.source-check-failed.v1': true,
    'application.source-check-recovered.v1': true,
    'application.paused.v1': true,
    'application.resumed.v1': true,
    'application.secrets-set.v1': true,
    'application.secret-unset.v1': true,
    'application.webhook-created.v1': true,
    'application.webhook-deleted.v1': true,
    'application.deleted.v1': true,
  },
};
