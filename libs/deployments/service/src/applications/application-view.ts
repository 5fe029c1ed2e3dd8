import type { ApplicationStatusView, ApplicationView } from '#deployments/contract';
import { SILENT } from '../clusters/cluster.events.ts';
import type { ApplicationDocument } from './application-document.ts';

/** Facts for a view that are not in the document. */
export interface ViewFacts {
  readonly organization: string;
  /** Returns the name of a person by id. */
  readonly name: (id: string) => string;
  /** Whether the application's cluster was unreachable for 60 s. */
  readonly isSilent: boolean;
  /** Applications that the requested deployment waits for. */
  readonly awaited: readonly string[];
}

/** Returns the view of an application, without data that is read from the cluster. */
export function applicationView(document: ApplicationDocument, facts: ViewFacts): ApplicationView {
  const { configuration } = document;
  return {
    ...statusPart(document, facts),
    id: document.id,
    tier: configuration?.tier ?? '-',
    protected: configuration?.profile.protected ?? false,
    limits: configuration?.limits ?? null,
    autoscaling: configuration?.autoscaling ?? null,
    deployedBy: configuration ? facts.name(configuration.by) : '-',
    createdAt: document.createdAt,
    labels: { ...configuration?.labels },
    description: configuration?.description ?? null,
  };
}

/** Provider shown for sandbox clusters. */
const SANDBOX_PROVIDER = 'sandbox';
const SIMULATED = 'simulated: objects are real, no container runs';

/** Returns the fields of the status, without pods. */
function statusPart(
  document: ApplicationDocument,
  { organization, isSilent, awaited }: ViewFacts,
): Omit<ApplicationStatusView, 'pods'> {
  const { configuration, attempt, revision, servingRevision } = document;
  const isUnknown = isSilent && document.status !== 'DELETING';
  return {
    name: document.name,
    status: isUnknown ? 'UNKNOWN' : isPaused(document) ? 'PAUSED' : document.status,
    health: isUnknown ? 'Unknown' : document.health,
    sync: isUnknown ? 'Unknown' : syncOf(document),
    version: `v${revision}`,
    organization,
    profileName: configuration?.profile.name ?? '-',
    clusterName: configuration?.cluster.name ?? '-',
    provider: configuration?.cluster.provider ?? '-',
    region: configuration?.cluster.region ?? null,
    targetNamespace: configuration?.targetNamespace ?? '-',
    sourceType: configuration?.source.type ?? 'image',
    sourceRef: configuration?.source.ref ?? '-',
    replicas: document.replicas,
    endpoint: document.endpoint,
    updatedAt: document.updatedAt,
    message: isUnknown ? `its cluster was ${SILENT.reason}` : messageOf(document, awaited),
    problem: isUnknown || isPaused(document) ? null : document.problem,
    code: document.code,
    fix: document.fix,
    servingVersion: servingRevision !== null && servingRevision !== revision ? `v${servingRevision}` : null,
    attempt: attempt && { id: attempt.id, number: attempt.number, state: attempt.state },
  };
}

/** Returns whether to show the pause. A deployment or deletion in progress is shown instead. */
const isPaused = ({ paused, hasOpen, status }: ApplicationDocument): boolean =>
  paused && !hasOpen && status !== 'DELETING';

/** Returns whether no worker has claimed the newest attempt, so that it may be waiting for other applications. */
export const mayWait = ({ attempt, configuration, servingRevision, revision }: ApplicationDocument): boolean =>
  attempt?.state === 'QUEUED' &&
  attempt.kind === 'deploy' &&
  configuration?.rollbackOf === null &&
  servingRevision !== revision;

function messageOf(document: ApplicationDocument, awaited: readonly string[]): string | null {
  const { status, drift, message, sourceProblem, configuration } = document;
  if (isPaused(document)) return `paused; resume it: astroctl app resume ${document.name}`;
  if (awaited.length > 0) return `waiting for ${awaited.join(', ')}`;
  if (status !== 'RUNNING') return message;
  // Fields are omitted: they contain words that users search the status for.
  if (drift.length > 0) return drift.map(({ what }) => what).join('; ');
  if (sourceProblem !== null) return `changes of its source are not deployed: ${sourceProblem}`;
  return configuration?.cluster.provider === SANDBOX_PROVIDER ? SIMULATED : message;
}

function syncOf(document: ApplicationDocument): ApplicationStatusView['sync'] {
  const { status, configuration, servingRevision, revision, sync, unpinned } = document;
  if (servingRevision === null) return status === 'REQUESTED' ? 'Unknown' : 'OutOfSync';
  if (servingRevision !== revision || sync === 'OutOfSync') return 'OutOfSync';
  return configuration?.rollbackOf === null || unpinned ? 'Synced' : 'Pinned';
}
