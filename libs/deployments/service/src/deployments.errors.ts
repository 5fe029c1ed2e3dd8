import { domainError, type InputError } from '#kernel';

const plural = { application: 'applications', profile: 'profiles', cluster: 'clusters' } as const;
const listCommand = {
  application: 'astroctl app get',
  profile: 'astroctl app profile get',
  cluster: 'astroctl clusters list',
} as const;
type Kind = keyof typeof plural;

/** A change that needs admin rights: the profile is the application's own, or that of one that shares its namespace. */
export interface ProtectedChange {
  readonly action: 'deploy' | 'change' | 'delete';
  readonly application: string;
  readonly profile: string;
  readonly namespace?: string;
  /** The application that shares the namespace. */
  readonly usedBy?: string;
}

/** The plan under which a limit was met, and who may change it. */
export interface PlanOf {
  readonly organization: string;
  readonly name: string;
  readonly pricingUrl: string;
  /** Addresses, joined by `or`; empty when there is none to show. */
  readonly owners: string;
}

const usage = (used: number, limit: number, what: string, how: string, plan: PlanOf | undefined): string =>
  plan
    ? `${plan.organization} uses ${used} of the ${limit} ${what} of plan ${plan.name}`
    : `${used} of the ${limit} ${what} are ${how}`;
const comparePlans = (plan: PlanOf | undefined): string =>
  `compare plans${plan && plan.owners !== '' ? ` and ask owner ${plan.owners}` : ''}: astroctl org plan list`;

/** Every refusal of this context. Texts name objects of the caller's organization and never a value of a manifest. */
export const deploymentsErrors = {
  manifestInvalid: (what: string, errors: readonly InputError[]) => {
    const [first] = errors;
    const where = first?.pointer ? `${first.pointer} ` : '';
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    return domainError(
      'deployments/manifest-invalid',
      'invalid',
      `${what}: ${where}${first?.message ?? 'is invalid'}${more}.`,
      {
        errors: errors.slice(0, 50),
        fix: 'correct it, then check without applying: astroctl app validate -f FILE',
      },
    );
  },
  applicationNotFound: (name: string) =>
    domainError('deployments/application-not-found', 'not-found', `Application ${name} not found.`, {
      fix: 'list applications: astroctl app get',
    }),
  profileNotFound: (name: string, known: readonly string[]) =>
    domainError('deployments/profile-not-found', 'not-found', `Profile ${name} not found.`, {
      fix: known.length === 0 ? 'create one: astroctl app profile apply -f FILE' : `use one of: ${known.join(', ')}`,
    }),
  /** The same inside a manifest: the body is wrong, not the address. */
  profileUnknown: (application: string, name: string, known: readonly string[], pointer: string) =>
    domainError(
      'deployments/profile-not-found',
      'invalid',
      `application/${application} refers to profile ${name}, which does not exist.`,
      {
        errors: [{ pointer, message: 'names no profile' }],
        fix: known.length === 0 ? 'create one: astroctl app profile apply -f FILE' : `use one of: ${known.join(', ')}`,
      },
    ),
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
  clusterNotFound: (name: string, known: readonly string[]) =>
    domainError('deployments/cluster-not-found', 'not-found', `Cluster ${name} not found.`, {
      fix:
        known.length === 0
          ? 'register one: astroctl clusters register --cluster-name NAME'
          : `use one of: ${known.join(', ')}`,
    }),
  clusterUnknown: (profile: string, name: string, known: readonly string[], pointer: string) =>
    domainError(
      'deployments/cluster-not-found',
      'invalid',
      `profile/${profile} refers to cluster ${name}, which does not exist.`,
      {
        errors: [{ pointer, message: 'names no cluster' }],
        fix:
          known.length === 0
            ? 'register one: astroctl clusters register --cluster-name NAME'
            : `use one of: ${known.join(', ')}`,
      },
    ),
  /** Nothing can be deployed. @param contact whom people ask; undefined when that is not known now */
  noCluster: (organization: string, contact: string | undefined) =>
    domainError('deployments/no-cluster', 'conflict', `${organization} has no cluster yet.`, {
      fix: `register one: astroctl clusters register --cluster-name NAME${contact === undefined ? '' : `; or ask ${contact}`}`,
    }),
  tierNotFound: (name: string, known: readonly string[]) =>
    domainError('deployments/tier-not-found', 'not-found', `Tier ${name} not found.`, {
      fix: `use one of: ${known.join(', ')}`,
    }),
  manifestTooLarge: () =>
    domainError(
      'deployments/manifest-too-large',
      'invalid',
      'Reading the manifest exceeded the time or memory limit.',
      { fix: 'split it into several applications' },
    ),
  busy: () =>
    domainError('deployments/busy', 'unavailable', 'Too many large manifests are being read.', {
      fix: 'try again',
      retryAfterSeconds: 1,
    }),
  nameMismatch: (pathName: string, manifestName: string) =>
    domainError(
      'deployments/name-mismatch',
      'invalid',
      `The path is for ${pathName}, but the manifest is for ${manifestName}.`,
      { fix: 'use the same name in both' },
    ),
  limit: (kind: Kind, name: string, limit: number, used: number, plan?: PlanOf) =>
    domainError(
      `billing/${kind}-limit` as const,
      'limit',
      `${usage(used, limit, plural[kind], 'in use', plan)}; ${kind}/${name} was not created.`,
      {
        fix: `delete one (${listCommand[kind]}), or ${comparePlans(plan)}`,
        extra: { limit, used, kind, name, ...(plan && { plan: plan.name, pricingUrl: plan.pricingUrl }) },
      },
    ),
  deploymentLimit: (name: string, limit: number, used: number, plan?: PlanOf) =>
    domainError(
      'billing/deployments-per-day-limit',
      'limit',
      `${usage(used, limit, 'deployments of today', 'used', plan)}; application/${name} was not deployed.`,
      {
        fix: `try again tomorrow (UTC), or ${comparePlans(plan)}`,
        extra: { limit, used, name, ...(plan && { plan: plan.name, pricingUrl: plan.pricingUrl }) },
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
  namespaceNotAllowed: (namespace: string, why: string, fix: string) =>
    domainError('deployments/namespace-not-allowed', 'invalid', `Namespace ${namespace} cannot be used: ${why}.`, {
      errors: [{ pointer: '/spec/namespace', message: why }],
      fix,
    }),
  beingDeleted: (kind: Kind, name: string) =>
    domainError('deployments/being-deleted', 'conflict', `${kind}/${name} is being deleted.`, {
      fix: `wait until it is deleted: ${listCommand[kind]}`,
      retryAfterSeconds: 5,
    }),
  alreadyDeleted: (name: string) =>
    domainError('deployments/application-not-found', 'not-found', `Application ${name} not found.`, {
      fix: 'list applications: astroctl app get',
    }),
  preconditionFailed: (present: number) =>
    domainError('edge/precondition-failed', 'conflict', `The current revision is ${present}.`, {
      fix: 'read it again, then repeat the change',
    }),
  staleRevision: () =>
    domainError('deployments/contended', 'conflict', 'The application was changed concurrently.', {
      fix: 'try again',
    }),
  protectedProfile: (
    blocked: ProtectedChange,
    { who = 'You', admins = 'an admin or owner' }: { readonly who?: string; readonly admins?: string } = {},
  ) => {
    const { action, application, profile, namespace, usedBy } = blocked;
    const where =
      usedBy === undefined
        ? `profile ${profile}`
        : `namespace ${namespace} is used by ${usedBy}, whose profile ${profile}`;
    return domainError(
      'access/protected-profile',
      'forbidden',
      `${who} may not ${action} ${application}: ${where} is protected and requires the role admin or owner.`,
      {
        fix: `ask ${admins}: astroctl org members`,
        extra: { ...blocked },
      },
    );
  },
  defaultsOnly: (profile: string) =>
    domainError(
      'access/profile-defaults-only',
      'forbidden',
      `An editor can change only the defaults of profile ${profile}.`,
      {
        fix: 'ask an admin or owner: astroctl org members',
      },
    ),
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
  sourceGone: (name: string, revision: number) =>
    domainError(
      'deployments/source-gone',
      'conflict',
      `The content of v${revision} of application/${name} is no longer available.`,
      {
        fix: 'apply its manifest again: astroctl app apply -f FILE',
      },
    ),
  clusterTaken: (name: string) =>
    domainError(
      'deployments/cluster-taken',
      'conflict',
      `cluster/${name} is already registered by another organization.`,
      {
        fix: 'register another one, or ask that organization to remove it first',
      },
    ),
  otherCluster: (name: string) =>
    domainError(
      'deployments/other-cluster',
      'conflict',
      `The address for cluster/${name} belongs to another physical cluster.`,
      {
        fix: 'register it under another name: astroctl clusters register --cluster-name NAME',
      },
    ),
  sandboxStays: (what: string) =>
    domainError(
      'deployments/sandbox-stays',
      'conflict',
      `The cluster sandbox is managed by the platform and ${what}.`,
      {
        fix: 'register a cluster of your own: astroctl clusters register --cluster-name NAME',
      },
    ),
  credentialMissing: (name: string) =>
    domainError(
      'deployments/credential-missing',
      'invalid',
      `cluster/${name} requires a token, or a client certificate with its key.`,
      {
        fix: 'register with astroctl, which creates a token: astroctl clusters register --cluster-name NAME',
      },
    ),
  serverInvalid: (what: string) =>
    domainError('deployments/server-invalid', 'invalid', `The address of the API server ${what}.`, {
      errors: [{ pointer: '/spec/server', message: what }],
      fix: 'use https://HOST:PORT',
    }),
  /** A worker asked for a vault record that no attempt needs. */
  recordNotShared: () =>
    domainError('deployments/record-not-shared', 'forbidden', 'Workers have no access to this record.'),
  recordIncomplete: () =>
    domainError('deployments/record-incomplete', 'unavailable', 'Parts of the record are missing.', {
      fix: 'send all parts again',
    }),
  claimLost: () =>
    domainError('deployments/claim-lost', 'conflict', 'This claim is not the current claim of the attempt.', {
      fix: 'stop working on it',
    }),
  claimed: (retryInMs: number) =>
    domainError('deployments/claimed', 'conflict', 'Another worker holds this attempt.', { extra: { retryInMs } }),
  claimExpired: () =>
    domainError('deployments/claim-expired', 'conflict', 'The claim on this attempt has expired.', {}),
  attemptEnded: () => domainError('deployments/attempt-ended', 'conflict', 'This attempt has ended.', {}),
  limitsBelowUse: (over: readonly string[]) =>
    domainError('deployments/limits-below-use', 'conflict', `Usage exceeds the limits: ${over.join(', ')}.`, {
      extra: { over },
    }),
  accessEnding: (cluster: string) =>
    domainError(
      'deployments/access-ending',
      'unavailable',
      `Your earlier access to cluster/${cluster} is still being ended.`,
      { fix: `try again, or see why: astroctl clusters get ${cluster}`, retryAfterSeconds: 5 },
    ),
  accessEnded: (cluster: string) =>
    domainError('deployments/access-ended', 'forbidden', `Your access to cluster/${cluster} has ended.`, {
      fix: 'see your role: astroctl org members',
    }),
  tokenUnavailable: (name: string, state: string) =>
    domainError('deployments/cluster-not-ready', 'unavailable', `cluster/${name} is ${state}.`, {
      fix: `see why: astroctl clusters get ${name}`,
      retryAfterSeconds: 10,
    }),
};

export type DeploymentsError = ReturnType<(typeof deploymentsErrors)[keyof typeof deploymentsErrors]>;
