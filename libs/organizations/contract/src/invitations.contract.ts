import { ROLES, SERVICES_ONLY } from '#access';
import { pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';

const INVITATION_STATES = ['PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED'] as const;

/** An invitation as the admins of the organization see it. It never contains the token. */
const invitationView = z.strictObject({
  id: z.string(),
  /** `null` when the platform no longer stores the address of an old invitation. */
  email: z.string().nullable(),
  role: z.enum(ROLES),
  audit: z.boolean(),
  auditUntil: z.string().nullable(),
  state: z.enum(INVITATION_STATES),
  createdAt: z.string(),
  expiresAt: z.string(),
  /** ID of the member who invited. */
  invitedById: z.string(),
  /** Their e-mail address or name. */
  invitedBy: z.string().nullable(),
});
export type InvitationView = z.infer<typeof invitationView>;

/**
 * An invitation that was just sent. `link` is returned once, and only without a mail server: then the inviter hands it
 * over.
 */
const sentInvitation = z.strictObject({ ...invitationView.shape, link: z.string().nullable() });
export type SentInvitation = z.infer<typeof sentInvitation>;

const date = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'must be a date, such as 2027-03-31' })
  .describe('a date, or a time with a time zone');

export const inviteRequest = request({
  subject: 'organizations.v1.invitations.create',
  route: 'POST /v1/organizations/{org}/invitations',
  summary: 'Invite a person by e-mail address; the invitation counts as a member until it ends',
  permission: 'members.manage',
  input: z.strictObject({
    org: z.string().min(1),
    email: z.email().max(254),
    role: z.enum(ROLES).default('viewer'),
    audit: z.boolean().default(false).describe('grant the right audit too'),
    auditUntil: date.optional().describe('when the right audit ends'),
    expires: z
      .string()
      .regex(/^[1-9]\d{0,3}[hd]$/, 'must be a duration, such as 7d or 12h')
      .default('7d')
      .describe('how long it can be accepted: 12h or 7d, at most 30d'),
  }),
  output: sentInvitation,
  success: 201,
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
});

export const listInvitationsRequest = request({
  subject: 'organizations.v1.invitations.list',
  route: 'GET /v1/organizations/{org}/invitations',
  summary: 'List invitations, newest first',
  permission: 'members.manage',
  input: z.strictObject({ org: z.string().min(1), ...pageInput }),
  output: z.strictObject(pageOutput(invitationView)),
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

const invitationOf = z.strictObject({ org: z.string().min(1), id: z.string().min(1).max(100) });

export const resendInvitationRequest = request({
  subject: 'organizations.v1.invitations.resend',
  route: 'POST /v1/organizations/{org}/invitations/{id}/resend',
  summary: 'Send an invitation again, with a new link; the earlier link ends',
  permission: 'members.manage',
  input: invitationOf,
  output: sentInvitation,
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
});

export const revokeInvitationRequest = request({
  subject: 'organizations.v1.invitations.revoke',
  route: 'DELETE /v1/organizations/{org}/invitations/{id}',
  dryRun: true,
  ifMatch: true,
  summary: 'Revoke an invitation; its link stops working immediately',
  permission: 'members.manage',
  input: invitationOf,
  output: invitationView,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

/** An invitation as the invited person sees it. */
const ownInvitationView = z.strictObject({
  id: z.string(),
  organization: z.strictObject({ id: z.string(), slug: z.string(), name: z.string() }),
  role: z.enum(ROLES),
  audit: z.boolean(),
  auditUntil: z.string().nullable(),
  expiresAt: z.string(),
  invitedBy: z.string().nullable(),
});
export type OwnInvitationView = z.infer<typeof ownInvitationView>;

export const listOwnInvitationsRequest = request({
  subject: 'organizations.v1.invitations.own',
  route: 'GET /v1/me/invitations',
  summary: 'List the pending invitations of your verified e-mail address',
  permission: 'self.enter',
  input: z.strictObject(pageInput),
  output: z.strictObject(pageOutput(ownInvitationView)),
  timeoutMs: 5_000,
});

const invitationToken = z.strictObject({
  token: z.string().min(1).max(100).describe('the token of the link, or the ID of one of your own invitations'),
});

export const acceptInvitationRequest = request({
  subject: 'organizations.v1.invitations.accept',
  route: 'POST /v1/invitations/{token}/accept',
  dryRun: true,
  summary: 'Accept an invitation to your verified e-mail address',
  permission: 'self.enter',
  input: invitationToken,
  output: ownInvitationView,
  timeoutMs: 10_000,
});

export const declineInvitationRequest = request({
  subject: 'organizations.v1.invitations.decline',
  route: 'POST /v1/invitations/{token}/decline',
  summary: 'Decline an invitation to your verified e-mail address',
  permission: 'self.enter',
  input: invitationToken,
  output: ownInvitationView,
  timeoutMs: 10_000,
});

/** Returns the pending invitation of a token, for the page on which the invited person sets a password. */
export const findInvitationRequest = request({
  subject: 'organizations.v1.invitations.find',
  permission: SERVICES_ONLY,
  callers: ['identity'],
  input: z.strictObject({ token: z.string().min(1).max(100) }),
  output: z.strictObject({ addressId: z.string(), organization: z.string(), role: z.enum(ROLES) }),
  timeoutMs: 5_000,
});
