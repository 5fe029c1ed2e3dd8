import type { AttemptState } from '#deployments/contract';
import { REMOVED, type Projection } from '#kernel';
import type { RecordRef } from '../catalog/beginnings.ts';
import { applicationEvents, type ApplicationEvent } from './application.events.ts';

/** One revision of an application, for its history. */
export interface RevisionDocument {
  readonly applicationId: string;
  readonly revision: number;
  readonly state: AttemptState | 'CONFIGURED';
  readonly succeeded: boolean;
  readonly source: string;
  readonly by: string;
  readonly when: string;
  readonly rollbackOf: number | null;
  readonly message?: string;
  readonly summary: readonly string[];
  readonly manifest: RecordRef;
  readonly resolved: RecordRef;
}

/** Ids sort in the order of revisions. */
export const revisionId = (applicationId: string, revision: number): string =>
  `${applicationId}/${String(revision).padStart(8, '0')}`;

/** Read model of `app history`. One document per revision, kept after the application is deleted. */
export const revisionsProjection: Projection<ApplicationEvent, RevisionDocument> = {
  name: 'deployments-revisions.v2',
  events: applicationEvents,
  indexes: ['applicationId'],
  documentId: ({ event, metadata }) =>
    'revision' in event.data
      ? revisionId(metadata.stream.slice('application-'.length), event.data.revision)
      : undefined,
  apply(document, { event, metadata }) {
    if (event.type === 'application.configured.v1') {
      const { revision, source, by, rollbackOf, message, summary, manifest, resolved } = event.data;
      const applicationId = metadata.stream.slice('application-'.length);
      return {
        applicationId,
        revision,
        state: 'CONFIGURED',
        succeeded: false,
        source: `${source.type} ${source.ref}`,
        by,
        when: metadata.recordedAt,
        rollbackOf,
        ...(message !== undefined && { message }),
        summary,
        manifest,
        resolved,
      };
    }
    if (!document) return REMOVED;
    switch (event.type) {
      case 'deployment.requested.v1':
        return event.data.kind === 'deploy' ? { ...document, state: 'QUEUED' } : document;
      case 'deployment.succeeded.v1':
        return document.state === 'SUCCEEDED' ? document : { ...document, state: 'SUCCEEDED', succeeded: true };
      case 'deployment.failed.v1':
        return document.state === 'QUEUED' ? { ...document, state: 'FAILED' } : document;
      case 'deployment.superseded.v1':
        return document.state === 'QUEUED' ? { ...document, state: 'SUPERSEDED' } : document;
      case 'deployment.abandoned.v1':
        return document.state === 'QUEUED' ? { ...document, state: 'ABANDONED' } : document;
      default:
        return document;
    }
  },
};
