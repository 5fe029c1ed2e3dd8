import { pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';

export const egressEntry = z.strictObject({
  /** `host:port` or a CIDR. */
  entry: z.string(),
  source: z.enum(['setting', 'admin']).describe('`setting`: ASTRO_EGRESS_ALLOW; `admin`: a global admin allowed it'),
  /** Email address of the admin who allowed it; null for a setting. */
  by: z.string().nullable(),
  since: z.string().nullable(),
});
export type EgressEntry = z.infer<typeof egressEntry>;

export const listEgressRequest = request({
  subject: 'deployments.v1.egress.list',
  route: 'GET /v1/admin/egress',
  summary: 'List private and loopback addresses that the platform may connect to',
  permission: 'platform.operate',
  input: z.strictObject(pageInput),
  output: z.strictObject(pageOutput(egressEntry)),
  timeoutMs: 5_000,
});

export const setEgressRequest = request({
  subject: 'deployments.v1.egress.set',
  route: 'PUT /v1/admin/egress',
  dryRun: true,
  ifMatch: true,
  summary: 'Allow a private or loopback address, or withdraw it',
  permission: 'platform.operate',
  input: z.strictObject({
    entry: z.string().min(1).max(300).describe('`host:port` or a CIDR, such as `10.4.0.0/16`'),
    allowed: z.boolean(),
  }),
  output: z.strictObject({ entry: z.string(), allowed: z.boolean(), dryRun: z.boolean() }),
  timeoutMs: 5_000,
});
