export { userEvents, type UserEvent } from '#access';

export const userStream = (userId: string): string => `user-${userId}`;

/** The user whom a stream is about. */
export const userIdOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
