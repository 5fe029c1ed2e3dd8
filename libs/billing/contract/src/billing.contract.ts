import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { countedDeployment, MAX_COUNTED_DEPLOYMENTS } from '#deployments/contract';
import { z } from 'zod';
import { AUDIT_EXPORTS } from './plans.ts';

const planView = z.strictObject({
  name: z.string(),
  title: z.string(),
  /** Whether owners can change to and from the plan; otherwise global admins only. */
  selfService: z.boolean(),
  limits: z.strictObject({
    members: z.number(),
    clusters: z.number(),
    applications: z.number(),
    profiles: z.number(),
    activeKeys: z.number(),
    deploymentsPerDay: z.number(),
    requestsPerMinute: z.number(),
    keyLifetimeDays: z.number().nullable(),
    auditDaysShown: z.number().nullable(),
  }),
  customTiers: z.boolean(),
  auditExport: z.enum(AUDIT_EXPORTS),
  support: z.string(),
});

export const listPlansRequest = request({
  subject: 'billing.v1.plans.list',
  route: 'GET /v1/plans',
  summary: 'List plans',
  permission: 'self.read',
  input: z.strictObject({}),
  output: z.strictObject({
    items: z.array(planView),
    pricingUrl: z.string(),
    /** Whom to ask about plans: an address or a URL. */
    contact: z.string().nullable(),
  }),
  timeoutMs: 5_000,
});

const subscriptionView = z.strictObject({
  plan: z.string(),
  since: z.string().nullable(),
  limits: planView.shape.limits,
  pricingUrl: z.string(),
});

export const getSubscriptionRequest = request({
  subject: 'billing.v1.subscription.get',
  route: 'GET /v1/organizations/{org}/subscription',
  summary: 'Get the plan of an organization',
  permission: 'organization.read',
  input: z.strictObject({ org: z.string().min(1) }),
  output: subscriptionView,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

/** Use of one limit. `used`: `null` if it is unknown at present, or nothing of the limit is used up. `limit`: `null` for no limit. */
const use = z.strictObject({ used: z.number().int().nullable(), limit: z.number().int().nullable() });

export const getUsageRequest = request({
  subject: 'billing.v1.usage.get',
  route: 'GET /v1/organizations/{org}/usage',
  summary: 'Get the limits of the plan with their current use',
  permission: 'organization.read',
  input: z.strictObject({ org: z.string().min(1) }),
  output: z.strictObject({
    plan: z.string(),
    limits: z.strictObject({
      members: use.describe('people, with pending invitations'),
      clusters: use,
      applications: use,
      profiles: use,
      activeKeys: use,
      deploymentsPerDay: use.describe('deployments of the current day (UTC)'),
      requestsPerMinute: use.describe('of each key'),
      keyLifetimeDays: use,
      auditDaysShown: use,
    }),
    pendingInvitations: z.number().int().nullable().describe('included in members; null: unknown'),
    deployments: z
      .array(countedDeployment)
      .max(MAX_COUNTED_DEPLOYMENTS)
      .nullable()
      .describe('the newest deployments of the current day, newest first; null: unknown'),
    pricingUrl: z.string(),
  }),
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const changePlanRequest = request({
  subject: 'billing.v1.subscription.change',
  route: 'PUT /v1/organizations/{org}/subscription',
  dryRun: true,
  ifMatch: true,
  summary: 'Change the plan. If usage exceeds the new limits, the request is refused with a list',
  permission: 'plan.change',
  input: z.strictObject({ org: z.string().min(1), plan: z.string().min(1) }),
  output: subscriptionView,
  organizationOf: ({ org }) => org,
  timeoutMs: 15_000,
});

/** Returns the plans of organizations, for views of other contexts. */
export const plansOfRequest = request({
  subject: 'billing.v1.subscription.of',
  permission: SERVICES_ONLY,
  callers: ['identity', 'organizations', 'access-keys', 'deployments', 'gateway', 'audit'],
  input: z.strictObject({ organizationIds: z.array(z.string()).max(500) }),
  output: z.strictObject({
    plans: z.record(
      z.string(),
      z.strictObject({
        plan: z.string(),
        defaultTier: z.string(),
        requestsPerMinute: z.number(),
        /** Days of the audit log that can be listed; `null`: all. */
        auditDaysShown: z.number().nullable(),
        /** Who can export the audit log: owners and those with the right `audit`, or everybody who can read it. */
        auditExport: z.enum(AUDIT_EXPORTS),
      }),
    ),
    pricingUrl: z.string(),
  }),
  timeoutMs: 5_000,
});
