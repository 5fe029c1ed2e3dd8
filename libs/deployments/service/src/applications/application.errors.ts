import { domainError, type DomainError, type InputError } from '#kernel';

const withoutStop = (sentence: string): string =>
  `${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, '')}`;

/** Errors about applications. */
export const applicationErrors = {
  profileMissing: (application: string, known: readonly string[]) =>
    known.length === 0
      ? domainError(
          'deployments/profile-not-found',
          'invalid',
          `application/${application} requires a profile, and none exists yet.`,
          {
            fix: 'create one: astroctl app profile apply -f FILE',
          },
        )
      : domainError(
          'deployments/profile-not-named',
          'invalid',
          `application/${application} must set profileName, because the organization has ${known.length} profiles.`,
          {
            fix: `set profileName to one of: ${known.join(', ')}`,
          },
        ),
  otherTarget: (name: string, cluster: string) =>
    domainError(
      'deployments/target-fixed',
      'conflict',
      `application/${name} runs on cluster ${cluster} and cannot move to another.`,
      {
        fix: 'choose a profile of the same cluster, or delete the application and apply it again',
      },
    ),
  namespaceFixed: (name: string, namespace: string) =>
    domainError(
      'deployments/namespace-fixed',
      'conflict',
      `application/${name} is deployed to namespace ${namespace}, which cannot be changed.`,
      {
        fix: `omit namespace, or set it to ${namespace}`,
      },
    ),
  /** @param application the application that has the host, if the caller may see it */
  hostTaken: (host: string, cluster: string, application?: string) =>
    domainError(
      'deployments/host-taken',
      'conflict',
      `Host ${host} belongs to ${application === undefined ? 'another application' : `application/${application}`} on cluster ${cluster}.`,
      {
        fix: `choose another host${application === undefined ? '' : `, or remove it from application/${application} first`}`,
      },
    ),
  /** @param path names of the applications, each of which depends on the next; the first is also the last */
  dependencyCycle: (path: readonly string[]) =>
    domainError(
      'deployments/dependency-cycle',
      'invalid',
      `application/${path[0]} depends on itself: ${path.join(' -> ')}.`,
      { fix: 'remove one of these applications from dependsOn' },
    ),
  nothingToAdopt: (name: string) =>
    domainError(
      'deployments/nothing-to-adopt',
      'conflict',
      `The last attempt of application/${name} did not fail because of objects that belong to no application.`,
      { fix: `see why it failed: astroctl app status ${name}` },
    ),
  /** @param removals as text @param command of the CLI that confirms it with `-y` */
  removesMost: (name: string, removals: string, command: string) =>
    domainError('deployments/removes-most', 'conflict', `application/${name} would lose most objects: ${removals}.`, {
      fix: `to delete them: astroctl ${command} -y`,
    }),
  /** @param isSandbox whether the cluster is the sandbox, in which no container runs */
  noMetrics: (cluster: string, isSandbox: boolean) =>
    domainError(
      'deployments/metrics-unavailable',
      'unavailable',
      isSandbox
        ? `Cluster ${cluster} does not measure CPU and memory, because no container runs in it.`
        : `Cluster ${cluster} does not measure CPU and memory: its metrics API (metrics.k8s.io) is not available.`,
      {
        fix: isSandbox
          ? 'deploy to a cluster of your own: astroctl clusters register --cluster-name NAME'
          : 'install metrics-server on the cluster, or wait until it is ready',
      },
    ),
  paused: (name: string) =>
    domainError('deployments/paused', 'conflict', `application/${name} is paused.`, {
      fix: `resume it: astroctl app resume ${name}`,
    }),
  /** @param missing keys without a value, at least one; `errors` has the place of each */
  secretMissing: (name: string, missing: readonly string[], errors: readonly InputError[]) =>
    domainError(
      'deployments/secret-missing',
      'invalid',
      `application/${name} uses ${missing.length === 1 ? 'the secret' : `${missing.length} secrets, such as`} ${missing[0]}, which ${missing.length === 1 ? 'is' : 'are'} not set.`,
      {
        errors: errors.slice(0, 50),
        fix: `set it, with its value on standard input: astroctl app secrets set ${name} ${missing[0]}`,
      },
    ),
  secretLimit: (name: string, count: number, kilobytes: number) =>
    domainError(
      'deployments/secret-limit',
      'limit',
      `application/${name} can have at most ${count} secrets, with ${kilobytes} KiB in total.`,
      { fix: `remove one: astroctl app secrets list ${name}` },
    ),
  alreadyDeleted: (name: string) =>
    domainError('deployments/application-not-found', 'not-found', `Application ${name} not found.`, {
      fix: 'list applications: astroctl app get',
    }),
  preserveNeedsAdmin: () =>
    domainError('access/not-permitted', 'forbidden', 'namespaceMode: preserve requires the role admin or owner.', {
      fix: 'omit namespaceMode, or ask an admin or owner: astroctl org members',
    }),
  revisionNotFound: (name: string, revision: number, last: number) =>
    domainError(
      'deployments/revision-not-found',
      'not-found',
      `application/${name} has no revision v${revision}; the latest is v${last}.`,
      {
        fix: `list revisions: astroctl app history ${name}`,
      },
    ),
  revisionPresent: (name: string, revision: number) =>
    domainError(
      'deployments/revision-present',
      'conflict',
      `v${revision} is already the current revision of application/${name}.`,
      {
        fix: `choose an older one: astroctl app history ${name}`,
      },
    ),
  nothingToRollBackTo: (name: string) =>
    domainError(
      'deployments/nothing-to-roll-back-to',
      'conflict',
      `application/${name} has no earlier revision that succeeded.`,
      {
        fix: `list revisions: astroctl app history ${name}`,
      },
    ),
  /** The error of a source that cannot be pinned, with the place in the manifest. */
  sourceRefused: (error: DomainError, pointer: string): DomainError =>
    error.kind === 'unavailable' || error.errors
      ? error
      : { ...error, errors: [{ pointer, message: withoutStop(error.detail) }] },
  planStale: (name: string) =>
    domainError(
      'deployments/plan-stale',
      'conflict',
      `application/${name} would deploy something else than its plan: the manifest, its source, or its profile has changed.`,
      { fix: 'look at the new plan: astroctl app apply -f FILE --dry-run' },
    ),
  sourceNeedsDeploy: () =>
    domainError(
      'access/not-permitted',
      'forbidden',
      'Only those who may deploy the application can compare it with another source.',
      { fix: 'ask an editor, admin, or owner: astroctl org members' },
    ),
  nothingApplied: (name: string, revision: number) =>
    domainError(
      'deployments/nothing-applied',
      'conflict',
      `No objects of v${revision} of application/${name} are recorded: no attempt has prepared any, or they were removed.`,
      { fix: `see its attempts: astroctl app history ${name} v${revision}` },
    ),
  sourceGone: (name: string, revision: number) =>
    domainError(
      'deployments/source-gone',
      'conflict',
      `The content of v${revision} of application/${name} is no longer available.`,
      {
        fix: 'apply its manifest again: astroctl app apply -f FILE',
      },
    ),
};
