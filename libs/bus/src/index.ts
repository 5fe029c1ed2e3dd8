export {
  BUS,
  MESSAGE_BYTES,
  refuse,
  reply,
  StreamEndedError,
  type Bus,
  type Reply,
  type RequestContext,
} from './bus.ts';
export { BusModule } from './bus.module.ts';
export {
  CallerKeyring,
  loadOrCreateCallerKeys,
  parseCallerKeys,
  type CallerKey,
  type CallerKeys,
  type CallerKind,
} from './caller-keys.ts';
export {
  CALLER_HEADER,
  CALLER_VALID_MS,
  CLOCK_SKEW_MS,
  signCaller,
  verifyCaller,
  type CallerClaims,
} from './caller-token.ts';
export { checkServedContracts, receiversOf } from './check-served.ts';
export { createBus, type BusOptions } from './client.ts';
export { connectBus } from './connect-bus.ts';
export { busErrors, INTERNAL_CODE, isDomainError, DomainErrorException } from './errors.ts';
export {
  REFUSALS,
  RequestGuard,
  type AuthorizedRequest,
  type RequestGuardOptions,
  type Refusal,
  type RefusalRecorder,
} from './request-guard.ts';
export { parseInput, strictly } from './input.ts';
export { Caller, Cancelled, described, REQUEST_GUARD, Input, Serves } from './serves.ts';
export {
  decodeBody,
  encodeAnswer,
  OutgoingMessage,
  singleAnswer,
  sizeError,
  type AnswerPacket,
  type BusTransport,
  type MessageContext,
} from './transport.ts';
