import { REFUSALS_A_MINUTE, type RefusalRecord } from '#audit/contract';
import type { Actor } from '#kernel';
import { specify } from '#testing';
import { refusalDecider } from './refusal.decider.ts';
import { refusalStream, type RefusalEvent } from './refusal.events.ts';

const audit: Actor = { id: 'system:gateway', kind: 'system', isGlobalAdmin: false };
const minute = '2026-01-01T10:00:00.000Z';
const refusal = (principal: string, count = 1): RefusalRecord => ({
  principal,
  by: 'key',
  keyId: 'key_1',
  operation: 'deployments.v1.applications.apply',
  permission: 'application.deploy',
  code: 'access/not-permitted',
  count,
  requestId: 'r1',
});
const recorded = (principal: string, at = minute): RefusalEvent => ({
  type: 'refusal.recorded.v1',
  data: { ...refusal(principal), minute: at },
});
const record = (refusals: readonly RefusalRecord[], dropped = 0, at = minute) =>
  ({ type: 'record-refusals', minute: at, refusals, dropped }) as const;
const many = (count: number) => Array.from({ length: count }, (_, index) => refusal(`user-${index}`));

const { given } = specify(refusalDecider);

describe('use-L11: refusals', () => {
  it('are recorded one by one, with their counts', () =>
    given()
      .when(record([refusal('vic', 7)]), audit)
      .thenRecorded({ type: 'refusal.recorded.v1', data: { ...refusal('vic', 7), minute } }));

  it('are bounded within a minute across all instances, and counted beyond the bound', () =>
    given(...many(REFUSALS_A_MINUTE - 1).map(({ principal }) => recorded(principal)))
      .when(record([refusal('vic'), refusal('eve', 4)], 3), audit)
      .thenRecorded(recorded('vic'), { type: 'refusals.dropped.v1', data: { minute, count: 7 } }));

  it('have a separate bound for each minute', () =>
    given(...many(REFUSALS_A_MINUTE).map(({ principal }) => recorded(principal)))
      .when(record([{ ...refusal('vic') }], 0, '2026-01-01T10:01:00.000Z'), audit)
      .thenRecorded(recorded('vic', '2026-01-01T10:01:00.000Z')));

  it('are stored in a stream for each organization and day', () => {
    expect(refusalStream('0193f2a4-11de', minute)).toBe('refusals-0193f2a4-11de-2026-01-01');
    expect(refusalStream(undefined, minute)).toBe('refusals-platform-2026-01-01');
  });
});
