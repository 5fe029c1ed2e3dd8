import { PUBLIC } from '#access';
import { request, stream } from '#bus/contract';
import type { CliCommand, Session } from '#cli';
import { domainError, otherStore, position } from '#kernel';
import { temporaryFolder } from '#testing';
import { z } from 'zod';
import { createLaptop, type Laptop } from './laptop.ts';

const read = request({
  subject: 'fixture.v1.read',
  route: 'GET /v1/things',
  permission: 'self.read',
  input: z.strictObject({}),
  output: z.strictObject({}),
  timeoutMs: 1_000,
});
const write = request({
  subject: 'fixture.v1.write',
  route: 'POST /v1/things',
  permission: 'self.read',
  input: z.strictObject({}),
  output: z.strictObject({}),
  timeoutMs: 1_000,
});
const lines = stream({
  subject: 'fixture.v1.lines',
  route: 'GET /v1/lines',
  permission: 'self.read',
  input: z.strictObject({}),
  output: z.strictObject({ n: z.number() }),
  timeoutMs: 1_000,
});
const watch = stream({
  subject: 'fixture.v1.watch',
  route: 'GET /v1/watch',
  permission: PUBLIC,
  input: z.strictObject({ after: z.string().optional() }),
  output: z.strictObject({ n: z.number() }),
  timeoutMs: 1_000,
});

const command = (name: string, run: (session: Session) => Promise<boolean>): CliCommand => ({
  path: [name],
  summary: name,
  examples: [],
  run: async (_options, session) => ((await run(session)) ? 0 : 1),
});
async function drain(items: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of items);
  return true;
}
const commands = [
  command('read', async (session) => (await session.call(read, {})).ok),
  command('write', async (session) => (await session.call(write, {})).ok),
  command('lines', (session) => drain(session.stream(lines, {}))),
  command('watch', (session) => drain(session.stream(watch, {}))),
];

const folder = temporaryFolder();
const at = (sequence: number, store = 'storeone') => position(store, sequence);

describe('use-L13: the position that a machine has seen', () => {
  let laptop: Laptop;
  const sentLast = () => laptop.sent.at(-1)?.consistency;
  beforeEach(() => {
    laptop = createLaptop(folder, { commands });
    laptop.logIn(['acme']);
    for (const contract of [read, write]) laptop.on(contract, () => ({}));
    for (const contract of [lines, watch]) laptop.onStream(contract, () => [{ n: 1 }]);
  });
  const written = async (sequence: number, store?: string) => {
    laptop.answersAt = at(sequence, store);
    await laptop.run('write');
    laptop.answersAt = undefined;
  };

  it('is sent with the reads of later commands, but not with writes', async () => {
    await laptop.run('read');
    expect(sentLast()).toBeUndefined();
    await written(7);
    for (const words of ['read', 'lines']) {
      await laptop.run(words);
      expect(sentLast()).toBe(at(7));
    }
    await laptop.run('write');
    expect(sentLast()).toBeUndefined();
  });

  it('is not sent as the position from which a watch resumes', async () => {
    await written(7);
    await laptop.run('watch');
    expect(sentLast()).toBeUndefined();
  });

  it('never decreases, except for another event store', async () => {
    await written(7);
    await written(5);
    await laptop.run('read');
    expect(sentLast()).toBe(at(7));
    await written(2, 'storetwo');
    await laptop.run('read');
    expect(sentLast()).toBe(at(2, 'storetwo'));
  });

  it('is stored for each address', async () => {
    await written(7);
    await laptop.run('read --api-url http://127.0.0.1:9999', { environment: { ASTROPULSE_API_KEY: 'key' } });
    expect(sentLast()).toBeUndefined();
  });

  it.each(['read', 'lines'])('is discarded if the event store is another one: %s', async (words) => {
    await written(7);
    const refusing = (_input: unknown, sent: { readonly consistency?: string }) =>
      sent.consistency === undefined ? undefined : otherStore();
    laptop.on(read, (input, sent) => refusing(input, sent) ?? {});
    laptop.onStream(lines, () => (sentLast() === undefined ? [{ n: 1 }] : otherStore()));
    expect((await laptop.run(words)).exit).toBe(0);
    expect(laptop.sent.slice(-2).map(({ consistency }) => consistency)).toEqual([at(7), undefined]);
    expect(laptop.config()).not.toContain('storeone');
  });

  it('is waited for while the platform is behind, for a limited time', async () => {
    await written(7);
    let behind = 2;
    laptop.on(read, () =>
      behind-- > 0
        ? domainError('read/not-yet', 'unavailable', 'Not yet.', { fix: 'try again', retryAfterSeconds: 1 })
        : {},
    );
    expect((await laptop.run('read')).exit).toBe(0);
    behind = 100;
    const before = laptop.sent.length;
    expect((await laptop.run('read')).exit).not.toBe(0);
    expect(laptop.sent.length - before).toBe(5);
  });
});

describe('a request that the platform refuses because it is temporarily unavailable', () => {
  const unavailable = (retryAfterSeconds: number) =>
    domainError('bus/timeout', 'unavailable', 'No response.', { fix: 'try again', retryAfterSeconds });

  it.each([
    { words: 'read', refused: 1, seconds: 1, sent: 2, exit: 0 },
    { words: 'read', refused: 2, seconds: 1, sent: 2, exit: 1 },
    { words: 'read', refused: 2, seconds: 60, sent: 1, exit: 1 },
    { words: 'write', refused: 2, seconds: 1, sent: 1, exit: 1 },
  ])('is sent again once if it is a read: %o', async ({ words, refused, seconds, sent, exit }) => {
    const laptop = createLaptop(folder, { commands });
    laptop.logIn(['acme']);
    let left = refused;
    for (const contract of [read, write]) laptop.on(contract, () => (left-- > 0 ? unavailable(seconds) : {}));
    expect([(await laptop.run(words)).exit, laptop.sent.length]).toEqual([exit, sent]);
  });
});
