import { membersAtRequest, recordRefusalsRequest } from '#audit/contract';
import { plansOfRequest } from '#billing/contract';
import { countApplicationsRequest, organizationContentsRequest, reviewAccessRequest } from '#deployments/contract';
import {
  addressesRequest,
  invitationLinkRequest,
  ownAddressRequest,
  peopleRequest,
  registerAddressRequest,
  sendMailRequest,
} from '#identity/contract';
import type { ContextService } from '#runtime';
import { InvitationMailReactor } from './invitations/invitation-mail.reactor.ts';
import { invitationsProjection } from './invitations/invitations.projection.ts';
import { membersProjection } from './members/members.projection.ts';
import { DeletionReactor } from './deletion/deletion.reactor.ts';
import { DeletionsSweep } from './deletion/deletions.sweep.ts';
import { NameClaimsReactor } from './name-claims.reactor.ts';
import { nameDecider } from './names/name.decider.ts';
import { organizationDecider } from './organization.decider.ts';
import { OrganizationsModule } from './organizations.module.ts';
import { organizationsProjection } from './overview/organizations.projection.ts';

/** The service of this context, as a process composes it. */
export const organizationsService: ContextService = {
  name: 'organizations',
  module: OrganizationsModule,
  engines: ['eventStore', 'readStore', 'vault'],
  calls: [
    membersAtRequest,
    recordRefusalsRequest,
    plansOfRequest,
    countApplicationsRequest,
    organizationContentsRequest,
    reviewAccessRequest,
    peopleRequest,
    registerAddressRequest,
    addressesRequest,
    ownAddressRequest,
    invitationLinkRequest,
    sendMailRequest,
  ],
  deciders: [organizationDecider, nameDecider],
  projections: [organizationsProjection, membersProjection, invitationsProjection],
  reactors: [NameClaimsReactor, InvitationMailReactor, DeletionReactor],
  sweeps: [DeletionsSweep],
};
