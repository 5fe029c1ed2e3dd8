import { readFileSync } from 'node:fs';
import { FAILURE_TOLERANCES, FailureTracker, waitText } from './failure-tolerance.ts';

describe('use-D6: Patience', () => {
  const waits = (scale = 1, failFast = false) => new FailureTracker({ failFast, scale });

  it.each([
    ['deployments/image-not-found', 60],
    ['deployments/config-missing', 60],
    ['deployments/no-capacity', 180],
    ['deployments/volume-not-bound', 180],
  ] as const)('ends the attempt for %s after %i seconds, not before', (code, seconds) => {
    const tracker = waits();
    expect(tracker.shouldFail(code, 1_000)).toBeUndefined();
    expect(tracker.shouldFail(code, seconds * 1_000 + 999)).toBeUndefined();
    expect(tracker.shouldFail(code, seconds * 1_000 + 1_000)).toEqual({ waited: `${seconds} s` });
  });

  it('starts again when the failure has passed, but not in the gap between two retries', () => {
    const tracker = waits();
    tracker.shouldFail('deployments/config-missing', 0);
    tracker.shouldFail(undefined, 5_000);
    expect(tracker.shouldFail('deployments/config-missing', 60_000)).toBeDefined();
    tracker.shouldFail(undefined, 71_000);
    expect(tracker.shouldFail('deployments/config-missing', 72_000)).toBeUndefined();
  });

  it('waits for the third image pull of a slow registry, if the node reports its attempts', () => {
    const tracker = waits();
    const see = (reason: string) => tracker.recordPulls(new Map([['web-1/web', reason]]));
    for (const reason of ['ErrImagePull', 'ImagePullBackOff', 'ErrImagePull']) see(reason);
    tracker.shouldFail('deployments/image-not-found', 0);
    expect(tracker.shouldFail('deployments/image-not-found', 70_000)).toBeUndefined();
    see('ImagePullBackOff');
    see('ErrImagePull');
    expect(tracker.shouldFail('deployments/image-not-found', 75_000)).toEqual({ waited: '3 tries, 75 s' });
  });

  it('ends the attempt immediately with --fail-fast, and for permanent failures', () => {
    expect(waits(1, true).shouldFail('deployments/no-capacity', 0)).toBeDefined();
    expect(waits().shouldFail('deployments/runs-as-root', 0)).toBeDefined();
    expect(waits().shouldFail(undefined, 0)).toBeUndefined();
  });

  it('describes the wait', () => {
    expect(waitText('deployments/no-capacity')).toBe('for up to 180 s');
    expect(waitText('deployments/container-crashed')).toBe('up to 3 restarts');
    expect(waitText('deployments/runs-as-root')).toBe('');
  });

  it('uses the times in the user guide', () => {
    const guide = readFileSync(new URL('../../../../docs/user-guide.md', import.meta.url), 'utf8');
    const times = Object.values(FAILURE_TOLERANCES).flatMap((rule) => (rule.when === 'after' ? rule.ms / 1_000 : []));
    for (const seconds of new Set(times)) expect(guide).toContain(`| ${seconds} s`);
  });
});
