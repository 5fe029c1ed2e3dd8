import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';
import { dnsSubdomain } from './clusters.contract.ts';

const org = z.string().min(1);
const name = z.string().min(1).max(253);
const organizationOf = (input: { org: string }) => input.org;

const HEALTH_BYTES = 16_384;

const ruleHealth = z.enum(['Healthy', 'Progressing', 'Degraded', 'Suspended']);
const STEP = String.raw`(\.[A-Za-z_][\w-]{0,100}|\['[^'\]]{1,317}'\]|\[\d{1,3}\])`;
const fieldPath = z
  .string()
  .max(500)
  .regex(
    new RegExp(`^\\.?(status|spec|metadata)${STEP}{0,20}$`),
    "must be a path below status, spec, or metadata, such as status.phase, status.nodes[0].state, or metadata.annotations['acme.dev/paused']",
  );
const messagePath = z
  .string()
  .max(500)
  .regex(new RegExp(`^\\.?status${STEP}{1,20}$`), 'must be a path below status, such as status.message');
const word = z.string().min(1).max(317);

const fieldRule = z.strictObject({
  path: fieldPath,
  values: z
    .array(z.union([z.string().max(200), z.number(), z.boolean()]))
    .min(1)
    .max(20)
    .describe('matches if the field has one of these values'),
  health: ruleHealth,
});
const conditionRule = z.strictObject({
  condition: word.describe('type of a condition in status.conditions'),
  status: z.string().regex(/^(True|False|Unknown)$/, 'must be "True", "False", or "Unknown"'),
  reasons: z.array(word).min(1).max(20).optional().describe('if given, the reason must be one of these'),
  health: ruleHealth,
});

/** How objects of one kind are judged on a cluster. */
export const kindHealth = z.strictObject({
  group: z.union([z.literal(''), dnsSubdomain]).describe("'' for the core group"),
  kind: z
    .string()
    .regex(/^(\*|[A-Z][A-Za-z0-9]{0,62})$/, 'must be a kind such as Database, or * for all kinds of the group'),
  rules: z
    .array(z.union([fieldRule, conditionRule]))
    .min(1)
    .max(20)
    .describe('the first that matches decides'),
  otherwise: ruleHealth.optional().describe('if no rule matches; without it, the rules for all kinds apply'),
  messagePath: messagePath.optional().describe('field with the reason, if it is not the message of the condition'),
});

/** How objects of custom kinds are judged on a cluster. */
export const healthSettings = z.strictObject({
  kinds: z
    .array(kindHealth)
    .max(50)
    .refine(
      (kinds) => new Set(kinds.map(({ group, kind }) => `${group}/${kind}`)).size === kinds.length,
      'must have each kind once',
    )
    .refine(
      (kinds) => JSON.stringify(kinds).length <= HEALTH_BYTES,
      `must not be larger than ${HEALTH_BYTES / 1_024} KiB as JSON`,
    ),
});
export type HealthSettings = z.infer<typeof healthSettings>;

/** Settings of a cluster for which none were set. */
export const DEFAULT_HEALTH: HealthSettings = { kinds: [] };

export const getClusterHealthRequest = request({
  subject: 'deployments.v1.clusters.health.get',
  route: 'GET /v1/organizations/{org}/clusters/{name}/health',
  summary: 'Get how the health of custom kinds is determined on a cluster',
  permission: 'cluster.read',
  input: z.strictObject({ org, name }),
  output: healthSettings,
  organizationOf,
  timeoutMs: 5_000,
});

export const setClusterHealthRequest = request({
  subject: 'deployments.v1.clusters.health.set',
  route: 'PUT /v1/organizations/{org}/clusters/{name}/health',
  dryRun: true,
  ifMatch: true,
  summary: 'Replace how the health of custom kinds is determined on a cluster. Takes effect within seconds',
  permission: 'cluster.manage',
  input: z.strictObject({ org, name, ...healthSettings.shape }),
  output: healthSettings,
  organizationOf,
  timeoutMs: 5_000,
});

/** Returns the rules of a cluster for its observer, which gets many connections at once, without their rules. */
export const clusterHealthRulesRequest = request({
  subject: 'deployments.v1.clusters.health.rules',
  permission: SERVICES_ONLY,
  callers: ['deploy-worker'],
  input: z.strictObject({ organizationId: z.string(), clusterId: z.string() }),
  output: healthSettings,
  timeoutMs: 5_000,
});
