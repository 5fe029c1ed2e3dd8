import type { Projection } from '#kernel';
import { egressEvents, type EgressEvent } from './egress.decider.ts';

export interface EgressDocument {
  readonly entries: readonly { readonly entry: string; readonly by: string; readonly since: string }[];
}

/** Read model of `admin egress list`: entries with author and time. There is one document. */
export const egressProjection: Projection<EgressEvent, EgressDocument> = {
  name: 'deployments-egress.v1',
  events: egressEvents,
  documentId: ({ metadata: { stream } }) => stream,
  apply(document = { entries: [] }, { event: { type, data }, metadata }) {
    const entries = document.entries.filter(({ entry }) => entry !== data.entry);
    switch (type) {
      case 'egress.allowed.v1':
        return { entries: [...entries, { entry: data.entry, by: metadata.actor, since: metadata.recordedAt }] };
      case 'egress.denied.v1':
        return { entries };
    }
  },
};
