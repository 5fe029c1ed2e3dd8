import { REMOVED, type EventFamily, type Projection } from '#kernel';
import type { ProfileContent } from '../catalog/beginnings.ts';
import { catalogEvents, type CatalogEvent } from '../catalog/catalog.events.ts';
import { profileEvents, type ProfileEvent } from './profile.events.ts';

type ProfileFact = CatalogEvent | ProfileEvent;

const family: EventFamily<ProfileFact> = {
  categories: [...catalogEvents.categories, ...profileEvents.categories],
  types: { ...catalogEvents.types, ...profileEvents.types },
};

/** Read model of one profile. */
export interface ProfileDocument {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly createdAt: string;
  readonly content: ProfileContent | null;
  readonly revision: number;
  /** First content of the profile, until its own stream begins. */
  readonly intent: ProfileContent | null;
}

/** Read model of `app profile get`. One document per existing profile. */
export const profilesProjection: Projection<ProfileFact, ProfileDocument> = {
  name: 'deployments-profiles.v2',
  events: family,
  indexes: ['organizationId', 'name'],
  documentId: ({ event, metadata }) => {
    if ('kind' in event.data) return event.data.kind === 'profile' ? event.data.id : undefined;
    return metadata.stream.startsWith('profile-') ? metadata.stream.slice('profile-'.length) : undefined;
  },
  apply(document, { event, metadata }) {
    if (event.type === 'catalog.name-claimed.v1') {
      if (event.data.kind !== 'profile') return document ?? REMOVED;
      const { id, name, intent } = event.data;
      return {
        id,
        organizationId: metadata.stream.slice('catalog-'.length),
        name,
        createdAt: metadata.recordedAt,
        content: null,
        revision: 0,
        intent,
      };
    }
    if (!document) return REMOVED;
    switch (event.type) {
      case 'catalog.name-released.v1':
        return REMOVED;
      case 'profile.created.v1':
        return { ...document, content: event.data, revision: 1, intent: null };
      case 'profile.changed.v1': {
        const { revision, ...content } = event.data;
        return { ...document, content, revision };
      }
      case 'profile.deleted.v1':
      case 'catalog.name-retiring.v1':
      case 'catalog.name-prepared.v1':
      case 'catalog.reference-changed.v1':
      case 'catalog.deployment-counted.v1':
      case 'catalog.limits-set.v1':
        return document;
    }
  },
};
