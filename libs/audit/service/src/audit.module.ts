import { Module } from '@nestjs/common';
import { AccessAnswers } from './access/access-answers.service.ts';
import { AccessHistory } from './access/access-history.service.ts';
import { AccessQueries } from './access/access.queries.ts';
import { PolicySweep } from './policy/policy.sweep.ts';
import { RefusalsHandlers } from './refusals/refusals.handlers.ts';
import { ReplayQueries } from './replay/replay.queries.ts';

/** All slices of the context. The process provides the tokens that they inject (`#runtime`). */
@Module({
  controllers: [AccessQueries, RefusalsHandlers, ReplayQueries],
  providers: [AccessAnswers, AccessHistory, PolicySweep],
})
export class AuditModule {}
