import type { AccessSource } from '#access';
import type { EventStore } from '#event-store';
import type { Clock, Logger } from '#kernel';
import type { Vault } from '#vault';
import { followDirectory } from './follow-directory.ts';
import { createLogFeed } from './log-feed.ts';
import { LogHealth } from './log-health.ts';

export interface FollowedAccess {
  readonly access: AccessSource;
  /** What is wrong with the log, a sentence each: such a process is not ready. */
  problems(): readonly string[];
  close(): Promise<void>;
}

/** The directory of rights alone, for a process that follows the log and keeps no read models: a gateway. */
export function createAccess(options: {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bounds how long the directory takes to be read at start. */
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
