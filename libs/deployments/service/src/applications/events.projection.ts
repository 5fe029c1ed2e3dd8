import { REMOVED, type Projection } from '#kernel';
import { deploymentFamily, type DeploymentFact } from './application-document.ts';
import { eventLine, type EventLine } from './event-line.ts';

/** Read model of `app events`. One document per event that is shown. Ids sort by application, then by position. */
export const eventLinesProjection: Projection<DeploymentFact, EventLine> = {
  name: 'deployments-events.v7',
  events: deploymentFamily,
  indexes: ['applicationId', 'position'],
  documentId: (recorded) => {
    const line = eventLine(recorded);
    return line && `${line.applicationId}/${recorded.metadata.position}`;
  },
  apply: (document, recorded) => document ?? eventLine(recorded) ?? REMOVED,
};
