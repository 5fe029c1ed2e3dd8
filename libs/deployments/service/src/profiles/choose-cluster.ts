import type { ProfileSpec } from '#deployments/contract';
import { canonicalJson, err, ok, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';

/** A cluster that a profile may choose. */
export interface ClusterChoice {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly region: string | null;
}

/** Cluster of a profile at present, and the cloud provider that its manifest names. */
export interface PresentCluster {
  readonly id: string;
  readonly cloudProvider: ProfileSpec['cloudProvider'];
}

/** Maximum number of clusters that an error lists. */
const MAX_LISTED = 20;

/**
 * Returns the cluster of a profile that names none: the one that it has, as long as that one fits or the profile asks for
 * the same as before, otherwise the only one that fits.
 * @param present undefined for a new profile
 * @param pointer of the spec in the request
 */
export function chooseCluster(
  { profileName, cloudProvider }: ProfileSpec,
  clusters: readonly ClusterChoice[],
  present: PresentCluster | undefined,
  pointer: string,
): Result<ClusterChoice, DeploymentsError> {
  const fitting = clusters.filter(
    ({ provider, region }) =>
      cloudProvider === undefined ||
      (provider === cloudProvider.provider && (cloudProvider.region === undefined || region === cloudProvider.region)),
  );
  const isUnchanged = canonicalJson(present?.cloudProvider ?? null) === canonicalJson(cloudProvider ?? null);
  const kept = (isUnchanged ? clusters : fitting).find(({ id }) => id === present?.id);
  const [first, second] = fitting;
  if (kept) return ok(kept);
  if (first && !second) return ok(first);
  const at = cloudProvider === undefined ? `${pointer}/clusterName` : `${pointer}/cloudProvider`;
  const { provider, region } = cloudProvider ?? {};
  const wanted =
    provider === undefined ? '' : ` of provider ${provider}${region === undefined ? '' : ` in region ${region}`}`;
  return err(
    first
      ? deploymentsErrors.severalClustersFit(profileName, wanted, { count: fitting.length, names: listed(fitting) }, at)
      : deploymentsErrors.noClusterFits(profileName, wanted, listed(clusters), at),
  );
}

function listed(clusters: readonly ClusterChoice[]): string[] {
  const texts = clusters.map(
    ({ name, provider, region }) => `${name} (${region === null ? provider : `${provider} ${region}`})`,
  );
  const more = texts.length - MAX_LISTED;
  return more > 0 ? [...texts.slice(0, MAX_LISTED), `${more} more`] : texts;
}
