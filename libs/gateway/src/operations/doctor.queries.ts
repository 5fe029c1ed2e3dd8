import { Caller, Input, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import { CLOCK, VERSION, type Clock } from '#kernel';
import { doctorRequest } from '#operations/contract';
import type { InputOf } from '#bus/contract';
import { Controller, Inject } from '@nestjs/common';
import { reportOf } from './doctor-report.ts';
import { ServiceStates } from './service-states.service.ts';

/** Checks the platform. */
@Controller()
export class DoctorQueries {
  constructor(
    @Inject(ServiceStates) private readonly services: ServiceStates,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(doctorRequest)
  async check(
    @Input() _input: InputOf<typeof doctorRequest>,
    @Caller() context: ContextOf<typeof doctorRequest>,
  ): Promise<ReplyTo<typeof doctorRequest>> {
    const answers = await this.services.all(context, { checks: true });
    return reply(reportOf(answers, { version: VERSION, nowMs: this.clock.now() }));
  }
}
