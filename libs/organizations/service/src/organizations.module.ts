import { Module } from '@nestjs/common';
import { OrganizationCreation } from './creation/creation.service.ts';
import { CreationHandlers } from './creation/creation.handlers.ts';
import { CreationReactor } from './creation/creation.reactor.ts';
import { SeatLimitHandlers } from './limits/seat-limit.handlers.ts';
import { MemberLookup } from './members/member-lookup.service.ts';
import { MembersHandlers } from './members/members.handlers.ts';
import { MembersQueries } from './members/members.queries.ts';
import { Names } from './names/names.service.ts';
import { OrganizationsQueries } from './overview/organizations.queries.ts';

/** Every slice of the context. The tokens that they ask for are given by the process (`#runtime`). */
@Module({
  controllers: [CreationHandlers, MembersHandlers, MembersQueries, OrganizationsQueries, SeatLimitHandlers],
  providers: [Names, OrganizationCreation, CreationReactor, MemberLookup],
})
export class OrganizationsModule {}
