import { EDGE, request } from '#bus/contract';
import { z } from 'zod';

/** What global admins do to the platform itself without changing any other event. */
export const OPERATIONS = ['rebuild', 'retry'] as const;

/**
 * Records that the caller of the gateway is about to rebuild a projection, or to retry its parked documents. A request
 * that is sent again is recorded once.
 */
export const recordOperationRequest = request({
  subject: 'audit.v1.operations.record',
  permission: 'platform.operate',
  callers: [EDGE],
  input: z.strictObject({
    operation: z.enum(OPERATIONS),
    projection: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,119}$/),
  }),
  output: z.strictObject({}),
  timeoutMs: 5_000,
});
