import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/** Different refusals (principal, operation, code) that are recorded for one organization and minute; others are counted. */
export const REFUSALS_A_MINUTE = 50;

/** What somebody was refused within one minute, by one instance of the platform. */
const refusalRecord = z.strictObject({
  /** Id of a user or of a service member. */
  principal: z.string().min(1).max(200),
  by: z.enum(['login', 'key']),
  keyId: z.string().max(200).optional(),
  /** Subject of the contract. */
  operation: z.string().min(1).max(200),
  permission: z.string().min(1).max(200),
  code: z.string().min(1).max(200),
  count: z.number().int().positive(),
  /** Of the first one. */
  requestId: z.string().max(200),
});
export type RefusalRecord = z.infer<typeof refusalRecord>;

/** From whatever decides about rights, once for each organization and minute. */
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
