import { createLaptop } from '#cli/testing';
import {
  applicationEventsRequest,
  applicationLogsRequest,
  applicationStatusRequest,
  applyApplicationRequest,
  deleteApplicationRequest,
  pauseApplicationRequest,
  restartApplicationRequest,
  resumeApplicationRequest,
  syncApplicationRequest,
  type ApplicationView,
} from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const web = (more: Partial<ApplicationView> = {}): ApplicationView => ({
  name: 'web',
  status: 'RUNNING',
  health: 'Healthy',
  sync: 'Synced',
  version: 'v3',
  organization: 'acme',
  profileName: 'production',
  clusterName: 'dev',
  provider: 'kind',
  region: null,
  targetNamespace: 'acme-web',
  sourceType: 'image',
  sourceRef: 'images.acme.dev/web:1',
  replicas: '1/1',
  endpoint: null,
  updatedAt: '2026-12-01T01:00:00.000Z',
  message: 'all pods ready',
  code: null,
  fix: null,
  servingVersion: null,
  attempt: { id: 'a7', number: 7, state: 'QUEUED' },
  id: 'app-1',
  tier: 'basic',
  protected: false,
  limits: null,
  autoscaling: null,
  deployedBy: 'ada@acme.dev',
  createdAt: '2026-12-01T00:00:00.000Z',
  labels: {},
  description: null,
  ...more,
});
const statusOf = (number: number, state: 'SUCCEEDED' | 'RUNNING') => {
  const { id, tier, protected: _, limits, autoscaling, deployedBy, createdAt, labels, description, ...status } = web();
  return { ...status, attempt: { id: `a${number}`, number, state }, pods: [] };
};
const laptop = () => {
  const made = createLaptop(folder, { commands: deploymentsCommands });
  made.logIn(['acme']);
  return made;
};
const operated =
  (changed: boolean, more: Partial<ApplicationView> = {}) =>
  () => ({
    application: web(more),
    changed,
    attemptId: changed ? 'a7' : null,
  });

describe('use-D1: astroctl', () => {
  it('app sync and app restart wait for the attempt that they requested, not for one that ended before', async () => {
    for (const [word, done, contract] of [
      ['sync', 'synced', syncApplicationRequest],
      ['restart', 'restarted', restartApplicationRequest],
    ] as const) {
      const at = laptop();
      at.on(contract, operated(true));
      let asked = 0;
      at.on(applicationStatusRequest, () => (++asked < 3 ? statusOf(6, 'SUCCEEDED') : statusOf(7, 'SUCCEEDED')));
      expect(await at.run(`app ${word} web --wait`)).toMatchObject({ exit: 0, stdout: `application/web ${done}\n` });
      expect(asked).toBe(3);
    }
  });

  it('app pause and app resume print the result', async () => {
    const at = laptop();
    at.on(pauseApplicationRequest, operated(true));
    at.on(resumeApplicationRequest, operated(false));
    expect(await at.run('app pause web')).toMatchObject({ exit: 0, stdout: 'application/web paused\n' });
    expect(await at.run('app resume web')).toMatchObject({ exit: 0, stdout: 'application/web unchanged\n' });
  });

  it('app apply prints synced when the same revision is deployed again', async () => {
    const at = laptop();
    at.on(applyApplicationRequest, () => ({
      application: web(),
      outcome: 'synced' as const,
      changes: [],
      attemptId: 'a7',
      dryRun: false,
    }));
    const manifest = JSON.stringify({
      apiVersion: 'platform.astropulse.io/v1',
      kind: 'Application',
      metadata: { name: 'web' },
      spec: { source: { type: 'image', image: { registry: 'images.acme.dev', repository: 'web', tag: '1' } } },
    });
    const done = await at.run('app apply -f -', { stdin: manifest });
    expect(done).toMatchObject({ exit: 0, stdout: 'application/web synced\n' });
    expect(done.stderr).toContain('web v3 is deployed again');
  });

  it('app wait ends immediately when the application is paused', async () => {
    const at = laptop();
    at.on(applicationStatusRequest, () => ({ ...statusOf(6, 'SUCCEEDED'), status: 'PAUSED' as const }));
    const waited = await at.run('app wait web');
    expect(waited.exit).toBe(3);
    expect(waited.stderr).toContain('astroctl app resume web');
  });
});

it('app sync, restart, pause, and resume send the message, if there is one', async () => {
  for (const [word, contract] of [
    ['sync', syncApplicationRequest],
    ['restart', restartApplicationRequest],
    ['pause', pauseApplicationRequest],
    ['resume', resumeApplicationRequest],
  ] as const) {
    const at = laptop();
    at.on(contract, operated(true));
    await at.run(`app ${word} web`);
    await at.run(['app', word, 'web', '--message', 'a migration runs']);
    expect(at.sent.map(({ input }) => input)).toEqual([
      { org: 'id-of-acme', name: 'web' },
      { org: 'id-of-acme', name: 'web', message: 'a migration runs' },
    ]);
  }
});

describe('use-D20: a failed rollout', () => {
  const podOf = (name: string, more: object) => ({
    name,
    ready: '0/1',
    state: 'Running',
    restarts: 0,
    node: null,
    createdAt: '2026-12-01T01:00:00.000Z',
    ...more,
  });
  const failed = (...failing: string[]) => ({
    ...statusOf(6, 'SUCCEEDED'),
    pods: [podOf('db-0', {}), ...failing.map((name) => podOf(name, { failing: true }))],
    status: 'DEGRADED' as const,
    attempt: { id: 'a6', number: 6, state: 'FAILED' as const },
    message: 'a sentence for people, which names pod/web-7',
    code: 'deployments/update-blocked',
    fix: 'kubectl delete pod db-1 -n web',
    servingVersion: 'v2',
  });
  const line = (pod: string) => ({ pod, container: 'c', time: null, line: `says ${pod}` });

  it('shows only the log lines of the failed pod, and the fix of the failure', async () => {
    const at = laptop();
    at.on(applicationStatusRequest, () => failed('db-1'));
    at.onStream(applicationLogsRequest, () => [line('db-0'), line('db-1')]);
    const { exit, stderr } = await at.run('app wait web');
    expect(exit).toBe(3);
    expect(stderr).toContain('db-1: says db-1');
    expect(stderr).not.toContain('says db-0');
    expect(stderr).toContain('kubectl delete pod db-1 -n web, or roll back: astroctl app rollback web --to v2');
  });

  it('shows no log lines of pods of the version that is still serving', async () => {
    const at = laptop();
    at.on(applicationStatusRequest, () => failed());
    at.onStream(applicationLogsRequest, () => [line('web-old')]);
    expect((await at.run('app wait web')).stderr).not.toContain('web-old');
  });
});

it('use-D4: app delete lists the objects that it left on the cluster', async () => {
  const at = laptop();
  const kept = 'CustomResourceDefinition widgets.acme.dev is kept because it contains Widget theirs in shop';
  at.on(deleteApplicationRequest, () => ({ name: 'web', attemptId: 'a8', objects: ['Deployment/web'], dryRun: false }));
  at.on(applicationStatusRequest, () => domainError('deployments/application-not-found', 'not-found', 'It is gone.'));
  at.onStream(applicationEventsRequest, () => [
    {
      source: 'platform' as const,
      time: '2026-12-01T02:00:00.000Z',
      step: 'succeeded' as const,
      version: 'v3',
      by: 'deploy-worker',
      message: 'a sentence for people',
      kept: [{ object: 'CustomResourceDefinition widgets.acme.dev', contains: 'Widget theirs in shop' }],
      position: 'p',
    },
  ]);
  const { exit, stdout, stderr } = await at.run('app delete web -y');
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'application/web deleted\n' });
  expect(stderr).toContain(kept);
});
