import type { AttemptState } from '#deployments/contract';
import { REMOVED, type EventMetadata, type Projection, type Recorded } from '#kernel';
import { deploymentFamily, type DeploymentFact } from './application-document.ts';
import { revisionId } from './revisions.projection.ts';

type DataOf<Type extends DeploymentFact['type']> = Extract<DeploymentFact, { readonly type: Type }>['data'];

/** One attempt to deploy a revision: who requested it, what it did, and how it ended. */
export interface AttemptReceipt {
  readonly id: string;
  readonly number: number;
  readonly cause: DataOf<'deployment.requested.v1'>['cause'];
  readonly by: string;
  readonly requestId: string;
  readonly requestedAt: string;
  readonly message?: string;
  readonly failFast?: true;
  /** Whether the attempt might delete most objects of the application. */
  readonly allowRemovals?: true;
  /** RFC 3339 time, if the pods were replaced. */
  readonly restart?: string;
  readonly state: AttemptState;
  readonly endedAt: string | null;
  readonly result: string | null;
  readonly code: string | null;
  readonly fix: string | null;
  /** The source as it was read. */
  readonly fetched: string | null;
  /** Number of objects. */
  readonly objects: number | null;
  /** Null until the objects were compared with those on the cluster. `rendered` is the vault record that contains them. */
  readonly plan: Pick<
    DataOf<'attempt.planned.v1'>,
    'rendered' | 'digest' | 'changes' | 'changeCount' | 'warnings'
  > | null;
}

/** How a revision was requested and deployed. */
export interface ReceiptDocument {
  readonly requestId: string;
  /** Who requested the revision: for an automatic rollback, the platform. */
  readonly actor: string;
  /** The newest ones, in the order of their numbers. */
  readonly attempts: readonly AttemptReceipt[];
  readonly attemptCount: number;
}

/** Attempts that are kept of a revision. */
const MAX_ATTEMPTS = 10;
/** Changes that are kept of an attempt. */
const MAX_CHANGES = 50;

/** Read model of receipts. One document per revision, kept after the application is deleted. */
export const receiptsProjection: Projection<DeploymentFact, ReceiptDocument> = {
  name: 'deployments-receipts.v3',
  events: deploymentFamily,
  documentId: ({ event, metadata }) => {
    if (!('revision' in event.data)) return undefined;
    const applicationId =
      'applicationId' in event.data ? event.data.applicationId : metadata.stream.slice('application-'.length);
    return revisionId(applicationId, event.data.revision);
  },
  apply(document, { event, metadata }) {
    if (event.type === 'application.configured.v1')
      return { requestId: metadata.correlationId, actor: metadata.actor, attempts: [], attemptCount: 0 };
    if (!document) return REMOVED;
    if (event.type === 'deployment.requested.v1') {
      if (event.data.kind !== 'deploy') return document;
      const attempts = [...document.attempts, requested(event.data, metadata)].slice(-MAX_ATTEMPTS);
      return { ...document, attempts, attemptCount: document.attemptCount + 1 };
    }
    const id = 'attemptId' in event.data ? event.data.attemptId : metadata.stream.slice('deployment-'.length);
    const known = document.attempts.find((attempt) => attempt.id === id);
    const change = known && changeOf({ event, metadata }, known);
    if (!known || !change) return document;
    const attempts = document.attempts.map((attempt) => (attempt === known ? { ...known, ...change } : attempt));
    return { ...document, attempts };
  },
};

const requested = (
  { attemptId, number, cause, message, failFast, allowRemovals, restart }: DataOf<'deployment.requested.v1'>,
  { actor, recordedAt, correlationId }: EventMetadata,
): AttemptReceipt => ({
  id: attemptId,
  number,
  cause,
  by: actor,
  requestId: correlationId,
  requestedAt: recordedAt,
  ...(message !== undefined && { message }),
  ...(failFast && { failFast }),
  ...(allowRemovals && { allowRemovals }),
  ...(restart !== undefined && { restart }),
  state: 'QUEUED',
  endedAt: null,
  result: null,
  code: null,
  fix: null,
  fetched: null,
  objects: null,
  plan: null,
});

function changeOf(
  { event, metadata }: Recorded<DeploymentFact>,
  { state }: AttemptReceipt,
): Partial<AttemptReceipt> | undefined {
  switch (event.type) {
    case 'attempt.claimed.v1':
      return state === 'QUEUED' ? { state: 'RUNNING' } : undefined;
    case 'attempt.fetched.v1':
      return { fetched: event.data.source };
    case 'attempt.rendered.v1':
      return { objects: event.data.objects };
    case 'attempt.planned.v1': {
      const { rendered, digest, changes, changeCount, warnings } = event.data;
      const listed = changes.filter(({ action }) => action !== 'unchanged').slice(0, MAX_CHANGES);
      return { plan: { rendered, digest, changes: listed, changeCount, warnings } };
    }
    case 'deployment.succeeded.v1':
      return { state: 'SUCCEEDED', endedAt: metadata.recordedAt, result: event.data.message };
    case 'deployment.failed.v1': {
      const { message, code, fix } = event.data;
      return { state: 'FAILED', endedAt: metadata.recordedAt, result: message, code, fix };
    }
    case 'deployment.superseded.v1':
      return { state: 'SUPERSEDED', endedAt: metadata.recordedAt, result: `by v${event.data.byRevision}` };
    case 'deployment.abandoned.v1':
      return { state: 'ABANDONED', endedAt: metadata.recordedAt, result: 'its worker stopped reporting' };
    default:
      return undefined;
  }
}
