import type { KubernetesObject } from '#kubernetes';
import { containerToRead, failureOfHook, secretValues, withoutValues } from './hook-failure.ts';

const hook = { phase: 'pre-deploy' as const, object: { kind: 'Job', metadata: { name: 'migrate' } } };
const about = { app: 'web', tail: [] };
const key = { group: 'batch', kind: 'Job', name: 'migrate' };

describe('the failure of a hook', () => {
  it('names the hook, the reason, and the end of its log', () => {
    const message = 'Job has reached the specified backoff limit';
    const health = {
      message: `job migrate ${message}`,
      code: 'deployments/job-failed' as const,
      objects: [{ key, state: 'Degraded' as const, message }],
    };
    expect(failureOfHook(hook, health, { ...about, tail: ['connecting', 'relation "users" exists'] })).toEqual({
      code: 'deployments/hook-failed',
      message:
        'pre-deploy hook Job/migrate failed: Job has reached the specified backoff limit; its log ends with: connecting | relation "users" exists',
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

describe('the log of a hook', () => {
  const secret = (data: Readonly<Record<string, string>>): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
  });

  it('is shown without values of Secrets, line by line', () => {
    const hidden = secretValues([
      secret({ url: 'postgres://u:pass@db', password: 'pass', key: 'BEGIN\nabcdef\n', pin: '42' }),
    ]);
    expect(withoutValues(['to postgres://u:pass@db', '', 'with pass', 'abcdef 42'], hidden)).toEqual([
      'to ***',
      'with ***',
      '*** 42',
    ]);
  });

  it('is shortened', () => expect(withoutValues(['x'.repeat(500)], [])).toEqual([`${'x'.repeat(199)}…`]));

  it.each([
    [
      'the container that failed',
      [
        { name: 'sidecar', state: { terminated: { exitCode: 0 } } },
        { name: 'main', state: { terminated: { exitCode: 2 } } },
      ],
      'main',
    ],
    ['the first container if none failed', [{ name: 'sidecar', state: { running: {} } }], 'app'],
  ])('is that of %s', (_, containerStatuses, expected) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'app' }] },
      status: { containerStatuses },
    };
    expect(containerToRead(pod)).toBe(expected);
  });
});
