import { idOf, type Projection } from '#kernel';
import { parseNote } from '#transparency';
import { headEvents, type HeadEvent } from './head.events.ts';

/** The newest heads of an organization. */
export interface NewestHeads {
  readonly organizationId: string;
  readonly size: number;
  readonly root: string;
  readonly position: string;
  readonly note: string;
  readonly signedAt: string;
  /** Size of the newest head that was published, and when; absent if none was. */
  readonly published?: { readonly size: number; readonly at: string };
  /** When each key signed its last head, by key ID. */
  readonly signers: Readonly<Record<string, string>>;
}

/** The newest head of each organization, by the organization's ID. */
export const headsProjection: Projection<HeadEvent, NewestHeads> = {
  name: 'audit-heads.v1',
  events: headEvents,
  documentId: ({ metadata }) => idOf(metadata.stream),
  apply(document, { event, metadata }) {
    const { recordedAt } = metadata;
    switch (event.type) {
      case 'audit.head-signed.v1': {
        const { keys: _, ...head } = event.data;
        const keyId = parseNote(head.note)?.signatures[0]?.keyId;
        const signers = { ...document?.signers, ...(keyId !== undefined && { [keyId]: recordedAt }) };
        const published = document?.published;
        const organizationId = idOf(metadata.stream);
        return { organizationId, ...head, signedAt: recordedAt, signers, ...(published && { published }) };
      }
      case 'audit.head-published.v1':
        if (document === undefined) throw new Error('a head is published after it was signed');
        return { ...document, published: { size: event.data.size, at: recordedAt } };
    }
  },
};
