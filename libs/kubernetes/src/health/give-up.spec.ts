import { readFileSync } from 'node:fs';
import { GIVE_UP, Patience, waitText } from './give-up.ts';

describe('use-D6: Patience', () => {
  const waits = (scale = 1, failFast = false) => new Patience({ failFast, scale });

  it.each([
    ['deployments/image-not-found', 60],
    ['deployments/config-missing', 60],
    ['deployments/no-capacity', 180],
    ['deployments/volume-not-bound', 180],
  ] as const)('ends the attempt for %s after %i seconds, not before', (code, seconds) => {
    const patience = waits();
    expect(patience.givesUp(code, 1_000)).toBeUndefined();
    expect(patience.givesUp(code, seconds * 1_000 + 999)).toBeUndefined();
    expect(patience.givesUp(code, seconds * 1_000 + 1_000)).toEqual({ waited: `${seconds} s` });
  });

  it('starts again when the failure has passed, but not in the gap between two retries', () => {
    const patience = waits();
    patience.givesUp('deployments/config-missing', 0);
    patience.givesUp(undefined, 5_000);
    expect(patience.givesUp('deployments/config-missing', 60_000)).toBeDefined();
    patience.givesUp(undefined, 71_000);
    expect(patience.givesUp('deployments/config-missing', 72_000)).toBeUndefined();
  });

  it('waits for the third image pull of a slow registry, if the node reports its attempts', () => {
    const patience = waits();
    const see = (reason: string) => patience.seePulls(new Map([['web-1/web', reason]]));
    for (const reason of ['ErrImagePull', 'ImagePullBackOff', 'ErrImagePull']) see(reason);
    patience.givesUp('deployments/image-not-found', 0);
    expect(patience.givesUp('deployments/image-not-found', 70_000)).toBeUndefined();
    see('ImagePullBackOff');
    see('ErrImagePull');
    expect(patience.givesUp('deployments/image-not-found', 75_000)).toEqual({ waited: '3 tries, 75 s' });
  });

  it('ends the attempt immediately with --fail-fast, and for permanent failures', () => {
    expect(waits(1, true).givesUp('deployments/no-capacity', 0)).toBeDefined();
    expect(waits().givesUp('deployments/runs-as-root', 0)).toBeDefined();
    expect(waits().givesUp(undefined, 0)).toBeUndefined();
  });

  it('describes the wait', () => {
    expect(waitText('deployments/no-capacity')).toBe('for up to 180 s');
    expect(waitText('deployments/container-crashed')).toBe('up to 3 restarts');
    expect(waitText('deployments/runs-as-root')).toBe('');
  });

  it('uses the times in the user guide', () => {
    const guide = readFileSync(new URL('../../../../docs/user-guide.md', import.meta.url), 'utf8');
    const times = Object.values(GIVE_UP).flatMap((rule) => (rule.when === 'after' ? rule.ms / 1_000 : []));
    for (const seconds of new Set(times)) expect(guide).toContain(`| ${seconds} s`);
  });
});
