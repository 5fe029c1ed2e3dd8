import type { DirectoryFact } from '#access';
import type { EventFamily } from '#kernel';

/** Everything that can happen to a user. Stream: `user-<user id>`. Who the person is stands in the vault. */
export type UserEvent = Extract<DirectoryFact, { readonly type: `user.${string}` }>;

export const userEvents: EventFamily<UserEvent> = {
  categories: ['user'],
  types: { 'user.registered.v1': true, 'user.global-role-set.v1': true, 'user.erased.v1': true },
};

export const userStream = (userId: string): string => `user-${userId}`;

/** The user whom a stream is about. */
export const userIdOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
