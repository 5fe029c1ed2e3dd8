import { isRole } from '#access';
import { loginRequest } from '#access-keys/contract';
import type { ReplyMeta } from '#bus/contract';
import {
  EXIT_CODES,
  isCommandError,
  localError,
  usage,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  acceptInvitationRequest,
  declineInvitationRequest,
  inviteRequest,
  listInvitationsRequest,
  listOwnInvitationsRequest,
  resendInvitationRequest,
  revokeInvitationRequest,
  type InvitationView,
  type OwnInvitationView,
  type SentInvitation,
} from '#organizations/contract';
import type { invitationCommands } from './invitation-commands.cli.ts';

const COLUMNS: readonly Column<InvitationView>[] = [
  { title: 'ID', value: ({ id }) => id, wide: true },
  { title: 'EMAIL', value: ({ email }) => email },
  { title: 'ROLE', value: ({ role, audit }) => (audit ? `${role}, audit` : role) },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'EXPIRES', value: ({ expiresAt }) => expiresAt },
  { title: 'BY', value: ({ invitedBy, invitedById }) => invitedBy ?? invitedById },
];
const name = ({ id }: { readonly id: string }): string => `invitation/${id}`;

/** Runs `org invite EMAIL`. */
export async function orgInvite(
  { email, role, audit, until, expires }: Options<typeof invitationCommands.orgInvite>,
  session: Session,
): Promise<Outcome> {
  if (!isRole(role)) return usage(`${role} is not a role.`, 'choose viewer, editor, admin, or owner');
  if (until !== undefined && !audit) return usage('--until ends the right that --audit grants.', 'add --audit');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const sent = await session.call(inviteRequest, {
    org,
    email,
    role,
    audit,
    ...(until !== undefined && { auditUntil: until }),
    expires,
  });
  return sent.ok ? printSent(sent, 'created', email, session) : sent.failure;
}

/** Runs `org resend-invitation ID`. */
export async function orgResendInvitation(
  { id }: Options<typeof invitationCommands.orgResendInvitation>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const sent = await session.call(resendInvitationRequest, { org, id });
  return sent.ok ? printSent(sent, 'sent again', sent.value.email ?? 'the invited person', session) : sent.failure;
}

async function printSent(
  { value: sent, meta }: { readonly value: SentInvitation; readonly meta: ReplyMeta },
  what: string,
  email: string,
  session: Session,
): Promise<Outcome> {
  await session.print.done(sent, { text: `${name(sent)} ${what}: ${email}, ${sent.role}`, name: name(sent) });
  // The first response, which may have had the link, was lost.
  if (meta.repeated)
    session.print.note(
      `A link is shown only once. If ${email} gets no e-mail, create another one: astroctl org resend-invitation ${sent.id}`,
    );
  else if (sent.link === null)
    session.print.note(`An e-mail with a link goes to ${email}, valid until ${sent.expiresAt}.`);
  else {
    session.print.note(`No mail server is configured. Hand over this link yourself (only ${email} can use it):`);
    session.print.note(`  ${sent.link}`);
  }
  return 0;
}

/** Runs `org invitations`. */
export async function orgInvitations(
  _options: Options<typeof invitationCommands.orgInvitations>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const listed = await session.list(listInvitationsRequest, { org });
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: COLUMNS,
    name,
    empty: 'No invitations. Invite somebody: astroctl org invite EMAIL',
  });
  return 0;
}

/** Runs `org revoke-invitation ID`. */
export async function orgRevokeInvitation(
  { id, 'dry-run': dryRun }: Options<typeof invitationCommands.orgRevokeInvitation>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const revoked = await session.call(revokeInvitationRequest, { org, id }, { dryRun });
  if (!revoked.ok) return revoked.failure;
  const text = `${name(revoked.value)} ${dryRun ? 'would be revoked (dry run)' : 'revoked'}`;
  await session.print.done(revoked.value, { text, name: name(revoked.value) });
  return 0;
}

/** Runs `org accept [TOKEN]`: accepts, and stores a key for the organization, as `auth login` does. */
export async function orgAccept(
  { token, 'dry-run': dryRun }: Options<typeof invitationCommands.orgAccept>,
  session: Session,
): Promise<Outcome> {
  const chosen = await chosenInvitation(token, 'accept', session);
  if (isCommandError(chosen)) return chosen;
  const accepted = await session.call(acceptInvitationRequest, { token: chosen }, { dryRun });
  if (!accepted.ok) return accepted.failure;
  const { organization, role } = accepted.value;
  const text = `${name(accepted.value)} ${dryRun ? 'would be accepted (dry run)' : 'accepted'}: ${organization.slug}, ${role}`;
  await session.print.done(accepted.value, { text, name: name(accepted.value) });
  return dryRun ? 0 : storeKey(organization, session);
}

/** Creates a key of this machine for the organization, with the login that has accepted. */
async function storeKey({ id, slug }: OwnInvitationView['organization'], session: Session): Promise<Outcome> {
  const { organizations } = session.config.api(session.flags.apiUrl);
  if (!organizations.some((key) => key.id === id)) {
    session.config.assertWritable();
    const login = await session.call(loginRequest, { machine: session.io.hostname, orgId: id });
    if (!login.ok) return login.failure;
    const { key } = login.value;
    if (key.secret === null)
      return localError(1, 'The key of this login was already shown.', `Run: astroctl auth login --org-id ${slug}`);
    const stored = { id, slug, key: key.secret, keyId: key.id, expiresAt: key.expires };
    await session.config.update(session.flags.apiUrl, (api) => {
      api.organizations = [...api.organizations.filter((known) => known.id !== id), stored];
      api.currentOrg ??= id;
    });
  }
  const isCurrent = session.config.api(session.flags.apiUrl).currentOrg === id;
  session.print.note(isCurrent ? 'Next: astroctl whoami' : `Next: astroctl org use ${slug}`);
  return 0;
}

/** Runs `org decline [TOKEN]`. */
export async function orgDecline(
  options: Options<typeof invitationCommands.orgDecline>,
  session: Session,
): Promise<Outcome> {
  const chosen = await chosenInvitation(options.token, 'decline', session);
  if (isCommandError(chosen)) return chosen;
  const declined = await session.call(declineInvitationRequest, { token: chosen });
  if (!declined.ok) return declined.failure;
  const text = `${name(declined.value)} declined: ${declined.value.organization.slug}`;
  await session.print.done(declined.value, { text, name: name(declined.value) });
  return 0;
}

/** Returns the token of a link, or the given or only pending invitation of this person. */
async function chosenInvitation(
  given: string | undefined,
  verb: 'accept' | 'decline',
  session: Session,
): Promise<string | CommandError> {
  if (given !== undefined) return given.split('/').at(-1) ?? given; // the whole link works too
  const listed = await session.list(listOwnInvitationsRequest, {});
  if (!listed.ok) return listed.failure;
  const [only, ...others] = listed.value;
  if (!only)
    return localError(
      EXIT_CODES['not-found'],
      'You have no pending invitation.',
      'ask an admin of the organization: astroctl org invite EMAIL',
    );
  if (others.length === 0) return only.id;
  for (const { id, organization, role, invitedBy } of listed.value)
    session.print.note(`  ${id}  ${organization.slug}  ${role}  ${invitedBy ?? ''}`);
  return usage('You have several pending invitations.', `choose one: astroctl org ${verb} ${only.id}`);
}
