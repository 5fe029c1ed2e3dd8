import type { ApplicationStatus, AttemptState, Health } from '#deployments/contract';
import { assertNever, REMOVED, type EventMetadata, type Projection, type Recorded } from '#kernel';
import type { AttemptEvent } from '../attempts/attempt.events.ts';
import type { NewName } from '../catalog/catalog.events.ts';
import { omit } from '../shared/omit.ts';
import { deploymentFamily, type ApplicationDocument, type DeploymentFact } from './application-document.ts';
import type { ApplicationEvent } from './application.events.ts';

/** Read model of applications: everything that is not read from the cluster. One document per application. */
export const applicationsProjection: Projection<DeploymentFact, ApplicationDocument> = {
  name: 'deployments-applications.v7',
  events: deploymentFamily,
  indexes: [
    'organizationId',
    'key',
    'name',
    'deleted',
    'clusterId',
    'profileId',
    'hasOpen',
    'tracked',
    'unfinished',
    'createdAt',
  ],
  documentId: ({ event, metadata }) => {
    if ('applicationId' in event.data) return event.data.applicationId;
    if ('kind' in event.data && 'name' in event.data)
      return event.data.kind === 'application' ? event.data.id : undefined;
    return metadata.stream.startsWith('application-') ? metadata.stream.slice('application-'.length) : undefined;
  },
  apply(document, recorded) {
    const { event, metadata } = recorded;
    if (event.type === 'catalog.name-claimed.v1')
      return event.data.kind === 'application'
        ? begun(event.data, metadata.stream.slice('catalog-'.length), metadata.recordedAt)
        : (document ?? REMOVED);
    return document ? applyTo(document, recorded) : REMOVED;
  },
};

function begun(
  { id, name, refers, intent }: Extract<NewName, { readonly kind: 'application' }>,
  organizationId: string,
  at: string,
): ApplicationDocument {
  return {
    id,
    organizationId,
    name,
    key: `${organizationId}/${name}`,
    createdAt: at,
    updatedAt: at,
    deleted: false,
    profileId: refers,
    clusterId: '',
    configuration: null,
    revision: 0,
    configuredAt: at,
    status: 'REQUESTED',
    health: 'Unknown',
    message: 'recording the first revision',
    problem: null,
    code: null,
    fix: null,
    replicas: null,
    endpoint: null,
    sync: 'Synced',
    drift: [],
    tracked: false,
    sourceProblem: null,
    paused: false,
    unpinned: false,
    deployedBy: null,
    servingRevision: null,
    attempt: null,
    open: [],
    hasOpen: false,
    intent,
    unfinished: true,
  };
}

function applyTo(document: ApplicationDocument, { event, metadata }: Recorded<DeploymentFact>): ApplicationDocument {
  const at = metadata.recordedAt;
  switch (event.type) {
    case 'catalog.name-claimed.v1':
    case 'catalog.deployment-counted.v1':
    case 'catalog.limits-set.v1':
    case 'catalog.name-retiring.v1':
    case 'catalog.name-prepared.v1':
    case 'application.secrets-set.v1':
    case 'application.secret-unset.v1':
    case 'application.webhook-created.v1':
    case 'application.webhook-deleted.v1':
      return document;
    case 'catalog.reference-changed.v1':
      return { ...document, profileId: event.data.refers };
    case 'catalog.name-released.v1':
      return { ...document, unfinished: false, intent: null };
    case 'application.configured.v1':
      return withRevision(document, event.data, at);
    case 'application.deletion-requested.v1':
      return {
        ...document,
        tracked: false,
        status: 'DELETING',
        message: 'waiting for a worker',
        problem: null,
        code: null,
        fix: null,
        updatedAt: at,
      };
    case 'deployment.requested.v1': {
      const { attemptId, number, kind, delayMs } = event.data;
      const open = [...document.open, attemptId];
      const attempt = { id: attemptId, number, state: 'QUEUED', kind, requestId: metadata.id } as const;
      return {
        ...document,
        attempt,
        open,
        hasOpen: true,
        status: kind === 'delete' ? 'DELETING' : 'REQUESTED',
        // A deletion that is retried later keeps the message of its failure.
        ...(delayMs === undefined && { message: 'waiting for a worker', code: null, fix: null }),
        problem: null,
        updatedAt: at,
      };
    }
    case 'deployment.succeeded.v1':
      return withSuccess(document, event.data, at);
    case 'deployment.failed.v1': {
      const { attemptId, message, serving, code, applied, fix } = event.data;
      const ended = closed(document, attemptId, 'FAILED');
      if (!isNewest(document, attemptId)) return ended;
      const text = serving === null ? message : `${message}. ${serving}`;
      const status = document.attempt?.kind === 'delete' ? 'DELETING' : applied ? 'DEGRADED' : 'FAILED';
      return {
        ...ended,
        status,
        message: text,
        problem: null,
        code,
        fix,
        updatedAt: at,
        ...(applied && { deployedBy: event.data.number }),
        ...(applied && status === 'DEGRADED' && { health: 'Degraded' }),
      };
    }
    case 'deployment.superseded.v1':
      return closed(document, event.data.attemptId, 'SUPERSEDED');
    case 'deployment.abandoned.v1':
      return closed(document, event.data.attemptId, 'ABANDONED');
    case 'application.health-changed.v1':
      return withHealth({ ...document, updatedAt: at }, event.data);
    case 'application.source-check-failed.v1':
      return { ...document, sourceProblem: event.data.message, updatedAt: at };
    case 'application.source-check-recovered.v1':
      return { ...document, sourceProblem: null, updatedAt: at };
    case 'application.paused.v1':
      return { ...document, paused: true, updatedAt: at };
    case 'application.resumed.v1':
      return { ...document, paused: false, unpinned: true, updatedAt: at };
    case 'application.deleted.v1':
      return {
        ...document,
        deleted: true,
        tracked: false,
        status: 'DELETING',
        health: 'Missing',
        message: 'deleted',
        open: [],
        hasOpen: false,
        unfinished: false,
        intent: null,
        updatedAt: at,
      };
    default:
      return step(document, event, metadata);
  }
}

function withRevision(
  document: ApplicationDocument,
  event: Extract<ApplicationEvent, { type: 'application.configured.v1' }>['data'],
  at: string,
): ApplicationDocument {
  const { revision } = event;
  const configuration = omit(event, 'summary', 'changes', 'revision');
  return {
    ...document,
    configuration,
    revision,
    configuredAt: at,
    updatedAt: at,
    unpinned: false,
    tracked: configuration.syncPolicy?.auto === true,
    sourceProblem: null,
    profileId: configuration.profile.id,
    clusterId: configuration.cluster.id,
    unfinished: false,
    intent: null,
  };
}

function withSuccess(
  document: ApplicationDocument,
  event: Extract<ApplicationEvent, { type: 'deployment.succeeded.v1' }>['data'],
  at: string,
): ApplicationDocument {
  const { message, endpoint, replicas, revision } = event;
  const ended = closed(document, event.attemptId, 'SUCCEEDED');
  if (document.attempt?.kind === 'delete') return { ...ended, updatedAt: at };
  return {
    ...ended,
    servingRevision: revision,
    deployedBy: event.number,
    sync: 'Synced',
    drift: [],
    health: 'Healthy',
    endpoint,
    replicas,
    updatedAt: at,
    ...(isNewest(document, event.attemptId) && { status: 'RUNNING', message, problem: null, code: null, fix: null }),
  };
}

const isNewest = (document: ApplicationDocument, attemptId: string): boolean => document.attempt?.id === attemptId;

function closed(document: ApplicationDocument, attemptId: string, state: AttemptState): ApplicationDocument {
  const open = document.open.filter((id) => id !== attemptId);
  const attempt = document.attempt && isNewest(document, attemptId) ? { ...document.attempt, state } : document.attempt;
  return { ...document, open, hasOpen: open.length > 0, attempt };
}

/**
 * Applies an observation. It changes the status only if no rollout is in progress, and never hides that a revision
 * failed.
 */
function withHealth(
  document: ApplicationDocument,
  event: Extract<ApplicationEvent, { type: 'application.health-changed.v1' }>['data'],
): ApplicationDocument {
  const { health, message, code, replicas, sync, drift, completes } = event;
  const observed = {
    ...document,
    health,
    replicas: replicas ?? document.replicas,
    ...(sync !== undefined && { sync, drift: drift ?? [] }),
    ...(completes !== undefined && { servingRevision: completes }),
  };
  if (
    document.hasOpen ||
    (document.status !== 'RUNNING' && document.status !== 'DEGRADED' && document.status !== 'PROGRESSING')
  )
    return observed;
  if (document.attempt?.state === 'FAILED' && document.servingRevision !== document.revision && completes === undefined)
    return observed;
  const status = STATUS_OF[health] ?? document.status;
  const problem = health === 'Healthy' || message === '' ? null : message;
  return { ...observed, status, message, problem, code, fix: code === document.code ? document.fix : null };
}

const STATUS_OF: Partial<Record<Health, ApplicationStatus>> = {
  Healthy: 'RUNNING',
  Degraded: 'DEGRADED',
  Missing: 'DEGRADED',
  Terminating: 'DEGRADED',
  Progressing: 'PROGRESSING',
};

/** Applies a step of an attempt. Only the newest attempt changes the status. */
function step(
  document: ApplicationDocument,
  event: AttemptEvent,
  { stream, recordedAt }: EventMetadata,
): ApplicationDocument {
  if (!document.attempt || stream !== `deployment-${document.attempt.id}`) return document;
  const updatedAt = recordedAt;
  if (event.type === 'attempt.claimed.v1') {
    if (document.attempt.state !== 'QUEUED') return document;
    const attempt = { ...document.attempt, state: 'RUNNING' } as const;
    return {
      ...document,
      attempt,
      ...(attempt.kind === 'deploy' ? { status: 'RENDERING' } : {}),
      message: attempt.kind === 'deploy' ? 'a worker is preparing it' : 'a worker is deleting its objects',
      updatedAt,
    };
  }
  if (document.attempt.state !== 'RUNNING') return document;
  const moved = progressOf(event);
  if (!moved) return document;
  return {
    ...document,
    updatedAt,
    message: moved.message,
    problem: moved.problem ?? null,
    ...(document.attempt.kind === 'deploy' && { status: moved.status }),
  };
}

function progressOf(
  event: Exclude<AttemptEvent, { type: 'attempt.claimed.v1' }>,
): { readonly status: ApplicationStatus; readonly message: string; readonly problem?: string } | undefined {
  switch (event.type) {
    case 'attempt.fetched.v1':
      return { status: 'RENDERING', message: `fetched ${event.data.source}` };
    case 'attempt.rendered.v1':
      return { status: 'RENDERING', message: `${event.data.objects} objects rendered` };
    case 'attempt.planned.v1':
      return { status: 'APPLYING', message: `${event.data.changeCount} objects change` };
    case 'attempt.applied.v1': {
      const { done, all } = event.data;
      return { status: done >= all ? 'PROGRESSING' : 'APPLYING', message: `${done} of ${all} waves applied` };
    }
    case 'attempt.progressing.v1': {
      const { message, problem } = event.data;
      return { status: 'PROGRESSING', message, ...(problem !== undefined && { problem }) };
    }
    case 'attempt.healthy.v1':
      return { status: 'PROGRESSING', message: event.data.message };
    case 'attempt.pruned.v1':
      return { status: 'PROGRESSING', message: `${event.data.objects.length} objects removed` };
    case 'attempt.extended.v1':
    case 'attempt.inventory-recorded.v1':
    case 'attempt.inventory-settled.v1':
    case 'attempt.lapsed.v1':
    case 'attempt.ended.v1':
      return undefined;
    default:
      return assertNever(event);
  }
}
