import { failureOfHook } from './hook-failure.ts';

const hook = { phase: 'pre-deploy' as const, object: { kind: 'Job', metadata: { name: 'migrate' } } };
const about = { app: 'web' };
const key = { group: 'batch', kind: 'Job', name: 'migrate' };

describe('the failure of a hook', () => {
  it('names the hook and the reason, and where its log is', () => {
    const message = 'Job has reached the specified backoff limit';
    const health = {
      message: `job migrate ${message}`,
      code: 'deployments/job-failed' as const,
      objects: [{ key, state: 'Degraded' as const, message }],
    };
    expect(failureOfHook(hook, health, about)).toEqual({
      code: 'deployments/hook-failed',
      message: 'pre-deploy hook Job/migrate failed: Job has reached the specified backoff limit',
      fix: 'see why: astroctl app logs web; correct it and apply again',
    });
  });

  it('says how long it was awaited', () => {
    const health = {
      message: 'job migrate 1 running',
      objects: [{ key, state: 'Progressing' as const, message: '1 running' }],
    };
    expect(failureOfHook(hook, health, { ...about, waitedMs: 600_400 })).toMatchObject({
      code: 'deployments/hook-failed',
      message: 'pre-deploy hook Job/migrate did not complete within 600 s: 1 running',
    });
  });

  it('has the code of its cause if the hook never ran', () => {
    const health = {
      message: 'pod/migrate-x cannot pull web:2',
      code: 'deployments/image-not-found' as const,
      objects: [],
    };
    expect(failureOfHook(hook, health, about)).toMatchObject({
      code: 'deployments/image-not-found',
      message: 'pre-deploy hook Job/migrate failed: pod/migrate-x cannot pull web:2',
    });
  });
});
