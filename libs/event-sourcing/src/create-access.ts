import type { AccessSource } from '#access';
import type { EventStore } from '#event-store';
import type { Clock, Logger } from '#kernel';
import type { Vault } from '#vault';
import { followDirectory } from './follow-directory.ts';
import { createLogFeed } from './log-feed.ts';
import { LogHealth } from './log-health.ts';

export interface FollowedAccess {
  readonly access: AccessSource;
  /** Returns the problems of the log, a sentence each. A process with problems is not ready. */
  problems(): readonly string[];
  close(): Promise<void>;
}

/**
 * Creates only the directory of rights, for a process that follows the log but has no read models, such as a gateway.
 */
export function createAccess(options: {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Shortens the time to read the directory at startup. */
  readonly vault?: Vault;
}): FollowedAccess {
  const health = new LogHealth(options.log);
  const feed = createLogFeed({ ...options, health });
  const directory = followDirectory({ ...options, feed, health });
  return {
    access: directory,
    problems: () => health.problems(),
    async close() {
      await directory.close();
      await feed.close();
    },
  };
}
