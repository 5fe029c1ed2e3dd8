import { assertNever, type Actor, type Decider, type Result } from '#kernel';
import { createOrganization, type CreateOrganization } from './creation/create-organization.ts';
import { answerInvitation, type AnswerInvitation } from './invitations/answer-invitation.ts';
import {
  inviteMember,
  resendInvitation,
  revokeInvitation,
  type InviteMember,
  type ResendInvitation,
  type RevokeInvitation,
} from './invitations/invite-member.ts';
import { setSeatLimit, type SetSeatLimit } from './limits/set-seat-limit.ts';
import { changeOrganization, type ChangeOrganization } from './settings/change-organization.ts';
import { removeMember, type RemoveMember } from './members/remove-member.ts';
import {
  completeDeletion,
  requestDeletion,
  type CompleteDeletion,
  type RequestDeletion,
} from './deletion/delete-organization.ts';
import { setMember, type SetMember } from './members/set-member.ts';
import { evolve, initialState, type Organization } from './organization.ts';
import type { OrganizationError } from './organization.errors.ts';
import { organizationEvents, type OrganizationEvent } from './organization.events.ts';

/** All commands on an organization's stream. */
export type OrganizationCommand =
  | CreateOrganization
  | ChangeOrganization
  | SetMember
  | RemoveMember
  | SetSeatLimit
  | InviteMember
  | ResendInvitation
  | RevokeInvitation
  | AnswerInvitation
  | RequestDeletion
  | CompleteDeletion;

/** Decides every command of an organization. Each decision is in a file of its own. */
export const organizationDecider: Decider<Organization, OrganizationCommand, OrganizationEvent, OrganizationError> = {
  events: organizationEvents,
  initialState,
  evolve,
  decide,
};

function decide(
  command: OrganizationCommand,
  state: Organization,
  actor: Actor,
): Result<readonly OrganizationEvent[], OrganizationError> {
  switch (command.type) {
    case 'create-organization':
      return createOrganization(command, state);
    case 'change-organization':
      return changeOrganization(command, state, actor);
    case 'set-member':
      return setMember(command, state, actor);
    case 'remove-member':
      return removeMember(command, state, actor);
    case 'request-deletion':
      return requestDeletion(command, state, actor);
    case 'complete-deletion':
      return completeDeletion(state);
    case 'set-seat-limit':
      return setSeatLimit(command, state);
    case 'invite-member':
      return inviteMember(command, state, actor);
    case 'resend-invitation':
      return resendInvitation(command, state, actor);
    case 'revoke-invitation':
      return revokeInvitation(command, state, actor);
    case 'accept-invitation':
    case 'decline-invitation':
      return answerInvitation(command, state, actor);
    default:
      return assertNever(command);
  }
}
