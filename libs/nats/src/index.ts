export { natsAuthorization, type NatsUser } from './authorization.ts';
export { connectOptions, isSupported, NatsSetupError, setupErrorOf, type NatsAddress } from './connect-options.ts';
export { natsPermissions } from './permissions.ts';
export {
  controlSubject,
  controlSubjects,
  isReplySubject,
  queueNames,
  streamSubject,
  type QueueNames,
} from './subjects.ts';
export { createUserSeed, publicKeyOfSeed } from './user-seed.ts';
