import { SERVICES_ONLY } from '#access';
import { EDGE, request } from '#bus/contract';
import { z } from 'zod';

/** Maximum number of callers in a report of one gateway, and in the answer to it. */
export const CALLERS_REPORTED = 1_000;
/** With callers of the maximum length, an answer is shorter than a message of the bus can be. */
const CALLERS_ANSWERED = 3_000;

const count = {
  caller: z.string().min(1).max(220).describe('ID of an access key or a user, with its kind'),
  used: z.number().int().nonnegative(),
  endsInMs: z.number().int().nonnegative().describe('time until the window of a minute ends'),
};

/** A gateway tells the others how many requests it has counted, and learns what they have. */
export const exchangeRequestCountsRequest = request({
  subject: 'billing.v1.request-counts.exchange',
  permission: SERVICES_ONLY,
  callers: [EDGE],
  input: z.strictObject({
    /** New at each start of a gateway. */
    gateway: z.uuid(),
    counts: z.array(z.strictObject(count)).max(CALLERS_REPORTED),
  }),
  output: z.strictObject({
    gateways: z.number().int().positive().describe('running gateways, including the one that asks'),
    counts: z
      .array(z.strictObject({ ...count, gateways: z.number().int().positive() }))
      .max(CALLERS_ANSWERED)
      .describe('counts of the others, added up'),
  }),
  timeoutMs: 1_000,
});

/** Returns at most as many counts as an answer can have: the largest. */
export const answerable = <Count extends { readonly used: number }>(counts: readonly Count[]): Count[] =>
  counts.toSorted((a, b) => b.used - a.used).slice(0, CALLERS_ANSWERED);
