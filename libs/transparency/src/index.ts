export { eventHash } from './event-hash.ts';
export {
  consistencyRanges,
  GrowingTree,
  inclusionRanges,
  isConsistent,
  isIncluded,
  isSame,
  leafHash,
  nodeHash,
  rangeHash,
  subtreesOf,
  type Hash,
  type Range,
} from './merkle.ts';
export {
  checkpointText,
  formatVerifierKey,
  isSignedBy,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  publicKeyOf,
  signNote,
  verifierKey,
  type Checkpoint,
  type VerifierKey,
} from './note.ts';
