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
export {
  checkCollectionName,
  checkComparable,
  checkDeclared,
  checkPath,
  checkWrites,
  cursorAfter,
  limitOf,
  readCursor,
  type Place,
} from './checks.ts';
