import { SERVICES_ONLY } from '#access';
import { DISCLOSURES, request } from '#bus/contract';
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

/**
 * Distinct reads of global admins (user and request) recorded per organization, minute, and instance of the platform.
 */
export const READS_A_MINUTE = 200;

/** Identical reads of a global admin within one minute, as one instance of the platform counted them. */
const readRecord = z.strictObject({
  userId: z.string().min(1).max(200),
  discloses: z.enum(DISCLOSURES),
  /** Subject of the request's contract. */
  operation: z.string().min(1).max(200),
  permission: z.string().min(1).max(200),
  grantedBy: z.string().max(200).exactOptional().describe('ID of the event that granted the global role'),
  network: z.string().max(100).exactOptional(),
  address: z.string().max(200).exactOptional().describe('ID of the record that holds the complete address'),
  count: z.number().int().positive(),
  /** Request ID of the first read. */
  requestId: z.string().max(200),
});
export type ReadRecord = z.infer<typeof readRecord>;

/**
 * Records the refusals, and the reads of global admins, of one organization and minute. Sent by services that check
 * permissions.
 */
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
    adminReads: z.array(readRecord).max(READS_A_MINUTE).default([]).describe('only with an organization'),
  }),
  output: z.strictObject({}),
  timeoutMs: 5_000,
});
