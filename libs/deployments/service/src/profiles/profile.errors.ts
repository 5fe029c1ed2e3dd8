import { domainError } from '#kernel';

/** Errors about profiles. */
export const profileErrors = {
  profileNotFound: (name: string, known: readonly string[]) =>
    domainError('deployments/profile-not-found', 'not-found', `Profile ${name} not found.`, {
      fix: known.length === 0 ? 'create one: astroctl app profile apply -f FILE' : `use one of: ${known.join(', ')}`,
    }),
  tierNotFound: (name: string, known: readonly string[]) =>
    domainError('deployments/tier-not-found', 'not-found', `Tier ${name} not found.`, {
      fix: `use one of: ${known.join(', ')}`,
    }),
  defaultsOnly: (profile: string) =>
    domainError(
      'access/profile-defaults-only',
      'forbidden',
      `An editor can change only the defaults of profile ${profile}.`,
      {
        fix: 'ask an admin or owner: astroctl org members',
      },
    ),
};
