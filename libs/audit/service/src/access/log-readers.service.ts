import { ACCESS, type AccessSource, type Directory } from '#access';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { exportsByAnyPlan, readsWholeLog, type LogReader } from './log-readers.ts';

/** Decides by the current directory who reads which part of the audit log. */
@Injectable()
export class LogReaders {
  constructor(
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Returns whether a caller may read the actions of everybody, not only their own. */
  readsWholeLog(reader: LogReader): Promise<Result<boolean, DomainError>> {
    return this.decide(reader, readsWholeLog);
  }

  /** Returns whether a caller may export the audit log whatever the plan of the organization. */
  exportsByAnyPlan(reader: LogReader): Promise<Result<boolean, DomainError>> {
    return this.decide(reader, exportsByAnyPlan);
  }

  private async decide(
    reader: LogReader,
    rule: (reader: LogReader, directory: Directory, nowMs: number) => boolean,
  ): Promise<Result<boolean, DomainError>> {
    const directory = await this.access.current();
    return directory.ok ? ok(rule(reader, directory.value, this.clock.now())) : directory;
  }
}
