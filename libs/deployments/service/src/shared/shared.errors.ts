import { domainError, type InputError } from '#kernel';

const plural = { application: 'applications', profile: 'profiles', cluster: 'clusters' } as const;
const listCommand = {
  application: 'astroctl app get',
  profile: 'astroctl app profile get',
  cluster: 'astroctl clusters list',
} as const;
type Kind = keyof typeof plural;

/**
 * A change that requires admin rights, because of the application's profile or that of an application in the same
 * namespace.
 */
export interface ProtectedChange {
  readonly action: 'deploy' | 'change' | 'delete';
  readonly application: string;
  readonly profile: string;
  readonly namespace?: string;
  /** Application that shares the namespace. */
  readonly usedBy?: string;
}

/** Plan that has the limit, and the people who can change it. */
export interface PlanOf {
  readonly organization: string;
  readonly name: string;
  readonly pricingUrl: string;
  /** Email addresses, joined with `or`; empty if none can be shown. */
  readonly owners: string;
}

const usage = (used: number, limit: number, what: string, how: string, plan: PlanOf | undefined): string =>
  plan
    ? `${plan.organization} uses ${used} of the ${limit} ${what} of plan ${plan.name}`
    : `${used} of the ${limit} ${what} are ${how}`;
const comparePlans = (plan: PlanOf | undefined): string =>
  `compare plans${plan && plan.owners !== '' ? ` and ask owner ${plan.owners}` : ''}: astroctl org plan list`;

/** Errors of more than one slice, and those that are completed with facts about their organization. */
export const sharedErrors = {
  /** `errors` lists what is invalid, with its location. @param what such as `application/web` */
  manifestInvalid: (what: string, errors: readonly InputError[]) =>
    domainError('deployments/manifest-invalid', 'invalid', `The manifest of ${what} is invalid.`, {
      errors: errors.slice(0, 50),
      fix: 'correct it, then check without applying: astroctl app validate -f FILE',
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
  /** Nothing can be deployed. @param contact the person to ask; undefined if currently unknown */
  noCluster: (organization: string, contact: string | undefined) =>
    domainError('deployments/no-cluster', 'conflict', `${organization} has no cluster yet.`, {
      fix: `register one: astroctl clusters register --cluster-name NAME${contact === undefined ? '' : `; or ask ${contact}`}`,
    }),
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
  beingDeleted: (kind: Kind, name: string) =>
    domainError('deployments/being-deleted', 'conflict', `${kind}/${name} is being deleted.`, {
      fix: `wait until it is deleted: ${listCommand[kind]}`,
      retryAfterSeconds: 5,
    }),
  preconditionFailed: (present: number) =>
    domainError('edge/precondition-failed', 'conflict', `The current revision is ${present}.`, {
      fix: 'read it again, then repeat the change',
    }),
  staleRevision: () =>
    domainError('deployments/contended', 'conflict', 'The application was changed concurrently.', {
      fix: 'try again',
    }),
};
