import { domainError } from '#kernel';

/** Errors about profiles. */
export const profileErrors = {
  profileNotFound: (name: string, known: readonly string[]) =>
    domainError('deployments/profile-not-found', 'not-found', `Profile ${name} not found.`, {
      fix: known.length === 0 ? 'create one: astroctl app profile apply -f FILE' : `use one of: ${known.join(', ')}`,
    }),
  /** @param wanted such as `of provider aws in eu-west-1` @param known clusters as text */
  noClusterFits: (profile: string, wanted: string, known: readonly string[], pointer: string) =>
    domainError(
      'deployments/no-cluster-fits',
      'invalid',
      `Profile ${profile} needs a cluster${wanted}, and the organization has none.`,
      {
        errors: [{ pointer, message: `fits no cluster: the organization has none${wanted}` }],
        fix:
          known.length === 0
            ? 'register one: astroctl clusters register --cluster-name NAME'
            : `use one of: ${known.join(', ')}`,
      },
    ),
  /** @param fitting `count` of the clusters, and the first of them as text @param wanted empty without cloudProvider */
  severalClustersFit: (
    profile: string,
    wanted: string,
    fitting: { readonly count: number; readonly names: readonly string[] },
    pointer: string,
  ) => {
    const several = `the organization has ${fitting.count} clusters${wanted}: ${fitting.names.join(', ')}`;
    return domainError(
      'deployments/several-clusters-fit',
      'invalid',
      `Profile ${profile} fits more than one cluster: ${several}.`,
      {
        errors: [{ pointer, message: `fits more than one cluster: ${several}` }],
        fix: wanted === '' ? 'name one of them in spec.clusterName' : 'set clusterName instead of cloudProvider',
      },
    );
  },
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
