import type { ProfileSpec } from '#deployments/contract';
import { err, ok, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';

/** A cluster that a profile may choose. */
export interface ClusterChoice {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly region: string | null;
}

/** Maximum number of clusters that an error lists. */
const MAX_LISTED = 20;

/**
 * Returns the cluster of a profile that names none: the one that it has, as long as that one fits, otherwise the only
 * one that fits.
 * @param presentId of the cluster that the profile has
 * @param pointer of the spec in the request
 */
export function chooseCluster(
  { profileName, cloudProvider }: ProfileSpec,
  clusters: readonly ClusterChoice[],
  presentId: string | undefined,
  pointer: string,
): Result<ClusterChoice, DeploymentsError> {
  const fitting = clusters.filter(
    ({ provider, region }) =>
      cloudProvider === undefined ||
      (provider === cloudProvider.provider && (cloudProvider.region === undefined || region === cloudProvider.region)),
  );
  const present = fitting.find(({ id }) => id === presentId);
  const [first, second] = fitting;
  if (present) return ok(present);
  if (first && !second) return ok(first);
  const at = cloudProvider === undefined ? `${pointer}/clusterName` : `${pointer}/cloudProvider`;
  const { provider, region } = cloudProvider ?? {};
  const wanted =
    provider === undefined ? '' : ` of provider ${provider}${region === undefined ? '' : ` in region ${region}`}`;
  return err(
    first
      ? deploymentsErrors.severalClustersFit(profileName, wanted, listed(fitting), at)
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
