import { join } from 'node:path';
import { startApp, temporaryFolder } from '#testing';

/** Messages for operators when a worker cannot start. */
describe('a worker that cannot start', () => {
  const folder = temporaryFolder();
  const nowhere = 'nats://127.0.0.1:1';
  const servers = { ASTRO_BUS: nowhere, ASTRO_QUEUE: nowhere };
  const key = Buffer.alloc(32, 5).toString('base64');
  it.each([
    ['the bus of one process', {}, /^Error: ASTRO_BUS must be the address of a NATS server/],
    [
      "the platform's own queue",
      { ASTRO_BUS: nowhere },
      /^Error: ASTRO_QUEUE must be the address of a NATS server with JetStream/,
    ],
    [
      'a bus without a server',
      { ...servers, ASTRO_CALLER_KEYS: `k1:${key}` },
      /^Error: ASTRO_(BUS|QUEUE): no NATS server responds at nats:\/\/127\.0\.0\.1:1;/,
    ],
    [
      'no caller keys',
      servers,
      /^Error: ASTRO_CALLER_KEYS must be set: .+npm run admin:caller-keys -- deploy-worker\.\n$/,
    ],
    [
      'incomplete caller keys',
      { ...servers, ASTRO_CALLER_KEYS: `k1/service/deploy-worker/deployments:${key}` },
      /^Error: ASTRO_CALLER_KEYS: The derived caller keys k1\/… are incomplete or were changed; print them again/,
    ],
    [
      'a missing file of credentials',
      { ...servers, ASTRO_CALLER_KEYS: `k1:${key}`, ASTRO_NATS_CREDS: join(folder, 'missing.nk') },
      /^Error: ASTRO_NATS_CREDS: .+missing\.nk cannot be read \(ENOENT\)\.\n$/,
    ],
    [
      'a missing authority',
      { ...servers, ASTRO_CALLER_KEYS: `k1:${key}`, ASTRO_NATS_CA: join(folder, 'missing.pem') },
      /^Error: ASTRO_NATS_CA: .+missing\.pem cannot be read \(ENOENT\)\.\n$/,
    ],
    ['an invalid address', { ASTRO_BUS: 'nats//x', ASTRO_QUEUE: nowhere }, /^Error: ASTRO_BUS/],
  ])('reports in one sentence which setting to change: %s', async (_what, environment, sentence) => {
    const worker = startApp('deploy-worker', {
      ASTRO_BUS: 'in-process',
      ASTRO_QUEUE: 'embedded',
      ...environment,
      ASTRO_DATA_DIR: folder,
    });
    expect(await worker.exited).toBe(1);
    expect(worker.output()).toMatch(sentence);
    expect(worker.output().trim().split('\n')).toHaveLength(1);
  });
});
