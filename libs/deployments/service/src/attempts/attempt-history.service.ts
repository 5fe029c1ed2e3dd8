import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { Application, Attempt } from '../applications/application.ts';
import { attemptDecider, attemptStream } from './attempt.decider.ts';
import type { AttemptWork } from './attempt.ts';

export interface AttemptRecord {
  readonly attempt: Attempt;
  readonly work: AttemptWork;
}

/** What workers have done on the attempts of an application. */
@Injectable()
export class AttemptHistory {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those that may matter still, oldest first. */
  async of({ attempts }: Application): Promise<Result<readonly AttemptRecord[], DomainError>> {
    const works: AttemptRecord[] = [];
    for (const attempt of attempts) {
      const loaded = await this.commands.load(attemptDecider, attemptStream(attempt.id));
      if (!loaded.ok) return loaded;
      works.push({ attempt, work: loaded.value.state });
    }
    return ok(works);
  }

  /** Ids of open attempts that a worker holds at this moment. */
  async running(application: Application): Promise<Result<readonly string[], DomainError>> {
    const works = await this.of({
      ...application,
      attempts: application.attempts.filter(({ state }) => state === 'open'),
    });
    if (!works.ok) return works;
    return ok(works.value.filter(({ work }) => this.isHeld(work)).map(({ attempt }) => attempt.id));
  }

  isHeld({ status, claim }: AttemptWork): boolean {
    return status === 'claimed' && claim !== undefined && this.clock.now() < claim.leaseUntilMs;
  }
}
