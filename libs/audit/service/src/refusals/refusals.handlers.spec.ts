import { createRefusalRecorder, recordRefusalsRequest } from '#audit/contract';
import { busErrors, refuse, type Refusal } from '#bus';
import type { AdminRead } from '#bus/contract';
import { silentLogger, type Logger } from '#kernel';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { RefusalsHandlers } from './refusals.handlers.ts';

const folder = temporaryFolder();
let embedded: Embedded;
beforeAll(async () => {
  embedded = await openEmbedded(folder);
});
afterAll(() => embedded.close());

/** Returns a recorder connected to the handler, with the events and log lines that both write. */
function recording() {
  const clock = manualClock();
  const warned: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void warned.push(fields) };
  const handlers = new RefusalsHandlers(embedded.commands, logger);
  let isUnavailable = false;
  let requestCount = 0;
  const bus = answeringBus('gateway', {
    [recordRefusalsRequest.subject]: (input, context) => {
      requestCount += 1;
      return isUnavailable ? refuse(busErrors.nobodyServes('audit')) : handlers.record(input, context);
    },
  });
  const recorder = createRefusalRecorder({ bus, clock, logger });
  const refused = (organizationId: string | undefined, more: Partial<Refusal> = {}): void =>
    recorder.refused({
      subject: 'things.v1.change',
      permission: 'application.deploy',
      principal: { kind: 'login', userId: 'vic' },
      ...(organizationId !== undefined && { organizationId }),
      code: 'access/not-permitted',
      correlationId: 'r1',
      atMs: clock.now(),
      ...more,
    });
  const read = (organizationId: string, more: Partial<AdminRead> = {}): void =>
    recorder.read({
      subject: 'things.v1.logs',
      discloses: 'logs',
      userId: 'root',
      organizationId,
      by: {
        permission: 'application.logs',
        rule: 'global-admin',
        role: 'global-admin',
        globalAdmin: true,
        grantedBy: 'event-1',
        credential: 'login',
        network: '203.0.113.0/24',
        address: 'a1',
      },
      correlationId: 'r1',
      atMs: clock.now(),
      ...more,
    });
  const events = async (organizationId: string, category = 'refusals') =>
    (await embedded.events()).filter(({ stream }) => stream === `${category}-${organizationId}-2026-01-01`);
  return {
    clock,
    warned,
    recorder,
    refused,
    read,
    events,
    requestCount: () => requestCount,
    setUnavailable: (unavailable: boolean) => void (isUnavailable = unavailable),
  };
}

describe('use-L11: the recorder of refusals', () => {
  it('records one event for a principal, operation, code, and minute, after the minute is over', async () => {
    const { clock, refused, events, requestCount } = recording();
    for (let count = 0; count < 3; count += 1) refused('org-a');
    refused('org-a', { code: 'key/login-required', correlationId: 'r2' });
    clock.advance(30_000);
    expect(requestCount()).toBe(0);
    clock.advance(30_000);
    await eventually(async () => expect(await events('org-a')).toHaveLength(2));
    expect(await events('org-a')).toMatchObject([
      {
        type: 'refusal.recorded.v1',
        data: {
          principal: 'vic',
          by: 'login',
          operation: 'things.v1.change',
          permission: 'application.deploy',
          code: 'access/not-permitted',
          count: 3,
          minute: '2026-01-01T00:00:00.000Z',
          requestId: 'r1',
        },
      },
      { data: { code: 'key/login-required', count: 1, requestId: 'r2' } },
    ]);
  });

  it('records refusals outside an organization for the platform, and none for callers without a credential', async () => {
    const { recorder, refused, requestCount } = recording();
    refused('org-b', { principal: { kind: 'anonymous' } });
    refused('org-b', { principal: { kind: 'service', service: 'billing' } });
    await recorder.close();
    expect(requestCount()).toBe(0);

    const other = recording();
    other.refused(undefined, { permission: 'platform.users' });
    await other.recorder.close();
    expect(await other.events('platform')).toMatchObject([{ data: { permission: 'platform.users', count: 1 } }]);
  });

  it('records a bounded number for an organization, and how many were dropped', async () => {
    const { recorder, refused, events, warned } = recording();
    for (let count = 0; count < 1_000; count += 1)
      refused('org-c', { principal: { kind: 'login', userId: `user-${count}` } });
    await recorder.close();
    const recorded = await events('org-c');
    expect(recorded).toHaveLength(51);
    expect(recorded.at(-1)).toMatchObject({ type: 'refusals.dropped.v1', data: { count: 950 } });
    expect(warned).toMatchObject([{ organizationId: 'org-c', count: 950 }]);
  });

  it('keeps what it could not send, and records it once', async () => {
    const { clock, recorder, refused, events, requestCount, setUnavailable } = recording();
    setUnavailable(true);
    refused('org-d');
    clock.advance(60_000);
    await eventually(() => expect(requestCount()).toBe(1));
    setUnavailable(false);
    await recorder.close();
    expect(await events('org-d')).toHaveLength(1);
  });

  it('logs how many refusals are lost when it is closed while audit does not respond', async () => {
    const { recorder, refused, warned, setUnavailable } = recording();
    setUnavailable(true);
    refused('org-e');
    refused('org-e');
    await recorder.close();
    expect(warned).toEqual([{ refusals: 2, adminReads: 0 }]);
  });
});

describe('A24: the recorder of what global admins read', () => {
  it('records one event for a user, operation, and minute in the organization, after the minute is over', async () => {
    const { clock, read, events, requestCount } = recording();
    for (let count = 0; count < 3; count += 1) read('org-f');
    read('org-f', { subject: 'things.v1.secrets', discloses: 'secret-names', correlationId: 'r2' });
    read('org-g', { userId: 'other' });
    clock.advance(59_999);
    expect(requestCount()).toBe(0);
    clock.advance(5_001);
    await eventually(async () => expect(await events('org-g', 'reads')).toHaveLength(1));
    expect(await events('org-f', 'reads')).toMatchObject([
      {
        type: 'read.recorded.v1',
        data: {
          userId: 'root',
          discloses: 'logs',
          operation: 'things.v1.logs',
          permission: 'application.logs',
          grantedBy: 'event-1',
          network: '203.0.113.0/24',
          address: 'a1',
          count: 3,
          requestId: 'r1',
          minute: '2026-01-01T00:00:00.000Z',
        },
      },
      { data: { discloses: 'secret-names', count: 1, requestId: 'r2' } },
    ]);
    expect(await events('org-f')).toEqual([]);
    read('org-f');
    clock.advance(65_000);
    await eventually(async () => expect(await events('org-f', 'reads')).toHaveLength(3));
  });

  it('keeps what it could not send, and records it once, beside the refusals of that minute', async () => {
    const { clock, recorder, read, refused, events, requestCount, setUnavailable } = recording();
    setUnavailable(true);
    read('org-h');
    refused('org-h');
    clock.advance(60_000);
    await eventually(() => expect(requestCount()).toBe(1));
    setUnavailable(false);
    await recorder.close();
    expect(await events('org-h', 'reads')).toHaveLength(1);
    expect(await events('org-h')).toHaveLength(1);
  });
});
