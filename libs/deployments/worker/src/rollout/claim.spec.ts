import { claimAttemptRequest } from '#deployments/contract';
import { silentLogger } from '#kernel';
import { manualClock, sequenceIds, type ManualClock } from '#testing';
import { ScriptedDeployments } from '../testing/scripted-deployments.worker.ts';
import { Claim, ClaimLostError } from './claim.worker.ts';

const cluster = {
  clusterId: 'c',
  organizationId: 'o',
  name: 'dev',
  server: 'https://127.0.0.1',
  certificateAuthority: null,
  tlsServerName: null,
  credential: 'x',
  policy: { namespaces: ['*'], clusterScoped: 'deny' as const, podSecurity: 'baseline' as const },
  type: 'registered' as const,
};
const base = {
  kind: 'deploy' as const,
  organizationId: 'o',
  organizationSlug: 'acme',
  applicationId: 'a',
  applicationName: 'web',
  revision: 1,
  cluster,
  targetNamespace: 'n',
  namespaceMode: 'override' as const,
  ownsNamespace: true,
  resolved: 'r',
  orphan: false,
};

describe('a claim', () => {
  let clock: ManualClock;
  let deployments: ScriptedDeployments;
  let claim: Claim;
  let attemptId: string;

  beforeEach(async () => {
    clock = manualClock();
    deployments = new ScriptedDeployments(clock);
    const task = deployments.newAttempt(base);
    attemptId = task.attemptId;
    const granted = await deployments.request(claimAttemptRequest, {
      organizationId: 'o',
      applicationId: 'a',
      attemptId,
      worker: 'w',
      incarnation: '1',
    });
    if (!granted.ok || !granted.value.granted) throw new Error('not granted');
    claim = new Claim(
      { bus: deployments, clock, ids: sequenceIds(), logger: silentLogger, keepItem: () => Promise.resolve() },
      { ...granted.value, requestedAt: clock.monotonic() },
    );
  });
  afterEach(() => claim.stop());

  const settle = () => new Promise(setImmediate);

  it('K8.6-42: ends with its lease, measured from the time of the request, regardless of the other clock', () => {
    const deadline = clock.monotonic() + 30_000;
    expect(claim.deadline()).toBe(deadline);
    clock.jump(-3_600_000);
    expect(claim.deadline()).toBe(deadline);
  });

  it('is extended in the background before 10 s have passed', async () => {
    clock.advance(9_000);
    await settle();
    expect(claim.deadline()).toBeGreaterThanOrEqual(38_000);
  });

  it('reports that a newer revision was requested', async () => {
    deployments.attempt(attemptId).superseded = true;
    await claim.extend();
    expect(claim.superseded.aborted).toBe(true);
  });

  it('is extended before a wave unless a report has just extended it', async () => {
    await claim.report({ step: 'fetched', source: 'x' });
    deployments.attempt(attemptId).superseded = true;
    clock.advance(500);
    await claim.extendBeforeWave();
    expect(claim.superseded.aborted).toBe(false);
    clock.advance(1);
    await claim.extendBeforeWave();
    expect(claim.superseded.aborted).toBe(true);
    claim.stop();
    await expect(claim.extendBeforeWave()).rejects.toThrow(ClaimLostError);
  });

  it('is lost without further reports when another worker holds it', async () => {
    deployments.attempt(attemptId).claim++;
    await expect(claim.report({ step: 'fetched', source: 'x' })).rejects.toThrow(ClaimLostError);
    expect(claim.lost.aborted).toBe(true);
    expect(claim.deadline()).toBe(Number.NEGATIVE_INFINITY);
    await expect(claim.extend()).rejects.toThrow(ClaimLostError);
  });

  it('is lost when the service does not respond until the lease ends', async () => {
    deployments.silent = true;
    const told = expect(claim.report({ step: 'fetched', source: 'x' })).rejects.toThrow(ClaimLostError);
    for (let second = 0; second < 40; second++) {
      await settle();
      clock.advance(1_000);
    }
    await told;
  });

  it('sends its report when the service responds again', async () => {
    deployments.silent = true;
    const told = claim.report({ step: 'fetched', source: 'x' });
    await settle();
    deployments.silent = false;
    clock.advance(2_000);
    await told;
    expect(deployments.attempt(attemptId).steps).toEqual([{ step: 'fetched', source: 'x' }]);
  });

  it('reports a step together with the next one, or with the end', async () => {
    const fetched = { step: 'fetched', source: 'x' } as const;
    const rendered = { step: 'rendered', objects: 1, digest: 'd' } as const;
    const healthy = { step: 'healthy', message: 'all objects ready' } as const;
    claim.reportWithNext(fetched);
    expect(deployments.attempt(attemptId).steps).toEqual([]);
    await claim.report(rendered);
    claim.reportWithNext(healthy);
    expect(deployments.attempt(attemptId).steps).toEqual([fetched, rendered]);
    await claim.finish({ outcome: 'superseded' });
    expect(deployments.attempt(attemptId)).toMatchObject({
      steps: [fetched, rendered, healthy],
      outcome: { outcome: 'superseded' },
    });
  });

  it('ends once', async () => {
    await claim.finish({ outcome: 'superseded' });
    await claim.finish({
      outcome: 'failed',
      code: 'x',
      message: 'x',
      fix: null,
      applied: false,
      inventory: [],
      serving: null,
    });
    expect(deployments.attempt(attemptId).outcome).toEqual({ outcome: 'superseded' });
  });
});
