export {
  BUS,
  MESSAGE_BYTES,
  refuse,
  reply,
  StreamRefusedError,
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
export { busErrors, INTERNAL_CODE, isDomainError, RefusedError } from './errors.ts';
export { REFUSALS, RequestGate, type Admitted, type GateOptions, type Refusal, type RefusalRecorder } from './gate.ts';
export { parseInput, strictly } from './input.ts';
export { Caller, Cancelled, described, GATE, Input, Serves } from './serves.ts';
export {
  decodeBody,
  encodeAnswer,
  OutgoingMessage,
  singleAnswer,
  sizeRefusal,
  type Answer,
  type BusTransport,
  type MessageContext,
} from './transport.ts';
