export { COMMANDS, type CommandRunner, type Committed } from './command-runner.ts';
export { createCommandRunner } from './create-command-runner.ts';
export { createAccess } from './create-access.ts';
export { createEventSourcing, type EventSourcing } from './create-event-sourcing.ts';
export { EventReader, isHalt } from './event-reader.ts';
export { LOG_FEED, type LogFeed } from './log-feed.ts';
export { PROJECTION_CONTROL, READ_MODELS, type ProjectionControl, type ReadModels } from './read-models.ts';
export { haltRefusal } from './runner-errors.ts';
export type { Reactor, Sweep } from './service.ts';
