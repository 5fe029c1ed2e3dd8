import { Module } from '@nestjs/common';
import { OrganizationCreation } from './creation/creation.service.ts';
import { CreationHandlers } from './creation/creation.handlers.ts';
import { DeletionHandlers } from './deletion/deletion.handlers.ts';
import { DeletionReactor } from './deletion/deletion.reactor.ts';
import { DeletionsSweep } from './deletion/deletions.sweep.ts';
import { OrganizationDeletion } from './deletion/deletion.service.ts';
import { DeparturesHandlers } from './members/departures.handlers.ts';
import { InvitationMailReactor } from './invitations/invitation-mail.reactor.ts';
import { InvitationTokens } from './invitations/invitation-tokens.service.ts';
import { InvitationViews } from './invitations/invitation-views.service.ts';
import { InvitationsHandlers } from './invitations/invitations.handlers.ts';
import { InvitationsQueries } from './invitations/invitations.queries.ts';
import { SeatLimitHandlers } from './limits/seat-limit.handlers.ts';
import { MemberLookup } from './members/member-lookup.service.ts';
import { MembersHandlers } from './members/members.handlers.ts';
import { MembersQueries } from './members/members.queries.ts';
import { NameClaimsReactor } from './name-claims.reactor.ts';
import { Names } from './names/names.service.ts';
import { OrganizationViews } from './overview/organization-views.service.ts';
import { OrganizationsQueries } from './overview/organizations.queries.ts';
import { ReplayQueries } from './replay.queries.ts';
import { OrganizationChanges } from './settings/organization-change.service.ts';
import { SettingsHandlers } from './settings/settings.handlers.ts';

/** All slices of the context. The process provides the tokens that they inject (`#runtime`). */
@Module({
  controllers: [
    ReplayQueries,
    CreationHandlers,
    DeletionHandlers,
    DeparturesHandlers,
    InvitationsHandlers,
    InvitationsQueries,
    MembersHandlers,
    MembersQueries,
    OrganizationsQueries,
    SeatLimitHandlers,
    SettingsHandlers,
  ],
  providers: [
    InvitationTokens,
    InvitationViews,
    InvitationMailReactor,
    Names,
    OrganizationCreation,
    OrganizationChanges,
    NameClaimsReactor,
    OrganizationDeletion,
    DeletionReactor,
    DeletionsSweep,
    MemberLookup,
    OrganizationViews,
  ],
})
export class OrganizationsModule {}
