import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/** Called by organizations: the slug is part of namespace names, so it cannot change while there are applications. */
export const countApplicationsRequest = request({
  subject: 'deployments.v1.applications.count',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({ organizationId: z.string() }),
  output: z.strictObject({
    applications: z.number().int(),
    /** Registered clusters, without the platform's own sandbox. */
    clusters: z.number().int(),
  }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 5_000,
});
