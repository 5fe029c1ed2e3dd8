export { userEvents, type UserEvent } from '#access';

export const userStream = (userId: string): string => `user-${userId}`;
