import { createLaptop } from '#cli/testing';
import { allClusterEventsRequest, clusterEventsRequest, type ClusterEventView } from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const event = (more: Partial<ClusterEventView> = {}): ClusterEventView => ({
  time: '2026-11-24T12:02:11Z',
  cluster: 'dev',
  state: 'READY',
  by: 'ada@acme.dev',
  message: 'registered: Kubernetes v1.36.3, 3 nodes',
  position: `storestore.${'0'.repeat(19)}7`,
  ...more,
});
const lost = event({ state: 'UNREACHABLE', by: 'platform', message: 'not reachable for 60 s' });
const TEXT = `TIME                  STATE        MESSAGE
2026-11-24T12:02:11Z  READY        registered: Kubernetes v1.36.3, 3 nodes
2026-11-24T12:02:11Z  UNREACHABLE  not reachable for 60 s
`;
const laptop = () => {
  const at = createLaptop(folder, { commands: deploymentsCommands });
  at.logIn(['acme']);
  return at;
};

describe('clusters events', () => {
  it('prints them oldest first, and wide also by whom', async () => {
    const at = laptop();
    at.onStream(clusterEventsRequest, () => [event(), lost]);
    expect(await at.run('clusters events dev')).toMatchObject({ exit: 0, stdout: TEXT });
    const { stdout } = await at.run('clusters events dev -o wide');
    expect(stdout.split('\n')[1]).toMatch(/ada@acme\.dev$/);
    expect(JSON.parse((await at.run('clusters events dev -o json')).stdout)).toEqual({ items: [event(), lost] });
  });

  it('reads every page', async () => {
    const at = laptop();
    const full = Array.from({ length: 500 }, () => event());
    at.onStream(clusterEventsRequest, ({ after }) => (after === undefined ? full : [lost]));
    const { stdout } = await at.run('clusters events dev');
    expect(stdout.trim().split('\n')).toHaveLength(502);
    expect(at.sent.map(({ input }) => input['after'])).toEqual([undefined, event().position]);
  });

  it('follows them with -f', async () => {
    const at = laptop();
    at.onStream(clusterEventsRequest, () => [event(), lost]);
    const { stdout } = await at.run('clusters events dev -f');
    expect(stdout).toContain('not reachable for 60 s');
    expect(at.sent).toMatchObject([{ input: { org: 'id-of-acme', name: 'dev', follow: true } }]);
  });

  it('prints those of all clusters without a name, also with -f', async () => {
    const at = laptop();
    at.onStream(allClusterEventsRequest, () => [event(), { ...lost, cluster: 'eu-prod' }]);
    for (const command of ['clusters events', 'clusters events -f']) {
      const { stdout } = await at.run(command);
      expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
        ['TIME', 'CLUSTER', 'STATE'],
        ['2026-11-24T12:02:11Z', 'dev', 'READY'],
        ['2026-11-24T12:02:11Z', 'eu-prod', 'UNREACHABLE'],
        [''],
      ]);
    }
  });

  it('fails for a cluster that does not exist', async () => {
    const at = laptop();
    at.onStream(clusterEventsRequest, () =>
      domainError('deployments/cluster-not-found', 'not-found', 'Cluster dev not found.'),
    );
    expect(await at.run('clusters events dev')).toMatchObject({
      exit: 6,
      stderr: expect.stringContaining('Cluster dev not found.'),
    });
  });
});
