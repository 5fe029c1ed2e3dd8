import { position, type EventMetadata, type Recorded } from '#kernel';
import { catalogStream } from '../catalog/catalog.decider.ts';
import type { NewName } from '../catalog/catalog.events.ts';
import type { ApplicationDocument, DeploymentFact } from './application-document.ts';
import { applicationStream } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { latestOf, newestAttemptOf, type Application, type Revision } from './application.ts';
import { applicationsProjection } from './applications.projection.ts';

/** Result of a command: the state including its events, and the events. */
export interface Written {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly application: Application;
  readonly events: readonly ApplicationEvent[];
}

/**
 * Returns the document of an application as a write left it. Responses to writes do not wait for a read model, which
 * may lack the write, or already include later ones. Its document is used only if it has the same revision and attempt,
 * alone or with the events of the write. Otherwise, the document is built from the state of the decision.
 * @param present the document of the read model
 * @returns undefined if the application does not exist
 */
export function documentAfter(
  written: Written,
  present: ApplicationDocument | undefined,
  by: Pick<EventMetadata, 'recordedAt' | 'actor'>,
): ApplicationDocument | undefined {
  const { organizationId, applicationId, application, events } = written;
  const latest = latestOf(application);
  if (!latest) return withEvents(present, recordedOf(events, applicationStream(applicationId), by));
  const isOfWrite = ({ revision, attempt, paused, unpinned }: ApplicationDocument): boolean =>
    revision === latest.revision &&
    attempt?.id === newestAttemptOf(application)?.id &&
    paused === application.paused &&
    unpinned === application.unpinned;

  if (present && isOfWrite(present)) return present;
  const followed = present && withEvents(present, recordedOf(events, applicationStream(applicationId), by));
  if (followed && isOfWrite(followed)) return followed;
  const known = withEvents(undefined, [
    ...recordedOf([beginningOf(applicationId, latest)], catalogStream(organizationId), by),
    ...recordedOf(knownOf(application, latest, present?.endpoint ?? null), applicationStream(applicationId), by),
  ]);
  const serving = application.revisions.findLast(({ succeeded }) => succeeded)?.revision ?? null;
  return known && { ...known, createdAt: present?.createdAt ?? known.createdAt, servingRevision: serving };
}

const withEvents = (
  document: ApplicationDocument | undefined,
  recorded: readonly Recorded<DeploymentFact>[],
): ApplicationDocument | undefined =>
  recorded.reduce<ApplicationDocument | undefined>((folded, event) => {
    const next = applicationsProjection.apply(folded, event);
    return typeof next === 'symbol' ? undefined : next;
  }, document);

const recordedOf = (
  events: readonly DeploymentFact[],
  stream: string,
  by: Pick<EventMetadata, 'recordedAt' | 'actor'>,
): Recorded<DeploymentFact>[] =>
  events.map((event) => ({
    event,
    metadata: {
      id: '',
      revision: 0,
      position: position('00000000', 0),
      commandId: '',
      correlationId: '',
      causationId: '',
      stream,
      ...by,
    },
  }));

const beginningOf = (id: string, configuration: Revision): DeploymentFact => {
  const data: NewName = {
    kind: 'application',
    name: configuration.name,
    id,
    counted: true,
    refers: configuration.profile.id,
    intent: configuration,
    namedNamespace: false,
  };
  return { type: 'catalog.name-claimed.v1', data };
};

/** Returns the state of the decision as events: the newest revision, and the progress of the newest attempt. */
function knownOf(application: Application, latest: Revision, endpoint: string | null): ApplicationEvent[] {
  const attempt = newestAttemptOf(application);
  const configured: ApplicationEvent[] = [
    { type: 'application.configured.v1', data: latest },
    ...(application.unpinned ? [{ type: 'application.resumed.v1', data: {} } as const] : []),
    ...(application.sourceProblem
      ? [{ type: 'application.source-check-failed.v1', data: application.sourceProblem } as const]
      : []),
    ...(application.paused ? [{ type: 'application.paused.v1', data: {} } as const] : []),
  ];
  if (!attempt) return configured;
  const { id: attemptId, number, revision, kind, orphan, state } = attempt;
  const ref = { attemptId, number, revision };
  const requested: ApplicationEvent = {
    type: 'deployment.requested.v1',
    data: { ...ref, kind, orphan, cause: 'apply' },
  };
  const { health } = application;
  if (state !== 'succeeded' || !health) return [...configured, requested];
  const { message, replicas } = health;
  return [
    ...configured,
    requested,
    { type: 'deployment.succeeded.v1', data: { ...ref, message, endpoint, replicas } },
    { type: 'application.health-changed.v1', data: health },
  ];
}
