import type { GlobalRole } from '#access';
import { idOf, REMOVED, type Projection } from '#kernel';
import { userEvents, type UserEvent } from '../users/user.events.ts';

/** Document of a user in `GET /v1/users`. Names and addresses are added when it is read. */
export interface UserDocument {
  readonly globalRole: GlobalRole;
  readonly state: 'ACTIVE' | 'SUSPENDED' | 'ERASED';
  readonly registeredAt: string;
}

export const usersProjection: Projection<UserEvent, UserDocument> = {
  name: 'users.v2',
  events: userEvents,
  indexes: ['registeredAt'],
  documentId: ({ metadata }) => idOf(metadata.stream),
  apply(user, { event, metadata }) {
    switch (event.type) {
      case 'user.registered.v1':
        return { globalRole: event.data.globalRole, state: 'ACTIVE', registeredAt: metadata.recordedAt };
      case 'user.global-role-set.v1':
        return user ? { ...user, globalRole: event.data.globalRole } : REMOVED;
      case 'user.suspended.v1':
        return user ? { ...user, state: 'SUSPENDED' } : REMOVED;
      case 'user.restored.v1':
        return user ? { ...user, state: 'ACTIVE' } : REMOVED;
      case 'user.erased.v1':
        return user ? { ...user, globalRole: 'developer', state: 'ERASED' } : REMOVED;
    }
  },
};
