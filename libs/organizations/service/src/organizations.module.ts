import { Module } from '@nestjs/common';
import { Founder, FOUNDING } from './founding/founder.handlers.ts';
import { FoundingHandlers } from './founding/founding.handlers.ts';
import { FoundingReactor } from './founding/founding.reactor.ts';
import { LimitsHandlers } from './limits/limits.handlers.ts';
import { MembersHandlers } from './members/members.handlers.ts';
import { MembersQueries } from './members/members.queries.ts';
import { OrganizationsQueries } from './overview/organizations.queries.ts';

/** Every slice of the context. The tokens that they ask for are given by the process (`#runtime`). */
@Module({
  controllers: [FoundingHandlers, MembersHandlers, MembersQueries, OrganizationsQueries, LimitsHandlers],
  providers: [{ provide: FOUNDING, useClass: Founder }, FoundingReactor],
})
export class OrganizationsModule {}
