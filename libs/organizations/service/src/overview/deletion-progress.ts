import type { OrganizationContents } from '#deployments/contract';
import type { OrganizationView } from '#organizations/contract';
import type { ActiveOrganization } from '../organization.ts';

type Progress = NonNullable<OrganizationView['deletion']>;

/**
 * Returns what a deletion in progress waits for, and what completes it.
 *
 * @param contents what is left; undefined while the service that knows it does not respond
 */
export function deletionProgress(
  { slug, deletion = { cascade: false, orphan: false } }: Pick<ActiveOrganization, 'slug' | 'deletion'>,
  contents: OrganizationContents | undefined,
): Progress {
  const { cascade, orphan } = deletion;
  if (!contents) {
    const unknown = { applications: null, profiles: null, clusters: null, waits: [] };
    return { cascade, orphan, ...unknown, reason: 'what is left is unknown: deployments does not respond', fix: null };
  }
  const { applications, clusters, waits } = contents;
  const profiles = cascade ? contents.profiles : { count: 0 };
  const left = { applications: applications.count, profiles: profiles.count, clusters: clusters.count, waits };
  return { cascade, orphan, ...left, ...explained(slug, deletion, left) };
}

function explained(
  slug: string,
  { cascade, orphan }: { readonly cascade: boolean; readonly orphan: boolean },
  { applications, profiles, clusters, waits }: Pick<Progress, 'applications' | 'profiles' | 'clusters' | 'waits'>,
): Pick<Progress, 'reason' | 'fix'> {
  const parts = [
    counted(applications, 'application'),
    counted(profiles, 'profile'),
    counted(clusters, 'registered cluster'),
  ].flatMap((part) => part ?? []);
  if (parts.length === 0) return { reason: 'nothing is left; it is completed in a few seconds', fix: null };
  const [first] = waits.filter(({ fix }) => fix !== null).concat(waits);
  const reason = `still to be deleted: ${parts.join(', ')}${first ? `; ${first.application}: ${first.reason}` : ''}`;
  if (!cascade) return { reason, fix: `astroctl org delete --org ${slug} --cascade` };
  // The hint is shown before a deletion has failed: a worker tries for minutes to reach a cluster.
  const orphaned = `astroctl org delete --org ${slug} --cascade --orphan`;
  return {
    reason,
    fix: first && !orphan ? `if a cluster is gone for good, keep the objects there: ${orphaned}` : null,
  };
}

const counted = (count: number | null, noun: string): string | undefined =>
  count === null || count === 0 ? undefined : `${count} ${noun}${count === 1 ? '' : 's'}`;
