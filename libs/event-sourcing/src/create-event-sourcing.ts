import type { AccessSource } from '#access';
import type { EventStore } from '#event-store';
import type { Clock, Ids, Logger, Projection } from '#kernel';
import type { ReadStore } from '#read-store';
import type { Vault } from '#vault';
import type { CommandRunner } from './command-runner.ts';
import { createCommandRunner } from './create-command-runner.ts';
import { createReadModels } from './create-read-models.ts';
import { followDirectory } from './follow-directory.ts';
import { createLogFeed, type LogFeed } from './log-feed.ts';
import { LogHealth } from './log-health.ts';
import type { ProjectionControl, ReadModels } from './read-models.ts';
import type { Reactor, Sweep } from './service.ts';
import { createProjections } from './start-projections.ts';
import { startReactors } from './start-reactors.ts';
import { startSweeps } from './start-sweeps.ts';

export interface EventSourcingOptions {
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Shortens the time to read the directory of rights at startup. */
  readonly vault?: Vault;
  /**
   * Name of this process, without a slash. Processes with the same name may share the stores; each has its own lease
   * owner ID.
   */
  readonly name?: string;
  /**
   * Whether no other process with this name is running, which the lock on the read store's folder guarantees. The
   * process then takes over the leases immediately after a restart, instead of waiting until they expire. Default:
   * false.
   */
  readonly isAlone?: boolean;
}

/** Access of one process to the log, with a single live subscription shared by all followers. */
export interface EventSourcing {
  readonly commands: CommandRunner;
  readonly readModels: ReadModels;
  readonly control: ProjectionControl;
  readonly access: AccessSource;
  /** The log as it grows, for streams of events to people. */
  readonly feed: LogFeed;
  /** Returns the problems of the log, a sentence each. A process with problems is not ready. */
  problems(): readonly string[];
  /** Starts to build projections. Resolves when they have started, not when they have caught up (`control.settled`). */
  // A list of projections of any event and document type, as in ContextService.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  projections(list: readonly Projection<any, any>[]): Promise<void>;
  reactors(list: readonly Reactor[]): void;
  /**
   * Starts sweeps. The first run of each waits until the projections started before have caught up with the current
   * head.
   */
  sweeps(list: readonly Sweep[]): void;
  /** Stops all followers, releases leases, and stores checkpoints. Does not close the stores. */
  close(): Promise<void>;
}

/** Creates the parts. The composition root provides each with its token. */
export function createEventSourcing(options: EventSourcingOptions): EventSourcing {
  const { eventStore, readStore, clock, ids, log, vault, name = 'process', isAlone = false } = options;
  const owner = `${name}/${ids.uuid()}`;
  const health = new LogHealth(log);
  const feed = createLogFeed({ eventStore, clock, log, health });
  const projections = createProjections({ feed, eventStore, readStore, clock, ids, log, health, owner });
  const directory = followDirectory({ feed, eventStore, clock, log, health, ...(vault && { vault }) });
  const running: { close(): Promise<void> }[] = [];

  return {
    commands: createCommandRunner({ eventStore, clock, ids, log, health }),
    readModels: createReadModels({ eventStore, readStore, clock, projections }),
    control: projections.control,
    access: directory,
    feed,
    problems: () => health.problems(),
    async projections(list) {
      if (isAlone) await readStore.releaseEarlier(owner);
      return projections.start(list);
    },
    reactors(list) {
      running.push(startReactors(list, { feed, readStore, clock, log, health, owner }));
    },
    sweeps(list) {
      const whenLevel = async () => projections.control.waitUntilApplied(await eventStore.head());
      running.push(startSweeps(list, { readStore, clock, log, owner, whenLevel }));
    },
    async close() {
      await Promise.all(running.map((part) => part.close()));
      await Promise.all([projections.close(), directory.close()]);
      await feed.close();
    },
  };
}
