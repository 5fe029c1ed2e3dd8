import { loginTooOld } from '#access';
import { domainError } from '#kernel';

/** All errors of the context. The reference of errors is generated from this table. */
export const organizationErrors = {
  notFound: () =>
    domainError('organization/not-found', 'not-found', 'Organization not found, or you are not a member.', {
      fix: 'astroctl org list',
    }),
  none: () =>
    domainError('organization/none', 'not-found', 'Organization not found, or you are not a member.', {
      fix: 'ask an owner of an organization to add you: astroctl org add-user',
    }),
  isDeleting: () => domainError('organization/deleting', 'conflict', 'The organization is being deleted.'),
  mayNotChange: () =>
    domainError('organization/may-not-change', 'forbidden', 'Only an owner can change the organization.', {
      fix: 'ask an owner: astroctl org members',
    }),
  slugFixed: (applications: number) =>
    domainError(
      'organization/slug-fixed',
      'conflict',
      `The slug cannot be changed while the organization has applications: it has ${applications}.`,
      { fix: 'omit the slug; you can change the name at any time', extra: { applications } },
    ),
  mayNotDelete: () =>
    domainError('organization/may-not-delete', 'forbidden', 'Only an owner can delete the organization.', {
      fix: 'ask an owner: astroctl org members',
    }),
  inUse: (applications: number, clusters: number) =>
    domainError(
      'organization/in-use',
      'conflict',
      `The organization cannot be deleted: it has ${applications} applications and ${clusters} registered clusters.`,
      {
        fix: 'delete everything with it: astroctl org delete --cascade, or delete them first: astroctl app delete NAME, astroctl clusters delete NAME',
        extra: { applications, clusters },
      },
    ),
  deletionWaits: (applications: number, clusters: number) =>
    domainError(
      'organization/deletion-waits',
      'unavailable',
      `The organization is deleted as soon as its ${applications} applications and ${clusters} registered clusters are.`,
      { fix: 'astroctl org delete --cascade', retryAfterSeconds: 20, extra: { applications, clusters } },
    ),
  renamedMeanwhile: () =>
    domainError('organization/renamed-concurrently', 'conflict', 'The organization was renamed by another request.', {
      fix: 'check its name (astroctl org get), then try again',
    }),
  renameUnderWay: () =>
    domainError(
      'organization/rename-under-way',
      'conflict',
      'Another request is renaming the organization to or from this name.',
      { fix: 'try again in a minute', retryAfterSeconds: 60 },
    ),
  mayNotManageMembers: () =>
    domainError('organization/may-not-manage-members', 'forbidden', 'Your role cannot change members.', {
      fix: 'ask an owner or admin: astroctl org members',
    }),
  mayNotGrant: (role: string) =>
    domainError('organization/may-not-grant', 'forbidden', `Your role cannot grant or revoke the role ${role}.`, {
      fix: 'ask an owner: astroctl org members',
    }),
  mayNotGrantLonger: (until: string | undefined) =>
    domainError(
      'organization/may-not-grant-longer',
      'forbidden',
      `Your own membership ends at ${until}; you cannot grant anything beyond it.`,
      { fix: 'set an earlier end with --until, or ask an owner: astroctl org members' },
    ),
  untilPast: () =>
    domainError('organization/until-past', 'invalid', 'A membership or right cannot end in the past.', {
      fix: 'use a later date, or remove the member: astroctl org remove-user --user ID',
    }),
  loginRequired: () =>
    domainError(
      'key/login-required',
      'forbidden',
      'An access key cannot grant or change the roles admin and owner, or the right audit; log in instead.',
      { fix: 'astroctl auth login' },
    ),
  loginTooOld,
  lastOwner: () =>
    domainError(
      'organization/last-owner',
      'conflict',
      'An organization needs at least one owner whose membership does not end; promote another member first.',
      {
        fix: 'astroctl org set-role MEMBER owner',
      },
    ),
  lastOwnerOf: (slugs: readonly string[]) =>
    domainError(
      'organization/last-owner-of',
      'conflict',
      `The user is the last owner of ${slugs.join(', ')}; make somebody else an owner first, or delete the organization.`,
      { fix: `astroctl org set-role MEMBER owner --org ${slugs[0] ?? 'NAME'}`, extra: { organizations: slugs } },
    ),
  serviceOwner: () => domainError('organization/service-owner', 'invalid', 'A service member cannot be an owner.'),
  seatLimit: (limit: number, used: number) =>
    domainError(
      'organization/seat-limit',
      'limit',
      `The organization uses ${used} of the ${limit} members that its plan allows.`,
      {
        fix: 'remove a member, or compare plans: astroctl org plan list',
        extra: { limit, used },
      },
    ),
  belowUse: (limit: number, used: number) =>
    domainError(
      'organization/members-over',
      'conflict',
      `The organization has ${used} members; the plan allows ${limit}.`,
      { extra: { limit, used } },
    ),
  noSuchUser: (user: string) =>
    domainError('organization/no-such-user', 'not-found', `No user ${printable(user)} has logged in yet.`, {
      fix: 'invite by e-mail: astroctl org invite EMAIL',
    }),
  alreadyMember: () =>
    domainError('invitation/already-member', 'conflict', 'This person is already a member of the organization.', {
      fix: 'change their role instead: astroctl org set-role EMAIL ROLE',
    }),
  alreadyInvited: (id: string) =>
    domainError('invitation/pending', 'conflict', `This address already has a pending invitation: ${id}.`, {
      fix: `send it again: astroctl org resend-invitation ${id}, or revoke it: astroctl org revoke-invitation ${id}`,
      extra: { invitation: id },
    }),
  noSuchInvitation: () =>
    domainError('invitation/not-found', 'not-found', 'Invitation not found. A newer link may have replaced this one.', {
      fix: 'list yours: astroctl org accept, or ask the inviter to send it again',
    }),
  invitationUsed: () =>
    domainError('invitation/used', 'conflict', 'The invitation was already accepted.', { fix: 'astroctl org list' }),
  invitationDeclined: () =>
    domainError('invitation/declined', 'conflict', 'The invitation was declined.', {
      fix: 'invite again: astroctl org invite EMAIL',
    }),
  invitationRevoked: () =>
    domainError('invitation/revoked', 'conflict', 'The invitation was revoked.', {
      fix: 'ask an admin of the organization to invite you again',
    }),
  invitationExpired: () =>
    domainError('invitation/expired', 'conflict', 'The invitation has expired.', {
      fix: 'ask the inviter to send it again: astroctl org resend-invitation ID',
    }),
  inviterMayNotGrant: () =>
    domainError(
      'invitation/inviter-may-not-grant',
      'conflict',
      'The person who invited you can no longer grant this role.',
      { fix: 'ask another admin or owner to send the invitation again: astroctl org resend-invitation ID' },
    ),
  otherAddress: () =>
    domainError('invitation/other-address', 'forbidden', 'The invitation is for another e-mail address.', {
      fix: 'log in with the invited address: astroctl auth login',
    }),
  emailUnverified: () =>
    domainError('identity/email-unverified', 'forbidden', 'Your e-mail address is not verified.', {
      fix: 'verify it where you log in, then run: astroctl auth login',
    }),
  invitationLifetime: () =>
    domainError('invitation/lifetime', 'invalid', 'An invitation can be valid for 30 days at most.', {
      fix: 'use a duration such as --expires 7d',
    }),
  auditUntil: () =>
    domainError('invitation/audit-until', 'invalid', 'The end of the audit right must be a date in the future.', {
      fix: 'use --audit --until with a later date, such as 2027-03-31',
    }),
  addressGone: () =>
    domainError('invitation/address-gone', 'conflict', 'The address of this old invitation is no longer stored.', {
      fix: 'invite again: astroctl org invite EMAIL',
    }),
  pendingInvitations: (slugs: readonly string[]) =>
    domainError(
      'invitation/answer-first',
      'conflict',
      `You are invited to ${slugs.join(', ')}. Accept or decline first; without an organization, you then get one of your own.`,
      { fix: 'astroctl org accept, or astroctl org decline', extra: { organizations: slugs.join(',') } },
    ),
  noSuchMember: (user: string) =>
    domainError('organization/no-such-member', 'not-found', `${printable(user)} is not a member of the organization.`, {
      fix: 'astroctl org members',
    }),
  serviceName: () =>
    domainError(
      'organization/service-name',
      'invalid',
      'The name of a service member must start with a lower-case letter and contain only lower-case letters, digits, and hyphens (at most 40 characters).',
      {
        fix: 'use a name such as service:ci-deploy',
      },
    ),
  nameTaken: () =>
    domainError(
      'organization/name-taken',
      'conflict',
      'An organization with this name, or a similar one, already exists.',
      { fix: 'choose another name' },
    ),
  slugTaken: (slug: string) =>
    domainError('organization/slug-taken', 'conflict', `The slug ${slug} is taken.`, {
      fix: 'choose another one with --slug',
    }),
  slugNeeded: () =>
    domainError('organization/slug-needed', 'invalid', 'No slug can be derived from the name.', {
      fix: 'specify one with --slug',
    }),
  listNeedsAdmin: () =>
    domainError(
      'access/not-permitted',
      'forbidden',
      'Only a global admin who is logged in can list all organizations.',
      { fix: 'astroctl auth login' },
    ),
};

export type OrganizationError = ReturnType<(typeof organizationErrors)[keyof typeof organizationErrors]>;

/** Returns a user ID as it is. An e-mail address is personal data and must not appear in errors. */
const printable = (user: string): string => (/^[A-Za-z0-9:_-]{1,80}$/.test(user) ? user : 'with that address');
