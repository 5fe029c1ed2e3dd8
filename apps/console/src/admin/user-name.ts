import type { OutputOf } from '#bus/contract';
import type { listUsersRequest } from '#identity/contract';

/** A user as global admins see them. */
export type User = OutputOf<typeof listUsersRequest>['items'][number];

/** Returns what a user is called. */
export const nameOf = ({ email, id, state }: User): string => email ?? (state === 'ERASED' ? 'erased user' : id);
