import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { countObjects } from '#kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import { attemptDecider, attemptStream } from './attempt.decider.ts';
import type { Attempt, AttemptRecord, AttemptProgress } from './attempt.ts';

/** Reads the progress of attempts. */
@Injectable()
export class AttemptHistory {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Returns records in the order of the attempts. */
  async of(attempts: readonly Attempt[]): Promise<Result<readonly AttemptRecord[], DomainError>> {
    const records: AttemptRecord[] = [];
    for (const attempt of attempts) {
      const loaded = await this.commands.load(attemptDecider, attemptStream(attempt.id));
      if (!loaded.ok) return loaded;
      records.push({ attempt, progress: loaded.value.state });
    }
    return ok(records);
  }

  /** Returns the ids of open attempts that a worker has claimed. */
  async running(attempts: readonly Attempt[]): Promise<Result<readonly string[], DomainError>> {
    const records = await this.of(attempts.filter(({ state }) => state === 'open'));
    if (!records.ok) return records;
    return ok(records.value.filter(({ progress }) => this.isHeld(progress)).map(({ attempt }) => attempt.id));
  }

  isHeld({ status, claim }: AttemptProgress): boolean {
    return status === 'claimed' && claim !== undefined && this.clock.now() < claim.leaseUntilMs;
  }
}

/** Returns the objects that were deployed last, including those that did not become healthy. Undefined if none were. */
export const deployedPlanOf = (records: readonly AttemptRecord[]): AttemptProgress['plan'] =>
  records.findLast(({ attempt, progress }) => attempt.kind === 'deploy' && progress.plan)?.progress.plan;

/** Returns the number of objects that the last successful deployment left, without Jobs; undefined if none succeeded. */
export function deployedObjectsOf(records: readonly AttemptRecord[]): number | undefined {
  const succeeded = records.find(({ attempt: { kind, state } }) => kind === 'deploy' && state === 'succeeded');
  return succeeded && countObjects(succeeded.progress.inventory);
}
