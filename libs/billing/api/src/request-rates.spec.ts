import type { Principal } from '#access';
import type { Bus } from '#bus';
import { domainError } from '#kernel';
import { manualClock } from '#testing';
import { createRequestRates } from './request-rates.ts';

const keyOf = (organizationId: string): Principal => ({
  kind: 'key',
  keyId: 'k',
  memberId: 'ada',
  memberKind: 'person',
  organizationId,
  role: 'editor',
});
const settled = () => new Promise(setImmediate);

function context() {
  const clock = manualClock();
  const requests: string[][] = [];
  const granted: Record<string, number> = { small: 600, large: 6_000 };
  const state = { isUnavailable: false };
  const bus = {
    own: () => ({}),
    request: (_contract: unknown, { organizationIds }: { organizationIds: string[] }) => {
      requests.push(organizationIds);
      if (state.isUnavailable)
        return requests.length % 2
          ? Promise.reject(new Error('away'))
          : Promise.resolve({ ok: false, error: domainError('bus/timeout', 'unavailable', 'Away.') });
      const plans = Object.fromEntries(
        organizationIds.map((id) => [
          id,
          { plan: 'p', defaultTier: 'basic', requestsPerMinute: granted[id], auditDaysShown: 30, auditExport: 'owner' },
        ]),
      );
      return Promise.resolve({ ok: true, value: { plans, pricingUrl: 'https://plans.example' } });
    },
  } as unknown as Bus; // the two functions that are used
  return { clock, requests, granted, state, rateOf: createRequestRates({ bus, clock }) };
}

describe('the rate of a key', () => {
  it('is that of the organization plan, requested after the first use and again only after 10 s', async () => {
    const { rateOf, requests, clock } = context();
    expect(rateOf(keyOf('large'))).toBeUndefined();
    await settled();
    for (let request = 0; request < 1_000; request++) expect(rateOf(keyOf('large'))).toBe(6_000);
    clock.advance(9_999);
    expect(rateOf(keyOf('large'))).toBe(6_000);
    expect(requests).toEqual([['large']]);
    clock.advance(1);
    expect(rateOf(keyOf('large'))).toBe(6_000);
    await settled();
    expect(requests).toEqual([['large'], ['large']]);
  });

  it('follows a change of plan', async () => {
    const { rateOf, granted, clock } = context();
    rateOf(keyOf('small'));
    await settled();
    granted['small'] = 6_000;
    clock.advance(10_000);
    rateOf(keyOf('small'));
    await settled();
    expect(rateOf(keyOf('small'))).toBe(6_000);
  });

  it('is requested for many organizations in one batch while a request is in progress', async () => {
    const { rateOf, requests } = context();
    for (let n = 0; n < 1_200; n++) rateOf(keyOf(`org-${n}`));
    await settled();
    expect(requests.map(({ length }) => length)).toEqual([1, 500, 500, 199]);
  });

  it('stays the same while billing does not respond, without additional requests to billing', async () => {
    const { rateOf, requests, clock, state } = context();
    rateOf(keyOf('large'));
    await settled();
    state.isUnavailable = true;
    for (let turn = 0; turn < 4; turn++) {
      clock.advance(10_000);
      for (let request = 0; request < 10; request++) expect(rateOf(keyOf('large'))).toBe(6_000);
      await settled();
    }
    expect(requests).toHaveLength(5);
    expect(rateOf(keyOf('small'))).toBeUndefined();
  });

  it('is undefined for a login', () => {
    const { rateOf, requests } = context();
    expect(rateOf({ kind: 'login', userId: 'ada' })).toBeUndefined();
    expect(rateOf({ kind: 'anonymous' })).toBeUndefined();
    expect(requests).toEqual([]);
  });
});
