import type { ChangeKind, OrganizationChange } from '#audit/contract';

/** Beginnings of the subjects of the reads that show an object of a kind. */
const READS: Readonly<Record<ChangeKind, readonly string[]>> = {
  organization: ['organizations.', 'identity.v1.me', 'billing.'],
  member: ['organizations.', 'identity.v1.me', 'access-keys.', 'billing.v1.usage', 'deployments.v1.clusters.access'],
  invitation: ['organizations.', 'billing.v1.usage'],
  'access-key': ['access-keys.', 'identity.v1.me', 'billing.v1.usage'],
  subscription: ['billing.', 'organizations.', 'identity.v1.me'],
  usage: ['billing.v1.usage', 'deployments.v1.usage'],
  application: ['deployments.v1.applications.', 'billing.v1.usage'],
  secret: ['deployments.v1.secrets.', 'deployments.v1.applications.'],
  webhook: ['deployments.v1.webhooks.'],
  profile: ['deployments.v1.profiles.'],
  cluster: ['deployments.v1.clusters.'],
  'cluster-access': ['deployments.v1.clusters.access'],
  credential: ['deployments.v1.credentials.'],
};
/** Kinds whose reads name the object in their input. */
const NAMED: readonly ChangeKind[] = ['application', 'secret', 'webhook', 'profile', 'cluster', 'cluster-access'];

/**
 * Returns whether a read may show something else after a change.
 *
 * @param key of the query: organization or '', subject, input
 */
export function isAffected(
  [org, subject, input]: readonly unknown[],
  { kind, name }: Pick<OrganizationChange, 'kind' | 'name'>,
  ofOrganization: string,
): boolean {
  if (typeof subject !== 'string' || (org !== '' && org !== ofOrganization)) return false;
  // The audit log lists every change.
  if (subject.startsWith('audit.v1.log.')) return true;
  if (!READS[kind].some((start) => subject.startsWith(start))) return false;
  const read = typeof input === 'object' && input !== null && 'name' in input ? input.name : undefined;
  return !NAMED.includes(kind) || name === null || read === undefined || read === name;
}
