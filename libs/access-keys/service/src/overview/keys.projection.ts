import type { Role } from '#access';
import { idOf, REMOVED, type EventFamily, type Projection } from '#kernel';
import { keyRingEvents, type KeyRingEvent } from '../key-ring.events.ts';
import { leakedKeyEvents, type LeakedKeyEvent } from '../leaks/leaked-key.events.ts';

/** Document of a key in lists. Revoked keys remain, so that people see the history. */
export interface ListedKey {
  readonly id: string;
  readonly organizationId: string;
  readonly memberId: string;
  readonly memberKind: 'person' | 'service';
  readonly name: string;
  readonly masked: string;
  readonly source: 'login' | 'cli' | 'console';
  readonly role: Role;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** Until when a rotated key works, RFC 3339; `null` if the key was not rotated. */
  readonly worksUntil: string | null;
  /** When the key was first found in a URL or reported, RFC 3339. */
  readonly leakedAt: string | null;
}

const listedEvents: EventFamily<KeyRingEvent | LeakedKeyEvent> = {
  categories: [...keyRingEvents.categories, ...leakedKeyEvents.categories],
  types: { ...keyRingEvents.types, ...leakedKeyEvents.types },
};

export const keysProjection: Projection<KeyRingEvent | LeakedKeyEvent, ListedKey> = {
  name: 'access-keys.v3',
  events: listedEvents,
  indexes: ['organizationId', 'memberId', 'createdAt'],
  documentId: ({ event }) => ('keyId' in event.data ? event.data.keyId : undefined),
  apply(key, { event, metadata }) {
    switch (event.type) {
      case 'access-key.created.v1': {
        const { keyId: id, memberId, memberKind, name, masked, source, role, expiresAt } = event.data;
        const organizationId = idOf(metadata.stream);
        return {
          id,
          organizationId,
          memberId,
          memberKind,
          name,
          masked,
          source,
          role,
          createdAt: metadata.recordedAt,
          expiresAt: expiresAt ?? null,
          revokedAt: null,
          worksUntil: null,
          leakedAt: null,
        };
      }
      case 'access-key.revoked.v1':
        return key ? { ...key, revokedAt: metadata.recordedAt } : REMOVED;
      case 'access-key.rotated.v1':
        return key ? { ...key, worksUntil: event.data.worksUntil } : REMOVED;
      case 'access-key.leaked.v1':
        return key ? { ...key, leakedAt: key.leakedAt ?? metadata.recordedAt } : REMOVED;
      case 'access-keys.limits-set.v1':
      case 'access-key.expiry-announced.v1':
        return key ?? REMOVED;
    }
  },
};
