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
  type CaughtUp,
  type Delivery,
  type EventStore,
  type ReadOptions,
  type RevisionConflict,
  type SealedEvent,
  type StoredEvent,
} from './event-store.ts';
export { hashOf, sealEvents, verifyStream, type BrokenChain, type ChainLink, type UnsealedEvent } from './seal.ts';
