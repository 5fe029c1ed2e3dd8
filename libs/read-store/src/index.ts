export {
  READ_STORE,
  ReadStoreUnavailableError,
  type Checkpoint,
  type CheckpointMove,
  type Collection,
  type Page,
  type Query,
  type ReadStore,
  type Scalar,
  type StoredDocument,
  type Write,
} from './read-store.ts';
