import { loginTooOld } from '#access';
import { domainError } from '#kernel';

export const keyErrors = {
  notFound: () =>
    domainError('access-keys/not-found', 'not-found', 'Access key not found.', { fix: 'astroctl key list' }),
  notOwnKey: () =>
    domainError(
      'access-keys/not-yours',
      'forbidden',
      'The key belongs to another user. Only owners and admins can revoke it.',
      {
        fix: 'ask an owner or admin: astroctl org members',
      },
    ),
  notYoursToRotate: () =>
    domainError(
      'access-keys/not-yours-to-rotate',
      'forbidden',
      'Only its owner can rotate a key. Owners and admins can rotate keys of service members.',
      { fix: 'revoke it (astroctl key revoke ID), and let its owner create another' },
    ),
  loginTooOld,
  loginRequired: () =>
    domainError(
      'key/login-required',
      'forbidden',
      'An access key cannot create access keys, and can rotate only itself; log in instead.',
      { fix: 'astroctl auth login' },
    ),
  ended: () =>
    domainError('access-keys/expired', 'conflict', 'The key has expired, so it cannot be rotated.', {
      fix: 'astroctl key create --name NAME',
    }),
  alreadyRotated: (replacedBy: string) =>
    domainError('access-keys/already-rotated', 'conflict', 'The key was rotated before.', {
      fix: `rotate the key that replaced it: astroctl key rotate ${replacedBy}`,
      extra: { replacedBy },
    }),
  rotationInProgress: (former: string, untilMs: number) =>
    domainError(
      'access-keys/rotation-in-progress',
      'conflict',
      `The key that this one replaced still works, until ${new Date(untilMs).toISOString()}.`,
      { fix: `rotate it later, or end the other one first: astroctl key revoke ${former}`, extra: { former } },
    ),
  graceInvalid: () =>
    domainError('access-keys/grace-invalid', 'invalid', 'Invalid grace period.', {
      fix: 'use at most 7 days: 30m, 1h, 7d, or 0m for none',
    }),
  serviceUnknown: (name: string) =>
    domainError('access-keys/service-unknown', 'invalid', `The organization has no service member ${name}.`, {
      fix: `astroctl org members, or add it: astroctl org add-user --service ${name}`,
    }),
  roleTooHigh: (role: string, own: string) =>
    domainError('key/role-too-high', 'forbidden', `A key cannot have the role ${role}: your own role is ${own}.`, {
      fix: `astroctl key create --role ${own}`,
    }),
  notAMember: () =>
    domainError('organization/not-found', 'not-found', 'Organization not found, or you are not a member.', {
      fix: 'astroctl org list',
    }),
  chooseOrganization: (slugs: readonly string[]) =>
    domainError('access-keys/organization-needed', 'invalid', 'You belong to several organizations; specify one.', {
      fix: 'astroctl auth login --org-id ID',
      extra: { organizations: slugs },
    }),
  expiryInvalid: () =>
    domainError('access-keys/expiry-invalid', 'invalid', 'Invalid expiry.', {
      fix: 'use a duration (90d, 12h), a date, or never',
    }),
  expiryPast: () =>
    domainError('access-keys/expiry-past', 'invalid', 'The expiry is in the past.', {
      fix: 'choose a time in the future',
    }),
  lifetimeLimit: (days: number) =>
    domainError('access-keys/lifetime-limit', 'limit', `The plan limits keys to a lifetime of ${days} days.`, {
      fix: `choose ${days}d or less, or compare plans: astroctl org plan list`,
      extra: { limit: days },
    }),
  activeKeyLimit: (limit: number, used: number) =>
    domainError(
      'access-keys/active-key-limit',
      'limit',
      `The organization uses ${used} of the ${limit} active keys that its plan allows.`,
      {
        fix: 'revoke one (astroctl key list), or compare plans: astroctl org plan list',
        extra: { limit, used },
      },
    ),
  keysOver: (limit: number, used: number) =>
    domainError(
      'access-keys/active-keys-over',
      'conflict',
      `The organization has ${used} active keys; the plan allows ${limit}.`,
      { extra: { limit, used } },
    ),
  lifetimesOver: (limit: number, used: number) =>
    domainError(
      'access-keys/lifetimes-over',
      'conflict',
      `${used} keys have a lifetime of more than the ${limit} days that the plan allows.`,
      { extra: { limit, used } },
    ),
};

export type KeyError = ReturnType<(typeof keyErrors)[keyof typeof keyErrors]>;
