import { chooseCluster, type ClusterChoice } from './choose-cluster.ts';

const cluster = (name: string, provider: string, region: string | null): ClusterChoice => ({
  id: `id-of-${name}`,
  name,
  provider,
  region,
});
const eu = cluster('eu-prod', 'aws', 'eu-west-1');
const us = cluster('us-prod', 'aws', 'us-east-1');
const lab = cluster('lab', 'other', null);
const chosen = (cloudProvider: object | undefined, clusters: readonly ClusterChoice[], presentId?: string) => {
  const spec = { profileName: 'p', ...(cloudProvider && { cloudProvider: { provider: 'aws', ...cloudProvider } }) };
  const found = chooseCluster(spec, clusters, presentId, '/spec');
  return found.ok ? found.value.name : found.error;
};

describe('use-C6: the cluster of a profile that names none', () => {
  it('is the only one of its provider and region, or the only one', () => {
    expect(chosen({ region: 'us-east-1' }, [eu, us, lab])).toBe('us-prod');
    expect(chosen({}, [eu, lab])).toBe('eu-prod');
    expect(chosen(undefined, [lab])).toBe('lab');
  });
  it('stays the one that the profile has, as long as that one fits', () => {
    expect(chosen({}, [eu, us, lab], us.id)).toBe('us-prod');
    expect(chosen(undefined, [eu, us, lab], lab.id)).toBe('lab');
    expect(chosen({ region: 'eu-west-1' }, [eu, us, lab], us.id)).toBe('eu-prod');
  });
  it('is not guessed: an error lists the clusters that fit, or those that there are', () => {
    expect(chosen({}, [eu, us, lab])).toMatchObject({
      code: 'deployments/several-clusters-fit',
      detail:
        'Profile p fits more than one cluster: the organization has 2 clusters of provider aws: eu-prod (aws eu-west-1), us-prod (aws us-east-1).',
      errors: [{ pointer: '/spec/cloudProvider' }],
    });
    expect(chosen(undefined, [eu, lab])).toMatchObject({
      code: 'deployments/several-clusters-fit',
      errors: [{ pointer: '/spec/clusterName' }],
    });
    expect(chosen({ region: 'mars' }, [eu, lab])).toMatchObject({
      code: 'deployments/no-cluster-fits',
      detail: 'Profile p needs a cluster of provider aws in region mars, and the organization has none.',
      fix: 'use one of: eu-prod (aws eu-west-1), lab (other)',
    });
    expect(chosen(undefined, [])).toMatchObject({
      code: 'deployments/no-cluster-fits',
      fix: 'register one: astroctl clusters register --cluster-name NAME',
    });
  });
});
