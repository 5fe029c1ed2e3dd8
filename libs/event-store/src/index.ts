export { brokenBehind, ChainBrokenError, ChainCheck, type ChainFaults } from './chain-check.ts';
export { checkedLog, readChecked, verifyLog, type CheckedEvents } from './checked-log.ts';
export { encodeAppend, isSameEvent } from './encode.ts';
export {
  EVENT_STORE,
  EventStoreUnavailableError,
  isCaughtUp,
  LIMITS,
  NO_STREAM,
  PositionOfOtherStoreError,
  sealedMembers,
  type Appended,
  type AppendError,
  type Delivery,
  type EventStore,
  type ReadOptions,
  type SealedEvent,
  type StoredEvent,
  unreadableEvent,
} from './event-store.ts';
export { faultBehind, sealEvents, verifyStream, type ChainLink, type UnsealedEvent } from './seal.ts';
