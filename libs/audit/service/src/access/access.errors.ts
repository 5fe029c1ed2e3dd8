import { domainError } from '#kernel';

/** Errors of questions about rights. */
export const accessErrors = {
  others: () =>
    domainError(
      'access/others',
      'forbidden',
      'Only an owner, an admin, or somebody with the right audit can ask about the permissions of others.',
      { fix: 'ask about yourself: astroctl access can-i PERMISSION' },
    ),
  timeAhead: (time: string) =>
    domainError('access/time-ahead', 'invalid', `${time} is later than now.`, {
      fix: 'name a time up to now, or omit it',
    }),
  emptyInterval: (interval: string) =>
    domainError('access/empty-interval', 'invalid', `${interval} ends before it begins.`, {
      fix: 'name the earlier time first: --during 2026-01-01..2026-02-01',
    }),
  twoTimes: () =>
    domainError('access/two-times', 'invalid', 'A question is about one time or an interval, not both.', {
      fix: 'use either --as-of or --during',
    }),
  noSuchUser: (user: string) =>
    domainError('access/no-such-user', 'not-found', `Nobody named ${user} is or was a member.`, {
      fix: 'astroctl org members',
    }),
  noKey: (permission: string, name: string | undefined) =>
    domainError(
      'access/no-key',
      'forbidden',
      `The role of the service member includes ${permission}, but none of its access keys does.`,
      { fix: `create a key: astroctl key create --name NAME --service ${name ?? 'SERVICE'}` },
    ),
  noSuchObject: (object: string) =>
    domainError('access/no-such-object', 'not-found', `There was no ${object} at that time.`, {
      fix: `list what exists now: astroctl ${object.startsWith('profile/') ? 'app profile get' : object.startsWith('cluster/') ? 'clusters list' : 'app get'}`,
    }),
  notYet: () =>
    domainError('read/not-yet', 'unavailable', 'The history of permissions is still being read.', {
      fix: 'try again',
      retryAfterSeconds: 1,
    }),
};
