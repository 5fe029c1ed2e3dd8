export { COMMANDS, type CommandRunner, type Committed } from './command-runner.ts';
export { createCommandRunner } from './create-command-runner.ts';
export { createAccess } from './create-access.ts';
export { createEventSourcing, type EventSourcing } from './create-event-sourcing.ts';
export { DIRECTORY_RECORDS } from './directory-segments.ts';
export { EventReader, isHalt } from './event-reader.ts';
export { requestLeader } from './leader-requests.ts';
export { reactionContext } from './reaction.ts';
export { LOG_FEED, type LogBatch, type LogFeed } from './log-feed.ts';
export {
  PROJECTION_CONTROL,
  READ_MODELS,
  type ProjectionControl,
  type ProjectionStatus,
  type ReadModels,
} from './read-models.ts';
export { projectionErrors } from './projection-control.ts';
export { replayDocuments, replayed } from './replay-documents.ts';
export { haltRefusal, runnerErrors } from './runner-errors.ts';
export type { Reactor, Sweep } from './service.ts';
export { finishOrUndo, ownerFirst, Resumption, type TwoStreams } from './two-streams.ts';
