import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/**
 * Distinct refusals (principal, operation, code) recorded per organization and minute. Further ones are only counted.
 */
export const REFUSALS_A_MINUTE = 50;

/** Identical refusals within one minute, as one instance of the platform counted them. */
const refusalRecord = z.strictObject({
  /** ID of a user or a service member. */
  principal: z.string().min(1).max(200),
  by: z.enum(['login', 'key']),
  keyId: z.string().max(200).optional(),
  /** Subject of the request's contract. */
  operation: z.string().min(1).max(200),
  permission: z.string().min(1).max(200),
  code: z.string().min(1).max(200),
  count: z.number().int().positive(),
  /** Request ID of the first refusal. */
  requestId: z.string().max(200),
});
export type RefusalRecord = z.infer<typeof refusalRecord>;

/** Records the refusals of one organization and minute. Sent by services that check permissions. */
export const recordRefusalsRequest = request({
  subject: 'audit.v1.refusals.record',
  permission: SERVICES_ONLY,
  callers: [
    'gateway',
    'identity',
    'organizations',
    'access-keys',
    'billing',
    'audit',
    'deployments',
    'sandbox-cluster',
  ],
  input: z.strictObject({
    organizationId: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('omitted if the refusal concerns the platform itself'),
    minute: z.iso.datetime().describe('its beginning'),
    refusals: z.array(refusalRecord).max(REFUSALS_A_MINUTE),
    dropped: z.number().int().nonnegative().describe('additional refusals that were only counted'),
  }),
  output: z.strictObject({}),
  timeoutMs: 5_000,
});
