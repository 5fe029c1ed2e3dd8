export { encodeAppend, isSameEvent } from './encode.ts';
export {
  EVENT_STORE,
  EventStoreUnavailableError,
  isCaughtUp,
  LIMITS,
  NO_STREAM,
  PositionOfOtherStoreError,
  type Appended,
  type AppendError,
  type Delivery,
  type EventStore,
  type ReadOptions,
  type SealedEvent,
  type StoredEvent,
} from './event-store.ts';
export { sealEvents, verifyStream, type UnsealedEvent } from './seal.ts';
