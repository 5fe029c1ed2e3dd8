import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { conditionsShown, deployment, pod, testCluster, type TestCluster } from './cluster.fixture.ts';
import { at, objectsAt, textAt } from './fields.ts';
import { simulatedLogs } from './pod-logs.ts';
import { isReady } from './pod-state.ts';

const folder = temporaryFolder();
let tests = 0;
let cluster: TestCluster;
beforeEach(() => void (cluster = testCluster(join(folder, String((tests += 1))))));
afterEach(() => cluster.close());

const waiting = (name: string) =>
  objectsAt(cluster.get('pods', name), 'status', 'containerStatuses').map((status) =>
    textAt(status, 'state', 'waiting', 'reason'),
  );
const restarts = (name: string) => at(cluster.get('pods', name), 'status', 'containerStatuses', 0, 'restartCount');

describe('a pod', () => {
  it('changes from Pending through ContainerCreating to Running and Ready', () => {
    cluster.create(pod('a'));
    cluster.pass(0);
    expect(textAt(cluster.get('pods', 'a'), 'status', 'phase')).toBe('Pending');
    expect(waiting('a')).toEqual(['ContainerCreating']);
    cluster.pass(3_000);
    expect(textAt(cluster.get('pods', 'a'), 'status', 'phase')).toBe('Running');
    expect(isReady(cluster.get('pods', 'a'))).toBe(true);
    expect(
      cluster
        .events('a')
        .map((text) => text.split(':')[0])
        .sort(),
    ).toEqual(['Created', 'Pulled', 'Pulling', 'Scheduled', 'Started']);
  });

  it('does not pull an invalid image reference', () => {
    cluster.create(pod('a', { image: 'registry.example/Web:1' }));
    cluster.pass(30_000);
    expect(waiting('a')).toEqual(['InvalidImageName']);
    expect(cluster.events('a').join('\n')).toContain(
      'InspectFailed: Failed to apply default image tag "registry.example/Web:1"',
    );
  });

  it('alternates between ErrImagePull and ImagePullBackOff when its image does not exist', () => {
    cluster.create(pod('a', { image: 'sandbox.invalid/app:missing-v3' }));
    cluster.pass(3_000);
    expect(waiting('a')).toEqual(['ErrImagePull']);
    cluster.pass(6_000);
    expect(waiting('a')).toEqual(['ImagePullBackOff']);
    cluster.pass(4_000);
    expect(waiting('a')).toEqual(['ErrImagePull']);
  });

  it('restarts after a crash with a back-off that doubles up to five minutes', () => {
    cluster.create(pod('a', { image: 'sandbox.invalid/app:crash' }));
    cluster.pass(8_000);
    expect(waiting('a')).toEqual(['CrashLoopBackOff']);
    expect(restarts('a')).toBe(1);
    const counts = [15_000, 25_000, 45_000, 85_000].map((ms) => {
      cluster.pass(ms);
      return restarts('a');
    });
    expect(counts).toEqual([2, 3, 4, 5]);
    cluster.pass(3_600_000);
    const before = Number(restarts('a'));
    cluster.pass(3_020_000);
    expect(Number(restarts('a')) - before).toBe(10);
    expect(textAt(cluster.get('pods', 'a'), 'status', 'containerStatuses', 0, 'state', 'waiting', 'message')).toMatch(
      /^back-off 5m0s restarting failed container=web pod=a_shop\(/,
    );
    expect(
      simulatedLogs.lines(cluster.get('pods', 'a'), 'web', { previous: true, nowMs: cluster.clock.now() }).at(-1)?.text,
    ).toBe('simulated: the program would fail with exit code 1');
  });

  it('shows the exit code of its image tag, and OOMKilled when memory is exceeded', () => {
    cluster.create(pod('a', { image: 'sandbox.invalid/app:exit-7', podSpec: { restartPolicy: 'Never' } }));
    cluster.create(pod('b', { image: 'sandbox.invalid/app:oom' }));
    cluster.pass(10_000);
    expect(cluster.get('pods', 'a').status).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ state: { terminated: { exitCode: 7, reason: 'Error' } } }],
    });
    expect(cluster.get('pods', 'b').status).toMatchObject({
      containerStatuses: [{ lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
    });
  });

  it('becomes ready late or never, as its image tag says', () => {
    cluster.create(pod('slow', { image: 'sandbox.invalid/app:slow-30s' }));
    cluster.create(pod('never', { image: 'sandbox.invalid/app:unready' }));
    cluster.pass(29_000);
    expect(isReady(cluster.get('pods', 'slow'))).toBe(false);
    cluster.pass(5_000);
    expect(isReady(cluster.get('pods', 'slow'))).toBe(true);
    cluster.pass(600_000);
    expect(conditionsShown(cluster.get('pods', 'never'))).toContain('Ready=False ContainersNotReady');
  });

  it('is killed by its liveness probe when it responds too late', () => {
    const container = { livenessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 5, failureThreshold: 2 } };
    cluster.create(pod('a', { image: 'sandbox.invalid/app:slow-60s', container }));
    cluster.pass(15_000);
    expect(restarts('a')).toBe(1);
    expect(cluster.events('a').join('\n')).toContain('Unhealthy: Liveness probe failed');
  });

  it('waits for its ConfigMap and starts when the ConfigMap exists', () => {
    const container = { envFrom: [{ configMapRef: { name: 'settings' } }] };
    cluster.create(pod('a', { container }));
    cluster.pass(5_000);
    expect(cluster.get('pods', 'a').status).toMatchObject({
      containerStatuses: [
        { state: { waiting: { reason: 'CreateContainerConfigError', message: 'configmap "settings" not found' } } },
      ],
    });
    cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop' } });
    cluster.pass(6_000);
    expect(isReady(cluster.get('pods', 'a'))).toBe(true);
  });

  it('does not mount a Secret that does not exist', () => {
    cluster.create(pod('a', { podSpec: { volumes: [{ name: 'keys', secret: { secretName: 'keys' } }] } }));
    cluster.pass(5_000);
    expect(waiting('a')).toEqual(['ContainerCreating']);
    expect(cluster.events('a')).toContain(
      'FailedMount: MountVolume.SetUp failed for volume "keys" : secret "keys" not found',
    );
  });

  it('fails with runAsNonRoot on official images that specify no user', () => {
    const podSpec = { securityContext: { runAsNonRoot: true } };
    cluster.create(pod('a', { image: 'nginx:1.29', podSpec }));
    cluster.create(
      pod('b', {
        image: 'docker.io/library/redis',
        podSpec: { securityContext: { runAsNonRoot: true, runAsUser: 1000 } },
      }),
    );
    cluster.pass(5_000);
    expect(textAt(cluster.get('pods', 'a'), 'status', 'containerStatuses', 0, 'state', 'waiting', 'message')).toMatch(
      /^container has runAsNonRoot and image will run as root \(pod: "a_shop\(/,
    );
    expect(isReady(cluster.get('pods', 'b'))).toBe(true);
  });

  it('stays unscheduled while it requests more than is available, and is scheduled when pods end', () => {
    const container = { resources: { requests: { cpu: '5' } } };
    cluster.create(pod('a', { container }));
    cluster.pass(3_000);
    cluster.create(pod('b', { container }));
    cluster.pass(3_000);
    expect(conditionsShown(cluster.get('pods', 'b'))).toEqual(['PodScheduled=False Unschedulable']);
    expect(cluster.events('b')[0]).toMatch(/^FailedScheduling: 0\/1 nodes are available: 1 Insufficient cpu\./);
    cluster.delete('pods', 'a');
    cluster.pass(5_000);
    expect(isReady(cluster.get('pods', 'b'))).toBe(true);
  });

  it.each(['crash', 'exit-3', 'oom', 'exit-0'])(
    'use-X3: with image tag :%s never becomes ready, with or without probes',
    (tag) => {
      const image = `sandbox.invalid/app:${tag}`;
      cluster.create(pod('bare', { image }));
      cluster.create(pod('probed', { image, container: { readinessProbe: { tcpSocket: { port: 80 } } } }));
      for (let ms = 0; ms < 15_000; ms += 250) {
        cluster.pass(250);
        for (const name of ['bare', 'probed']) expect(isReady(cluster.get('pods', name))).toBe(false);
      }
    },
  );

  it.each([
    ['Never', 'web:1', 'Succeeded'],
    ['OnFailure', 'web:1', 'Succeeded'],
    ['Never', 'app:exit-3', 'Failed'],
    ['Always', 'web:1', 'Running'],
  ])('use-X5: with restartPolicy %s and image …/%s reaches the phase %s', (restartPolicy, image, phase) => {
    cluster.create(pod('a', { image: `sandbox.invalid/${image}`, podSpec: { restartPolicy } }));
    cluster.pass(10_000);
    expect(textAt(cluster.get('pods', 'a'), 'status', 'phase')).toBe(phase);
  });

  it('stops within its grace period and is removed', () => {
    cluster.create(pod('a'));
    cluster.pass(5_000);
    cluster.delete('pods', 'a');
    cluster.pass(250);
    expect(cluster.get('pods', 'a').metadata.deletionGracePeriodSeconds).toBe(30);
    cluster.pass(3_000);
    expect(cluster.has('pods', 'a')).toBe(false);
    expect(cluster.events('a')).toContain('Killing: Stopping container web');
  });

  it('runs init containers first', () => {
    cluster.create(pod('a', { podSpec: { initContainers: [{ name: 'setup', image: 'registry.example/setup:1' }] } }));
    cluster.pass(1_500);
    expect(waiting('a')).toEqual(['PodInitializing']);
    cluster.pass(5_000);
    expect(isReady(cluster.get('pods', 'a'))).toBe(true);
  });

  it('has its own address', () => {
    cluster.create(deployment('web', { spec: { replicas: 30 } }));
    cluster.pass(5_000);
    const addresses = cluster.list('pods').map((each) => textAt(each, 'status', 'podIP'));
    expect(new Set(addresses).size).toBe(30);
  });
});

describe('logs', () => {
  it('state in every line that they are simulated', () => {
    cluster.create(pod('a'));
    cluster.pass(60_000);
    const lines = simulatedLogs.lines(cluster.get('pods', 'a'), 'web', { previous: false, nowMs: cluster.clock.now() });
    expect(lines.length).toBeGreaterThan(5);
    for (const { text } of lines) expect(text).toMatch(/^simulated: /);
  });

  it('are the same on every read, and continue when followed', () => {
    cluster.create(pod('a'));
    cluster.pass(30_000);
    const read = () =>
      simulatedLogs.lines(cluster.get('pods', 'a'), 'web', { previous: false, nowMs: cluster.clock.now() });
    const before = read();
    const wait = simulatedLogs.nextInMs(cluster.get('pods', 'a'), 'web', cluster.clock.now()) ?? 0;
    cluster.pass(wait);
    expect(read().slice(0, before.length)).toEqual(before);
    expect(read()).toHaveLength(before.length + 1);
  });
});
