import { Module } from '@nestjs/common';
import { OrganizationCreation, ORGANIZATION_CREATION } from './creation/creation.service.ts';
import { CreationHandlers } from './creation/creation.handlers.ts';
import { CreationReactor } from './creation/creation.reactor.ts';
import { LimitsHandlers } from './limits/limits.handlers.ts';
import { MembersHandlers } from './members/members.handlers.ts';
import { MembersQueries } from './members/members.queries.ts';
import { OrganizationsQueries } from './overview/organizations.queries.ts';

/** Every slice of the context. The tokens that they ask for are given by the process (`#runtime`). */
@Module({
  controllers: [CreationHandlers, MembersHandlers, MembersQueries, OrganizationsQueries, LimitsHandlers],
  providers: [{ provide: ORGANIZATION_CREATION, useClass: OrganizationCreation }, CreationReactor],
})
export class OrganizationsModule {}
