import { domainError } from '#kernel';

/** Errors about names and limits. */
export const catalogErrors = {
  applicationNotFound: (name: string) =>
    domainError('deployments/application-not-found', 'not-found', `Application ${name} not found.`, {
      fix: 'list applications: astroctl app get',
    }),
  /** A reference in a manifest to a profile that does not exist: the body is invalid, not the path. */
  profileUnknown: (application: string, name: string, known: readonly string[], pointer: string) =>
    domainError(
      'deployments/profile-not-found',
      'invalid',
      `application/${application} refers to profile ${name}, which does not exist.`,
      {
        errors: [{ pointer, message: `refers to profile ${name}, which does not exist` }],
        fix: known.length === 0 ? 'create one: astroctl app profile apply -f FILE' : `use one of: ${known.join(', ')}`,
      },
    ),
  clusterUnknown: (profile: string, name: string, known: readonly string[], pointer: string) =>
    domainError(
      'deployments/cluster-not-found',
      'invalid',
      `profile/${profile} refers to cluster ${name}, which does not exist.`,
      {
        errors: [{ pointer, message: `refers to cluster ${name}, which does not exist` }],
        fix:
          known.length === 0
            ? 'register one: astroctl clusters register --cluster-name NAME'
            : `use one of: ${known.join(', ')}`,
      },
    ),
  inUse: (kind: 'profile' | 'cluster', name: string, by: readonly string[]) =>
    domainError(
      `deployments/${kind}-in-use` as const,
      'conflict',
      `${kind}/${name} is used by ${by.slice(0, 10).join(', ')}${by.length > 10 ? ` and ${by.length - 10} more` : ''}.`,
      {
        fix: kind === 'profile' ? 'delete these, or move them to another profile first' : 'delete these first',
      },
    ),
  targetFixed: (name: string, cluster: string) =>
    domainError(
      'deployments/profile-target-fixed',
      'conflict',
      `profile/${name} is used by applications, so its cluster ${cluster} cannot be changed.`,
      {
        fix: 'create another profile for the other cluster',
      },
    ),
  /** @param over see `limitsBelowUse` in the contract */
  limitsBelowUse: (over: readonly { readonly limit: string; readonly used: number; readonly allowed: number }[]) =>
    domainError(
      'deployments/limits-below-use',
      'conflict',
      `Usage exceeds the limits: ${over.map(({ limit, used, allowed }) => `${limit} ${used} of ${allowed}`).join(', ')}.`,
      { extra: { over: over.map((one) => ({ ...one })) } },
    ),
};
