import { createRefusalRecorder, recordRefusalsRequest } from '#audit/contract';
import { busErrors, refuse, type Refusal } from '#bus';
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
  const events = async (organizationId: string) =>
    (await embedded.events()).filter(({ stream }) => stream === `refusals-${organizationId}-2026-01-01`);
  return {
    clock,
    warned,
    recorder,
    refused,
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
    expect(warned).toEqual([{ refusals: 2 }]);
  });
});
