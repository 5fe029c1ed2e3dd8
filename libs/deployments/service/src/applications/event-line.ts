import type { KeptObject, Step } from '#deployments/contract';
import type { Position, Recorded } from '#kernel';
import type { DeploymentFact } from './application-document.ts';

/** One line of `app events`, before ids are replaced by names. */
export interface EventLine {
  readonly applicationId: string;
  readonly step: Step;
  readonly revision: number;
  readonly actor: string;
  readonly message: string;
  readonly time: string;
  readonly position: Position;
  readonly code: string | null;
  /** Of a deletion. */
  readonly kept?: readonly KeptObject[];
}

type LineContent = Pick<EventLine, 'step' | 'message' | 'kept'> & {
  readonly revision?: number;
  readonly code?: string | null;
};

/** Returns the line of an event, or undefined for an event that only the platform uses. */
export function eventLine(recorded: Recorded<DeploymentFact>): EventLine | undefined {
  const said = contentOf(recorded.event);
  return said && placed(said, recorded);
}

/** Returns a line of progress of a rollout, which only watchers receive. */
export const progressLine = (recorded: Recorded<DeploymentFact>): EventLine | undefined =>
  recorded.event.type === 'attempt.progressing.v1'
    ? placed({ step: 'applied', message: recorded.event.data.message }, recorded)
    : undefined;

function placed(
  { step, message, revision, code, kept }: LineContent,
  { event, metadata }: Recorded<DeploymentFact>,
): EventLine {
  const applicationId =
    'applicationId' in event.data ? event.data.applicationId : metadata.stream.slice('application-'.length);
  const ofRevision = revision ?? ('revision' in event.data ? event.data.revision : 0);
  return {
    applicationId,
    step,
    revision: ofRevision,
    actor: metadata.actor,
    message,
    time: metadata.recordedAt,
    position: metadata.position,
    code: code ?? null,
    ...(kept && { kept }),
  };
}

function contentOf(event: DeploymentFact): LineContent | undefined {
  switch (event.type) {
    case 'deployment.requested.v1':
      return { step: 'requested', message: withReason(requestedText(event.data), event.data) };
    case 'attempt.claimed.v1':
      return {
        step: 'claimed',
        message:
          event.data.claim === 1 ? `worker ${event.data.worker}` : `worker ${event.data.worker} again after a restart`,
      };
    case 'attempt.fetched.v1':
      return { step: 'fetched', message: event.data.source };
    case 'attempt.rendered.v1':
      return { step: 'rendered', message: count(event.data.objects, 'object') };
    case 'attempt.planned.v1': {
      const { changeCount, warnings, changes } = event.data;
      const takenBack = changes.flatMap(({ object, takesBackFrom }) =>
        takesBackFrom === null ? [] : [`${object} took back from ${takesBackFrom}`],
      );
      return {
        step: 'planned',
        message: [`${count(changeCount, 'object')} change`, ...takenBack, ...warnings].join('; ').slice(0, 2_000),
      };
    }
    case 'attempt.applied.v1':
      return {
        step: 'applied',
        message: `${event.data.wave}: ${count(event.data.objects, 'object')} (${event.data.done}/${event.data.all})`,
      };
    case 'attempt.healthy.v1':
      return { step: 'healthy', message: event.data.message };
    case 'attempt.pruned.v1':
      return { step: 'pruned', message: event.data.objects.join(', ').slice(0, 2_000) };
    case 'deployment.succeeded.v1':
      return { step: 'succeeded', message: event.data.message, ...(event.data.kept && { kept: event.data.kept }) };
    case 'deployment.failed.v1': {
      const { message, serving, code } = event.data;
      return { step: 'failed', message: serving === null ? message : `${message}. ${serving}`, code };
    }
    case 'deployment.superseded.v1':
      return { step: 'superseded', message: `by v${event.data.byRevision}` };
    case 'deployment.abandoned.v1':
      return { step: 'abandoned', message: 'its worker stopped reporting' };
    case 'application.health-changed.v1': {
      const { health, message, code, drift } = event.data;
      const drifted = (drift ?? []).map(({ what, fields }) =>
        fields.length === 0 ? what : `${what}: ${fields.join(', ')}`,
      );
      const words = [message === '' ? health : `${health}: ${message}`, ...drifted];
      return { step: 'health-changed', message: words.join('; ').slice(0, 2_000), code };
    }
    case 'application.source-check-failed.v1':
      return {
        step: 'source-checked',
        message: `changes of the source are not deployed: ${event.data.message}`,
        code: event.data.code,
      };
    case 'application.source-check-recovered.v1':
      return { step: 'source-checked', message: 'the source can be checked for changes again' };
    case 'application.paused.v1':
      return { step: 'paused', message: withReason('new revisions are recorded and not deployed', event.data) };
    case 'application.resumed.v1':
      return { step: 'resumed', message: withReason('new revisions are deployed again', event.data) };
    case 'application.secrets-set.v1':
      return {
        step: 'secrets-changed',
        message: event.data.secrets
          .map(({ key, version }) => `${key} v${version}`)
          .join(', ')
          .slice(0, 2_000),
      };
    case 'application.secret-unset.v1':
      return { step: 'secrets-changed', message: `${event.data.key} removed` };
    case 'application.deleted.v1':
      return { step: 'deleted', message: 'name and namespace released' };
    default:
      return undefined;
  }
}

/** Returns the text, followed by the words of the user who requested it. */
const withReason = (text: string, { message }: { readonly message?: string }): string =>
  message === undefined ? text : `${text}: ${message}`;

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function requestedText({
  cause,
  number,
  kind,
  adopt,
}: Extract<DeploymentFact, { type: 'deployment.requested.v1' }>['data']): string {
  if (cause === 'abandoned') return `attempt ${number} continues from where the previous one was lost`;
  if (kind === 'delete') return 'deletion requested';
  const what = {
    rollback: 'rollback',
    sync: 'sync',
    restart: 'restart',
    resume: 'deployment after a pause',
    'self-heal': 'self-heal',
    auto: 'deployment of the changed source',
    adopt: `adoption of ${(adopt ?? [])
      .map(({ object }) => object)
      .join(', ')
      .slice(0, 1_000)}`,
  } as const;
  return `${cause === 'apply' || cause === 'delete' ? 'deployment' : what[cause]} requested, attempt ${number}`;
}
