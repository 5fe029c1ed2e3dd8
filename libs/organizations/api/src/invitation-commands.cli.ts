import type { CommandDeclarations } from '#cli';

const invitation = {
  id: { positional: 'required', help: 'ID of the invitation', names: ['org', 'invitations'] },
} as const;
const token = {
  token: { positional: 'optional', help: 'token of the link, or ID; defaults to your only pending invitation' },
} as const;

/** Declarations of the commands for invitations. `invitations.cli.ts` implements each with a function of the same name. */
export const invitationCommands = {
  orgInvite: {
    path: ['org', 'invite'],
    summary: 'Invite a person by e-mail address',
    options: {
      email: { positional: 'required', help: 'e-mail address' },
      role: { help: 'viewer, editor, admin, or owner', value: 'role', default: 'viewer' },
      audit: { help: 'grant the right to read the audit log too' },
      until: { help: 'date on which that right ends; needs --audit', value: 'date' },
      expires: { help: 'how long the invitation is valid: 7d or 12h, at most 30d', value: 'duration', default: '7d' },
    },
    examples: [
      'astroctl org invite grace@acme.dev --role editor',
      'astroctl org invite audit@kpmg.example --role viewer --audit --until 2027-03-31',
    ],
  },
  orgInvitations: {
    path: ['org', 'invitations'],
    summary: 'List invitations, newest first',
    examples: ['astroctl org invitations', 'astroctl org invitations -o json'],
  },
  orgResendInvitation: {
    path: ['org', 'resend-invitation'],
    summary: 'Send an invitation again, with a new link; the earlier link ends',
    options: invitation,
    examples: ['astroctl org resend-invitation inv_0193f2b1c4d5e6f7'],
  },
  orgRevokeInvitation: {
    path: ['org', 'revoke-invitation'],
    summary: 'Revoke an invitation; its link stops working immediately',
    options: { ...invitation, 'dry-run': { help: 'show what would happen without changing anything' } },
    examples: ['astroctl org revoke-invitation inv_0193f2b1c4d5e6f7'],
  },
  orgAccept: {
    path: ['org', 'accept'],
    summary: 'Accept an invitation, and store a key for its organization on this machine',
    options: {
      ...token,
      'dry-run': { help: 'show what it offers, or why it cannot be accepted, without accepting it' },
    },
    examples: ['astroctl org accept', 'astroctl org accept inv_0193f2b1c4d5e6f7 --dry-run'],
  },
  orgDecline: {
    path: ['org', 'decline'],
    summary: 'Decline an invitation',
    options: token,
    examples: ['astroctl org decline', 'astroctl org decline inv_0193f2b1c4d5e6f7'],
  },
} as const satisfies CommandDeclarations;
