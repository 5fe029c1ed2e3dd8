import { startApp, temporaryFolder } from '#testing';

/** Messages for operators when a worker cannot start. */
describe('a worker that cannot start', () => {
  const folder = temporaryFolder();
  const nowhere = 'nats://127.0.0.1:1';
  it.each([
    ['the bus of one process', {}, /^Error: ASTRO_BUS must be the address of a NATS server/],
    [
      "the platform's own queue",
      { ASTRO_BUS: nowhere },
      /^Error: ASTRO_QUEUE must be the address of a NATS server with JetStream/,
    ],
    [
      'a bus without a server',
      { ASTRO_BUS: nowhere, ASTRO_QUEUE: nowhere },
      /^Error: ASTRO_(BUS|QUEUE): no NATS server responds at nats:\/\/127\.0\.0\.1:1;/,
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
