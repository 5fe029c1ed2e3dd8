export { expectsText, inputErrorsOf, pointer } from './input-errors.ts';
export {
  BODY_BYTES,
  request,
  stream,
  type CallerInputOf,
  type Contract,
  type InputOf,
  type Method,
  type OutputOf,
  type ReplyMeta,
  type RequestContract,
  type StreamContract,
} from './contract.ts';
