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
  /** Bounds how long the directory of rights takes to be read at start. */
  readonly vault?: Vault;
  /** What this process is, without a slash. Several of one name may share the stores: each leads under an id of its own. */
  readonly name?: string;
  /**
   * No other process of this name lives: the lock on the folder of the read store proves it. It then leads at once
   * after a restart, instead of waiting until the leases of the one before have run out. Left out: it waits.
   */
  readonly isAlone?: boolean;
}

/** Everything that one process does with the log: one live subscription, shared by all that follow. */
export interface EventSourcing {
  readonly commands: CommandRunner;
  readonly readModels: ReadModels;
  readonly control: ProjectionControl;
  readonly access: AccessSource;
  /** The log as it grows, for streams of events to people. */
  readonly feed: LogFeed;
  /** What is wrong with the log, a sentence each: such a process is not ready. */
  problems(): readonly string[];
  /** Begins to build projections; settles when they have begun, not when they are level (`control.settled`). */
  // A list of projections of any event and document type, as in ContextService.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  projections(list: readonly Projection<any, any>[]): Promise<void>;
  reactors(list: readonly Reactor[]): void;
  /** The first run of each waits until the projections begun before are level with the log of now. */
  sweeps(list: readonly Sweep[]): void;
  /** Stops all followers, gives up leases, stores checkpoints. The stores stay open: they are their opener's. */
  close(): Promise<void>;
}

/** Puts the parts together; the composition root gives each its token. */
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
      const whenLevel = async () => projections.control.settled(await eventStore.head());
      running.push(startSweeps(list, { readStore, clock, log, owner, whenLevel }));
    },
    async close() {
      await Promise.all(running.map((part) => part.close()));
      await Promise.all([projections.close(), directory.close()]);
      await feed.close();
    },
  };
}
