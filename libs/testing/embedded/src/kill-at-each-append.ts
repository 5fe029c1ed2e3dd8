import { createCommandRunner, type CommandRunner, type Reactor } from '#event-sourcing';
import { silentLogger } from '#kernel';
import type { Embedded } from './open-embedded.ts';

class Killed extends Error {}

/** A command to interrupt, and the checks of its resumption. */
export interface KilledCommand {
  /** Runs the command in a new process. `round` numbers the processes, so that each can use its own names. */
  attempt(commands: CommandRunner, round: number): Promise<unknown>;
  /** Returns the reactor that completes the command in the next process. It receives all events of the round. */
  resumption(commands: CommandRunner): Reactor;
  /** Checks the state after the resumption. @param died index of the append before which the process was killed */
  check(round: number, died: number | undefined): Promise<void>;
}

/**
 * Runs a command over several streams repeatedly: in a process that is killed before its first append, before its
 * second, and so on, until it completes. Each time, another process resumes it.
 * @returns the number of appends of the complete command
 */
export async function killAtEachAppend(embedded: Embedded, command: KilledCommand): Promise<number> {
  const { eventStore, clock, ids } = embedded;
  for (let last = 0; ; last++) {
    const before = await eventStore.head();
    let appends = 0;
    const mortal = {
      ...eventStore,
      async append(...args: Parameters<typeof eventStore.append>) {
        if (appends === last) throw new Killed();
        appends++;
        return eventStore.append(...args);
      },
    };
    const isDead = await command
      .attempt(createCommandRunner({ eventStore: mortal, clock, ids, log: silentLogger }), last)
      .then(
        () => false,
        (error: unknown) => {
          if (error instanceof Killed) return true;
          throw error;
        },
      );
    const resumption = command.resumption(createCommandRunner({ eventStore, clock, ids, log: silentLogger }));
    const types: readonly string[] = resumption.types;
    // The events of the resumption are included, as in a process that follows the log.
    for await (const stored of eventStore.readAll({ after: before })) {
      if (types.includes(stored.type))
        await resumption.react({ event: { type: stored.type, data: stored.data }, metadata: stored });
    }
    await command.check(last, isDead ? last : undefined);
    if (!isDead) return appends;
  }
}
