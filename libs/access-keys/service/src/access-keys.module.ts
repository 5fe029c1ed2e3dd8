import { Module } from '@nestjs/common';
import { Issuing, ISSUING } from './issuing/issuing.service.ts';
import { IssuingHandlers } from './issuing/issuing.handlers.ts';
import { LoginHandlers } from './issuing/login.handlers.ts';
import { LimitsHandlers } from './limits/limits.handlers.ts';
import { KeysQueries } from './overview/keys.queries.ts';
import { DeparturesReactor } from './revoking/departures.reactor.ts';
import { RevokingHandlers } from './revoking/revoking.handlers.ts';
import { Usage, USAGE, UsageHandlers } from './usage/usage.handlers.ts';

/** Every slice of the context. The tokens that they ask for are given by the process (`#runtime`). */
@Module({
  controllers: [LoginHandlers, IssuingHandlers, RevokingHandlers, KeysQueries, LimitsHandlers, UsageHandlers],
  providers: [{ provide: ISSUING, useClass: Issuing }, { provide: USAGE, useClass: Usage }, DeparturesReactor],
})
export class AccessKeysModule {}
