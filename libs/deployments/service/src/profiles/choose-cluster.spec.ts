import { chooseCluster, type ClusterChoice, type PresentCluster } from './choose-cluster.ts';

const cluster = (name: string, provider: string, region: string | null): ClusterChoice => ({
  id: `id-of-${name}`,
  name,
  provider,
  region,
});
const eu = cluster('eu-prod', 'aws', 'eu-west-1');
const us = cluster('us-prod', 'aws', 'us-east-1');
const lab = cluster('lab', 'other', null);
const chosen = (cloudProvider: object | undefined, clusters: readonly ClusterChoice[], present?: PresentCluster) => {
  const spec = { profileName: 'p', ...(cloudProvider && { cloudProvider: { provider: 'aws', ...cloudProvider } }) };
  const found = chooseCluster(spec, clusters, present, '/spec');
  return found.ok ? found.value.name : found.error;
};

describe('use-C6: the cluster of a profile that names none', () => {
  it('is the only one of its provider and region, or the only one', () => {
    expect(chosen({ region: 'us-east-1' }, [eu, us, lab])).toBe('us-prod');
    expect(chosen({}, [eu, lab])).toBe('eu-prod');
    expect(chosen(undefined, [lab])).toBe('lab');
  });
  it('stays the one that the profile has, as long as that one fits', () => {
    expect(chosen({}, [eu, us, lab], { id: us.id, cloudProvider: undefined })).toBe('us-prod');
    expect(chosen(undefined, [eu, us, lab], { id: lab.id, cloudProvider: undefined })).toBe('lab');
    const anywhere = { id: us.id, cloudProvider: { provider: 'aws' } };
    expect(chosen({ region: 'eu-west-1' }, [eu, us, lab], anywhere)).toBe('eu-prod');
  });
  it('stays the one that the profile has while cloudProvider is unchanged, even if the cluster is another one by now', () => {
    const moved = cluster('eu-prod', 'aws', 'eu-north-1');
    const present = { id: moved.id, cloudProvider: { region: 'eu-west-1', provider: 'aws' } };
    expect(chosen({ region: 'eu-west-1' }, [moved, us], present)).toBe('eu-prod');
    expect(chosen({ region: 'us-east-1' }, [moved, us], present)).toBe('us-prod');
    expect(
      chosen({ region: 'us-east-1' }, [us], { id: 'gone', cloudProvider: { provider: 'aws', region: 'us-east-1' } }),
    ).toBe('us-prod');
  });
  it('is not guessed: an error lists the clusters that fit, or those that there are', () => {
    expect(chosen({}, [eu, us, lab])).toMatchObject({
      code: 'deployments/several-clusters-fit',
      detail:
        'Profile p fits more than one cluster: the organization has 2 clusters of provider aws: eu-prod (aws eu-west-1), us-prod (aws us-east-1).',
      errors: [{ pointer: '/spec/cloudProvider' }],
      fix: 'set clusterName instead of cloudProvider',
    });
    expect(chosen(undefined, [eu, lab])).toMatchObject({
      code: 'deployments/several-clusters-fit',
      errors: [{ pointer: '/spec/clusterName' }],
      fix: 'name one of them in spec.clusterName',
    });
    const many = Array.from({ length: 25 }, (_, index) => cluster(`c${index}`, 'aws', null));
    expect(chosen({}, many)).toMatchObject({
      detail: expect.stringMatching(/has 25 clusters of provider aws: .*, 5 more/),
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
