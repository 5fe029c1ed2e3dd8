import type { Role } from '#access';
import { idOf, REMOVED, type Projection } from '#kernel';
import { keyRingEvents, type KeyRingEvent } from '../key-ring.events.ts';

/** Answers the lists of keys. One document per key; revoked ones stay, so that people see what was. */
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
}

export const keysProjection: Projection<KeyRingEvent, ListedKey> = {
  name: 'access-keys.v1',
  events: keyRingEvents,
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
        };
      }
      case 'access-key.revoked.v1':
        return key ? { ...key, revokedAt: metadata.recordedAt } : REMOVED;
      case 'access-keys.limits-set.v1':
        return key ?? REMOVED;
    }
  },
};
