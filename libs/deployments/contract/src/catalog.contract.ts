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

/** Maximum number of names of one kind, and of waiting applications, in the contents of an organization. */
export const MAX_LISTED = 50;

const named = z.strictObject({
  count: z.number().int(),
  /** The first ones, sorted. */
  names: z.array(z.string()).max(MAX_LISTED),
});

/** Returns what an organization has, which its deletion takes. Sent by organizations. */
export const organizationContentsRequest = request({
  subject: 'deployments.v1.organizations.contents',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({ organizationId: z.string() }),
  output: z.strictObject({
    /** With those that are being deleted, until their names are released. */
    applications: named,
    profiles: named,
    /** Registered clusters, without the platform's own sandbox. */
    clusters: named,
    /** Applications that are being deleted, and what their deletions wait for. */
    waits: z
      .array(
        z.strictObject({
          application: z.string(),
          reason: z.string(),
          /** What to do about it; `null` if the platform needs no help. */
          fix: z.string().nullable(),
        }),
      )
      .max(MAX_LISTED),
  }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 5_000,
});
export type OrganizationContents = z.infer<typeof organizationContentsRequest.output>;

/** A deployment that counts against the deployments of its day. */
export const countedDeployment = z.strictObject({
  /** `null` if the application is no longer known. */
  application: z.string().nullable(),
  /** Version such as `v3`; `null` if the deployment was counted, but no revision was recorded. */
  version: z.string().nullable(),
  at: z.string(),
  /** E-mail address or name of who deployed; `platform` for a followed source. */
  by: z.string(),
});
export type CountedDeployment = z.infer<typeof countedDeployment>;

/** Maximum number of counted deployments in a response. */
export const MAX_COUNTED_DEPLOYMENTS = 50;

/** Counts what the plan limits. Sent by billing, for the use of a plan. */
export const catalogUsageRequest = request({
  subject: 'deployments.v1.usage.get',
  permission: SERVICES_ONLY,
  callers: ['billing'],
  input: z.strictObject({ organizationId: z.string() }),
  output: z.strictObject({
    applications: z.number().int(),
    profiles: z.number().int(),
    /** Registered clusters, without the platform's own sandbox. */
    clusters: z.number().int(),
    /** Deployments of the current day (UTC). */
    deploymentsPerDay: z.number().int(),
    /** The newest of them, newest first. */
    deployments: z.array(countedDeployment).max(MAX_COUNTED_DEPLOYMENTS),
  }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 3_000,
});
