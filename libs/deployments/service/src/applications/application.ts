import type { Health } from '#deployments/contract';
import { assertNever } from '#kernel';
import type { Attempt } from '../attempts/attempt.ts';
import type { Configuration } from '../catalog/beginnings.ts';
import type { ApplicationEvent, Drift, SecretSet, SourceProblem, Webhook } from './application.events.ts';

/** A revision of an application. */
export interface Revision extends Configuration {
  readonly revision: number;
  readonly succeeded: boolean;
}

/** State of an application for its decisions. */
export interface Application {
  readonly status: 'absent' | 'active' | 'deleting' | 'deleted';
  /** In order, starting with `v1`. */
  readonly revisions: readonly Revision[];
  /** Attempts since the last successful deployment, oldest first. They may have left objects on the cluster. */
  readonly attempts: readonly Attempt[];
  readonly attemptCount: number;
  /** Whether revisions are recorded but not deployed. */
  readonly paused: boolean;
  /** Whether the first attempt at the latest revision, which was recorded during a pause, may delete most objects. */
  readonly allowsRemovals: boolean;
  /** Whether the latest revision is a rollback whose pin was ended. */
  readonly unpinned: boolean;
  /** Present secrets by key. An application without a revision may have some. */
  readonly secrets: ReadonlyMap<string, SecretSet>;
  /** Last version of each key that was ever set. */
  readonly secretVersions: ReadonlyMap<string, number>;
  /** Consecutive claims that ended without a report of the end. */
  readonly lostClaims: number;
  /** Webhooks by id. */
  readonly webhooks: ReadonlyMap<string, Webhook>;
  /** Why the source of the latest revision could not be looked up at last. */
  readonly sourceProblem: SourceProblem | undefined;
  /** Times of self-heals since somebody requested a deployment, in milliseconds since 1970. */
  readonly heals: readonly number[];
  readonly health:
    | {
        readonly health: Health;
        readonly message: string;
        readonly code: string | null;
        readonly replicas: string | null;
        readonly sync?: 'Synced' | 'OutOfSync';
        readonly drift?: readonly Drift[];
        readonly completes?: number;
        readonly healingStopped?: true;
      }
    | undefined;
}

/** State of an application that does not exist. */
export const noApplication: Application = {
  status: 'absent',
  revisions: [],
  attempts: [],
  attemptCount: 0,
  paused: false,
  allowsRemovals: false,
  unpinned: false,
  secrets: new Map(),
  secretVersions: new Map(),
  lostClaims: 0,
  webhooks: new Map(),
  sourceProblem: undefined,
  heals: [],
  health: undefined,
};

/** Returns the latest revision. */
export const latestOf = ({ revisions }: Application): Revision | undefined => revisions.at(-1);
/** Returns the newest revision before another one that succeeded. */
export const lastSucceededBefore = ({ revisions }: Application, before: number): Revision | undefined =>
  revisions.findLast(({ revision, succeeded }) => succeeded && revision < before);
/** Returns the newest attempt. */
export const newestAttemptOf = ({ attempts }: Application): Attempt | undefined => attempts.at(-1);
/** Returns whether the latest revision is a rollback that keeps the application at its content. */
export const isPinned = (application: Application): boolean =>
  typeof latestOf(application)?.rollbackOf === 'number' && !application.unpinned;
/** Returns what the newest attempt would have deleted, as text, if it failed because these are most objects. */
export const heldRemovals = (application: Application): string | undefined => newestAttemptOf(application)?.removals;
/** Returns the attempt if it has not ended. */
export const openAttempt = ({ attempts }: Application, id: string): Attempt | undefined =>
  attempts.find((attempt) => attempt.id === id && attempt.state === 'open');

/** Applies an event to the state. */
export function evolveApplication(application: Application, event: ApplicationEvent): Application {
  switch (event.type) {
    case 'application.configured.v1': {
      const { allowRemovals, ...revision } = event.data;
      return {
        ...application,
        status: 'active',
        allowsRemovals: allowRemovals === true,
        unpinned: false,
        sourceProblem: undefined,
        revisions: [...application.revisions, { ...revision, succeeded: false }],
      };
    }
    case 'application.deletion-requested.v1':
      return { ...application, status: 'deleting' };
    case 'deployment.requested.v1': {
      const { number, cause, healedAt } = event.data;
      return {
        ...application,
        attemptCount: number,
        heals:
          healedAt !== undefined
            ? [...application.heals, Date.parse(healedAt)]
            : cause === 'abandoned'
              ? application.heals
              : [],
        attempts: [...application.attempts, requestedAttempt(event.data, application)],
      };
    }
    case 'deployment.succeeded.v1': {
      const { attemptId, revision, message, replicas } = event.data;
      const ended = withState(application, attemptId, 'succeeded');
      const revisions = ended.revisions.map((known) =>
        known.revision === revision ? { ...known, succeeded: true } : known,
      );
      const from = ended.attempts.findIndex(({ id }) => id === attemptId);
      return {
        ...ended,
        revisions,
        attempts: ended.attempts.slice(Math.max(from, 0)),
        lostClaims: 0,
        health: { health: 'Healthy', message, code: null, replicas },
      };
    }
    case 'deployment.failed.v1': {
      const { attemptId, applied, message, code, adoptable } = event.data;
      const more = {
        ...(code === 'deployments/removes-most' && { removals: message }),
        ...(adoptable && { adoptable }),
      };
      const ended = { ...withState(application, attemptId, 'failed', more), lostClaims: 0 };
      return applied
        ? { ...ended, health: { health: 'Degraded', message, code, replicas: application.health?.replicas ?? null } }
        : ended;
    }
    case 'deployment.superseded.v1':
      return { ...withState(application, event.data.attemptId, 'superseded'), lostClaims: 0 };
    case 'deployment.abandoned.v1':
      return {
        ...withState(application, event.data.attemptId, 'abandoned'),
        lostClaims: application.lostClaims + event.data.claims,
      };
    case 'application.health-changed.v1':
      return { ...application, health: event.data };
    case 'application.source-check-failed.v1':
      return { ...application, sourceProblem: event.data };
    case 'application.source-check-recovered.v1':
      return { ...application, sourceProblem: undefined };
    case 'application.paused.v1':
      return { ...application, paused: true };
    case 'application.resumed.v1':
      return { ...application, paused: false, unpinned: true };
    case 'application.secrets-set.v1':
      return withSecrets(application, event.data.secrets);
    case 'application.secret-unset.v1':
      return { ...application, secrets: without(application.secrets, event.data.key) };
    case 'application.webhook-created.v1':
      return { ...application, webhooks: new Map(application.webhooks).set(event.data.id, event.data) };
    case 'application.webhook-deleted.v1':
      return { ...application, webhooks: without(application.webhooks, event.data.id) };
    case 'application.deleted.v1':
      return { ...application, status: 'deleted', secrets: new Map(), webhooks: new Map() };
    default:
      return assertNever(event);
  }
}

function withSecrets(application: Application, set: readonly SecretSet[]): Application {
  const secrets = new Map(application.secrets);
  const secretVersions = new Map(application.secretVersions);
  for (const secret of set) {
    secrets.set(secret.key, secret);
    secretVersions.set(secret.key, secret.version);
  }
  return { ...application, secrets, secretVersions };
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

type Requested = Extract<ApplicationEvent, { type: 'deployment.requested.v1' }>['data'];

function requestedAttempt(data: Requested, application: Application): Attempt {
  const { attemptId: id, number, revision, kind, orphan, restart, failFast, allowRemovals, noHooks, adopt } = data;
  const { delayMs, cause, healedAt } = data;
  const continuesHeal = cause === 'abandoned' && newestAttemptOf(application)?.heals === true;
  return {
    id,
    number,
    revision,
    kind,
    orphan,
    ...(restart !== undefined && { restart }),
    ...(failFast && { failFast }),
    ...(allowRemovals && { allowRemovals }),
    ...(noHooks && { noHooks }),
    ...((healedAt !== undefined || continuesHeal) && { heals: true as const }),
    ...(adopt && { adopt }),
    ...(delayMs !== undefined && { delayed: true as const }),
    state: 'open',
  };
}

const withState = (
  application: Application,
  attemptId: string,
  state: Attempt['state'],
  more: Pick<Attempt, 'removals' | 'adoptable'> = {},
): Application => ({
  ...application,
  attempts: application.attempts.map((attempt) =>
    attempt.id === attemptId ? { ...attempt, state, ...more } : attempt,
  ),
});
