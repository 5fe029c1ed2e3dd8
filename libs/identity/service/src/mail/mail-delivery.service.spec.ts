import { err, ok, type Logger } from '#kernel';
import type { Mail, OutgoingMail } from '#mail';
import { eventually, manualClock, temporaryFolder, type ManualClock } from '#testing';
import { openEmbedded, type Embedded } from '#testing/embedded';
import { MailDelivery } from './mail-delivery.service.ts';
import { afterAttempt, closedCircuit, mayTry } from './mail-circuit.ts';

const MINUTE_MS = 60_000;

describe('the delivery of e-mail', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let clock: ManualClock;
  let lines: string[];
  let sent: OutgoingMail[];
  let respond: () => Promise<Awaited<ReturnType<Mail['send']>>>;
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
  });
  afterAll(() => embedded.close());
  beforeEach(async () => {
    clock = manualClock(embedded.clock.now()); // the vault's clock is the system's
    lines = [];
    sent = [];
    respond = () => Promise.resolve(ok(undefined));
    for await (const { name } of embedded.vault.list('mail/')) await embedded.vault.delete(name);
  });

  const log = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const mail: Mail = {
    reachesPeople: true,
    async send(message) {
      const result = await respond();
      if (result.ok) sent.push(message);
      return result;
    },
    check: () => Promise.resolve(ok(undefined)),
    close: () => Promise.resolve(),
  };
  const start = () => new MailDelivery(mail, embedded.vault, clock, logger);
  const message = (id: string): OutgoingMail => ({
    id,
    to: 'grace-canary@acme.dev',
    subject: 'canary subject',
    text: 'canary text\n',
  });
  const away = () => Promise.resolve(err({ kind: 'unavailable', reason: 'ECONNECTION' } as const));
  const sweep = (delivery: MailDelivery) => delivery.deliverDue(new AbortController().signal);
  const ids = () => sent.map(({ id }) => id);

  it('sends a message at once, and a message with the same ID never again', async () => {
    const delivery = start();
    await delivery.accept(message('one'));
    await eventually(() => expect(ids()).toEqual(['one']));
    await eventually(async () => {
      await delivery.accept(message('one'));
      await sweep(delivery);
      expect(ids()).toEqual(['one']);
    });
  });

  it('F20: no request waits for a mail server that never answers', async () => {
    respond = () => new Promise(() => {});
    const delivery = start();
    for (let n = 0; n < 20; n += 1) await delivery.accept(message(`silent-${n}`)); // would hang if it waited
    let stored = 0;
    for await (const _ of embedded.vault.list('mail/')) stored += 1;
    expect(stored).toBe(20);
  });

  it('F20: a message survives a crash before it was sent, and one of the attempt', async () => {
    let isTried = false;
    respond = () => ((isTried = true), new Promise(() => {})); // the process ends during the attempt
    await start().accept(message('crash'));
    await eventually(() => expect(isTried).toBe(true));
    respond = () => Promise.resolve(ok(undefined));
    const next = start();
    await sweep(next);
    expect(ids()).toEqual([]); // the attempt may still be in progress in another process
    clock.advance(3 * MINUTE_MS);
    await sweep(next);
    expect(ids()).toEqual(['crash']);
  });

  it('F20: tries again with back-off, and leaves a server alone that failed three times', async () => {
    let tries = 0;
    respond = () => ((tries += 1), away());
    const delivery = start();
    for (const id of ['a', 'b', 'c', 'd', 'e']) await delivery.accept(message(id));
    await eventually(() => expect(tries).toBeGreaterThanOrEqual(3));
    await sweep(delivery);
    const before = tries;
    await sweep(delivery); // the circuit is open
    expect(tries).toBe(before);
    expect(delivery.problem).toBe('ECONNECTION');
    respond = () => Promise.resolve(ok(undefined));
    for (let minute = 0; minute < 10; minute += 1) {
      clock.advance(MINUTE_MS);
      await sweep(delivery);
    }
    expect(ids().toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(delivery.problem).toBeUndefined();
  });

  it('gives up a message that the server refuses, and one that cannot be sent for three days', async () => {
    respond = () => Promise.resolve(err({ kind: 'rejected', reason: 'EENVELOPE 550' } as const));
    const delivery = start();
    await delivery.accept(message('refused'));
    await eventually(() => expect(lines.join('\n')).toContain('discarded'));
    respond = away;
    await delivery.accept(message('old'));
    for (let hour = 0; hour < 74; hour += 1) {
      clock.advance(60 * MINUTE_MS);
      await sweep(delivery);
    }
    expect(lines.filter((line) => line.includes('discarded'))).toHaveLength(2);
    respond = () => Promise.resolve(ok(undefined));
    clock.advance(60 * MINUTE_MS);
    await sweep(delivery);
    expect(sent).toEqual([]);
  });

  it('logs no address, subject, or text, and keeps none after the message was sent', async () => {
    respond = away;
    const delivery = start();
    await delivery.accept(message('private'));
    await eventually(() => expect(lines.join('\n')).toContain('was not sent'));
    respond = () => Promise.resolve(ok(undefined));
    clock.advance(10 * MINUTE_MS);
    await sweep(delivery);
    expect(ids()).toEqual(['private']);
    expect(lines.join('\n')).not.toContain('canary');
    const record = await embedded.vault.get('mail/private');
    expect(Buffer.from(record?.value ?? []).toString('utf8')).toBe('{"ended":true}');
  });
});

describe('the circuit of a mail server', () => {
  const failed = (times: number) =>
    Array.from({ length: times }).reduce<typeof closedCircuit>(
      (circuit) => afterAttempt(circuit, false, 0),
      closedCircuit,
    );
  it('opens after three failures in a row, and lets one message through after 30 s', () => {
    expect(mayTry(failed(2), 0)).toBe(true);
    expect(mayTry(failed(3), 29_999)).toBe(false);
    expect(mayTry(failed(3), 30_000)).toBe(true);
    expect(mayTry(afterAttempt(failed(3), false, 30_000), 30_001)).toBe(false);
    expect(afterAttempt(failed(3), true, 30_000)).toEqual(closedCircuit);
  });
});
