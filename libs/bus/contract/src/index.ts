export {
  BUS,
  refuse,
  reply,
  StreamEndedError,
  type Bus,
  type ContextOf,
  type OrganizationContext,
  type Reply,
  type ReplyTo,
  type Origin,
  type RequestContext,
} from './bus.ts';
export { expectsText, inputErrorsOf, pointer } from './input-errors.ts';
export {
  BODY_BYTES,
  DISCLOSURES,
  RAW_BODY_BYTES,
  EDGE,
  isCalledBy,
  permissionsOf,
  receiverOf,
  request,
  stream,
  type CallerInputOf,
  type Contract,
  type DownloadFormat,
  type InputOf,
  type Method,
  type OutputOf,
  type ReplyMeta,
  type RequestContract,
  type StreamContract,
} from './contract.ts';
export { flag, pageInput, pageOf, pageOutput } from './pages.ts';
export { REFUSALS, type AdminRead, type AdminReadRecorder, type Refusal, type RefusalRecorder } from './refusals.ts';
