import { loginAdmin, newPerson, startPlatform, type Platform } from '#testing';
import { logOf } from '#testing/log';

describe('clusters register --in-cluster, outside of a cluster', () => {
  const register = ['clusters', 'register', '--cluster-name', 'home', '--in-cluster'];
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ environment: { KUBERNETES_SERVICE_HOST: '', KUBERNETES_SERVICE_PORT: '' } });
  });
  afterAll(() => platform.stop());

  it('is refused if the owner is not a global admin', async () => {
    const grace = await newPerson(platform, 'grace@acme.dev', 'a password of grace');
    const done = await grace.machine.astroctl(register);
    expect([done.code, done.stderr]).toEqual([5, expect.stringContaining('Only a global admin can do this.')]);
  });

  it('fails for a global admin because the platform runs in no cluster, and records no event', async () => {
    const ada = await loginAdmin(platform);
    const done = await ada.machine.astroctl(register);
    expect([done.code, done.stderr]).toEqual([
      7,
      expect.stringMatching(/^Error: Cluster home is the one that the platform/),
    ]);
    expect(done.stderr).toContain('inCluster.enabled=true');
    const recorded = (await logOf(platform.dataDir)).filter(({ data }) => JSON.stringify(data).includes('"home"'));
    expect(recorded).toEqual([]);
  });

  it.each([
    [{ token: 'a-token' }, 'deployments/credential-not-needed'],
    [{ server: 'https://k8s.acme.dev' }, 'deployments/manifest-invalid'],
  ])('refuses an address and a credential: %j', async (more, code) => {
    const { key, accessToken, organization } = await loginAdmin(platform);
    expect(key).not.toBe(accessToken);
    const refused = await fetch(`${platform.url}/v1/organizations/${organization.id}/clusters/home`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ clusterName: 'home', inCluster: true, ...more }),
    });
    expect([refused.status, await refused.json()]).toEqual([422, expect.objectContaining({ code })]);
  });

  it('cannot be combined with a kubeconfig', async () => {
    const ada = await loginAdmin(platform);
    const done = await ada.machine.astroctl([...register, '--from-file', 'kubeconfig.yaml']);
    expect([done.code, done.stderr]).toEqual([
      2,
      expect.stringContaining('--in-cluster and --from-file cannot be combined'),
    ]);
  });
});
