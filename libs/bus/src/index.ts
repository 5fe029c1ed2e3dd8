export { checkAccess } from './check-access.ts';
export {
  BUS,
  REFUSALS,
  refuse,
  reply,
  StreamEndedError,
  type Bus,
  type ContextOf,
  type OrganizationContext,
  type Origin,
  type Refusal,
  type RefusalRecorder,
  type Reply,
  type ReplyTo,
  type RequestContext,
} from '#bus/contract';
export { BusModule } from './bus.module.ts';
export {
  callerKeyNames,
  CallerKeyring,
  deriveCallerKeys,
  loadCallerKeys,
  loadOrCreateCallerKeys,
  parseCallerKeys,
  type CallerKeys,
} from './caller-keys.ts';
export { CALLER_HEADER, signCaller, verifyCaller } from './caller-token.ts';
export { createBus, type BusObserver } from './client.ts';
export { commandNameOf, readIdOf } from './command-id.ts';
export { connectBus } from './connect-bus.ts';
export { busErrors, INTERNAL_CODE, isDomainError, DomainErrorException, orThrow } from './errors.ts';
export { RequestGuard, type RequestGuardOptions } from './request-guard.ts';
export { Caller, Cancelled, described, REQUEST_GUARD, Input, Serves, singleReply as singleAnswer } from './serves.ts';
export {
  decodeBody,
  encodeReply as encodeAnswer,
  MESSAGE_BYTES,
  OutgoingMessage,
  type ReplyPacket as AnswerPacket,
  type BusTransport,
  type MessageCaller,
  type MessageContext,
} from './transport.ts';
