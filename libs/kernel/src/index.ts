export { assertNever, err, ok, type Result } from './result.ts';
export {
  domainError,
  ERROR_KINDS,
  UnavailableError,
  type DomainError,
  type ErrorKind,
  type InputError,
  type UnavailableOptions,
} from './errors.ts';
export { canonicalJson, type Json, type JsonObject } from './json.ts';
export type { Ids } from './ids.ts';
export { backOffMs, chance } from './back-off.ts';
export { abortAfter, pause, withTimeout, type Clock, type Timer } from './clock.ts';
export { formatSeconds, parseInstant } from './instant.ts';
export { keptPosition, otherStore, parsePosition, position, sequenceOf, storeOf, type Position } from './position.ts';
export {
  categoryOf,
  EVERY_CATEGORY,
  EVERY_EVENT,
  idOf,
  REMOVED,
  type Actor,
  type Authorization,
  type CommandContext,
  type Decider,
  type EventFamily,
  type EventMetadata,
  type Fact,
  type Projection,
  type Recorded,
} from './decider.ts';
export { CLOCK, IDS, LOGGER, silentLogger, type Logger } from './logger.ts';
export { nearestName } from './nearest-name.ts';
export { oneAtATime } from './one-at-a-time.ts';
export { VERSION } from './version.ts';
