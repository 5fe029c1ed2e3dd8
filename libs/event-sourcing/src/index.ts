export { COMMANDS, type CommandRunner, type Committed, type RunnerError, type RunOptions } from './command-runner.ts';
export { createCommandRunner, type CommandRunnerOptions } from './create-command-runner.ts';
export { createEventSourcing, type EventSourcing, type EventSourcingOptions } from './create-event-sourcing.ts';
export { createReadModels, type ReadModelsOptions } from './create-read-models.ts';
export { followDirectory, type DirectoryFollower, type FollowDirectoryOptions } from './follow-directory.ts';
export { createLogFeed, LOG_FEED, type LogBatch, type LogFeed } from './log-feed.ts';
export {
  PROJECTION_CONTROL,
  READ_MODELS,
  type ProjectionControl,
  type ProjectionStatus,
  type ReadModels,
} from './read-models.ts';
export type { ContextService, Reactor, Sweep } from './service.ts';
export { createProjections, type ProjectionsOptions, type RunningProjections } from './start-projections.ts';
export { startReactors, type ReactorsOptions } from './start-reactors.ts';
export { startSweeps, type SweepsOptions } from './start-sweeps.ts';
