import { ACCESS, type AccessSource, type Directory } from '#access';
import { plansOf } from '#billing/contract';
import { BUS, type Bus, type OrganizationContext } from '#bus';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { readerErrors } from './log-readers.errors.ts';
import { exportsByAnyPlan, readsWholeLog, type LogReader } from './log-readers.ts';

/** Decides by the current directory who reads which part of the audit log. */
@Injectable()
export class LogReaders {
  constructor(
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Returns whether a caller may read the actions of everybody, not only their own. */
  readsWholeLog(reader: LogReader): Promise<Result<boolean, DomainError>> {
    return this.decide(reader, readsWholeLog);
  }

  /** Returns `audit/whole-log-only` for a caller who may read only their own actions. */
  async checkWholeLog(reader: LogReader): Promise<Result<undefined, DomainError>> {
    const isReader = await this.readsWholeLog(reader);
    if (!isReader.ok) return isReader;
    return isReader.value ? ok(undefined) : err(readerErrors.wholeLogOnly());
  }

  /**
   * Returns `audit/whole-log-only`, or `audit/export-not-permitted` for a caller who may read the whole log, but not
   * export it with the plan of the organization. Without a response of billing, the rule of the default plan applies.
   */
  async checkExport(context: OrganizationContext): Promise<Result<undefined, DomainError>> {
    const whole = await this.checkWholeLog(context);
    if (!whole.ok) return whole;
    const byAnyPlan = await this.decide(context, exportsByAnyPlan);
    if (!byAnyPlan.ok) return byAnyPlan;
    if (byAnyPlan.value) return ok(undefined);
    const { organizationId } = context;
    const plan = (await plansOf(this.bus, [organizationId], context)).get(organizationId);
    return (plan?.auditExport ?? 'owner') === 'owner' ? err(readerErrors.exportNotPermitted()) : ok(undefined);
  }

  private async decide(
    reader: LogReader,
    rule: (reader: LogReader, directory: Directory, nowMs: number) => boolean,
  ): Promise<Result<boolean, DomainError>> {
    const directory = await this.access.current();
    return directory.ok ? ok(rule(reader, directory.value, this.clock.now())) : directory;
  }
}
