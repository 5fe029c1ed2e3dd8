import { SERVICES_ONLY } from '#access';
import { flag, pageInput, pageOutput, request, stream } from '#bus/contract';
import { z } from 'zod';
import { policySchema, registrationSpecSchema, manifestOf } from './manifest.ts';
import { CLUSTER_STATES } from './values.ts';

const org = z.string().min(1);
const name = z.string().min(1).max(253);
const organizationOf = (input: { org: string }) => input.org;

/** A cluster as the API returns it. */
export const clusterView = z.strictObject({
  id: z.string(),
  name: z.string(),
  state: z.enum(CLUSTER_STATES),
  /** Why the cluster is not READY. */
  reason: z.string().nullable(),
  provider: z.string(),
  region: z.string().nullable(),
  type: z.enum(['registered', 'sandbox']),
  version: z.string().nullable(),
  nodes: z.number().int().nullable(),
  server: z.string(),
  heartbeat: z.string().nullable(),
  policy: z.strictObject({
    namespaces: z.array(z.string()),
    clusterScoped: z.union([z.enum(['deny', 'allow']), z.array(z.string())]),
    podSecurity: z.enum(['restricted', 'baseline', 'privileged']),
  }),
  createdAt: z.string(),
  revision: z.number().int(),
  apps: z.number().int(),
});
export type ClusterView = z.infer<typeof clusterView>;

export const listClustersRequest = request({
  subject: 'deployments.v1.clusters.list',
  route: 'GET /v1/organizations/{org}/clusters',
  summary: 'List clusters',
  permission: 'cluster.read',
  input: z.strictObject({ org, provider: z.string().optional(), ...pageInput }),
  output: z.strictObject(pageOutput(clusterView)),
  organizationOf,
  timeoutMs: 5_000,
});

export const getClusterRequest = request({
  subject: 'deployments.v1.clusters.get',
  route: 'GET /v1/organizations/{org}/clusters/{name}',
  summary: 'Get a cluster',
  permission: 'cluster.read',
  input: z.strictObject({ org, name }),
  output: clusterView,
  organizationOf,
  timeoutMs: 5_000,
});

export const registerClusterRequest = request({
  subject: 'deployments.v1.clusters.register',
  route: 'PUT /v1/organizations/{org}/clusters/{name}',
  dryRun: true,
  ifMatch: true,
  summary: 'Register a cluster, or replace its credentials: the body is its registration',
  permission: 'cluster.manage',
  input: z.strictObject({ org, name, manifest: z.unknown() }),
  body: 'manifest',
  bodySchema: manifestOf('K8sClusterRegistration', registrationSpecSchema),
  creates: true,
  output: z.strictObject({
    cluster: clusterView,
    outcome: z.enum(['created', 'configured', 'unchanged']),
    dryRun: z.boolean(),
  }),
  organizationOf,
  timeoutMs: 20_000,
});

export const deleteClusterRequest = request({
  subject: 'deployments.v1.clusters.delete',
  route: 'DELETE /v1/organizations/{org}/clusters/{name}',
  dryRun: true,
  ifMatch: true,
  summary: 'Remove a cluster that is not in use',
  permission: 'cluster.manage',
  input: z.strictObject({ org, name }),
  output: z.strictObject({ name: z.string(), dryRun: z.boolean() }),
  organizationOf,
  timeoutMs: 15_000,
});

const clusterEvent = z.strictObject({
  time: z.string(),
  cluster: z.string().describe('name of the cluster'),
  state: z.enum(CLUSTER_STATES).describe('state of the cluster after the event'),
  by: z.string().describe('`platform` if the platform itself noticed or changed it'),
  message: z.string(),
  position: z.string(),
});
export type ClusterEventView = z.infer<typeof clusterEvent>;

const clusterEventsPlace = {
  follow: flag.default(false),
  after: z
    .string()
    .max(200)
    .optional()
    .describe('position of the last event that was read; `next` of the previous page'),
  limit: pageInput.limit,
};

export const clusterEventsRequest = stream({
  subject: 'deployments.v1.clusters.events',
  route: 'GET /v1/organizations/{org}/clusters/{name}/events',
  summary:
    'List events of a cluster: changes of its registration, settings, and state; oldest first; SSE with follow=true',
  permission: 'cluster.read',
  input: z.strictObject({ org, name, ...clusterEventsPlace }),
  output: clusterEvent,
  organizationOf,
  timeoutMs: 10_000,
});

export const allClusterEventsRequest = stream({
  subject: 'deployments.v1.clusters.all-events',
  route: 'GET /v1/organizations/{org}/cluster-events',
  summary: 'List events of all clusters of an organization, oldest first; SSE with follow=true',
  permission: 'cluster.read',
  input: z.strictObject({ org, ...clusterEventsPlace }),
  output: clusterEvent,
  organizationOf,
  timeoutMs: 10_000,
});

export const getClusterPolicyRequest = request({
  subject: 'deployments.v1.clusters.policy.get',
  route: 'GET /v1/organizations/{org}/clusters/{name}/policy',
  summary: 'Get the policy of a cluster: what can be deployed to it',
  permission: 'cluster.read',
  input: z.strictObject({ org, name }),
  output: clusterView.shape.policy,
  organizationOf,
  timeoutMs: 5_000,
});

export const setClusterPolicyRequest = request({
  subject: 'deployments.v1.clusters.policy.set',
  route: 'PUT /v1/organizations/{org}/clusters/{name}/policy',
  dryRun: true,
  ifMatch: true,
  summary: 'Change the policy of a cluster; omitted keys are kept',
  permission: 'cluster.manage',
  input: z.strictObject({ org, name, ...policySchema.shape }),
  output: clusterView.shape.policy,
  organizationOf,
  timeoutMs: 5_000,
});

export const dnsSubdomain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'must be a DNS name in lower case');

/** How a cluster exposes image applications with `externalAccess`. */
export const ingressSettings = z.strictObject({
  class: dnsSubdomain.nullable().describe('IngressClass; null: the default or only one of the cluster'),
  domain: dnsSubdomain.nullable().describe('domain for applications that name neither domain nor hostname'),
  tls: z
    .string()
    .max(270)
    .regex(/^(none|(secret|issuer):[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/, 'must be none, secret:NAME, or issuer:NAME')
    .describe(
      '`none`; `secret:NAME`: this TLS Secret, in the namespace of each application; `issuer:NAME`: this ClusterIssuer of cert-manager',
    ),
  annotations: z.record(z.string().min(1).max(317), z.string().max(2_000)).describe('of every Ingress'),
});
export type IngressSettings = z.infer<typeof ingressSettings>;

/** Settings of a cluster for which none were set. */
export const DEFAULT_INGRESS: IngressSettings = { class: null, domain: null, tls: 'none', annotations: {} };

export const getClusterIngressRequest = request({
  subject: 'deployments.v1.clusters.ingress.get',
  route: 'GET /v1/organizations/{org}/clusters/{name}/ingress',
  summary: 'Get the ingress settings of a cluster: how external access to applications is set up',
  permission: 'cluster.read',
  input: z.strictObject({ org, name }),
  output: ingressSettings,
  organizationOf,
  timeoutMs: 5_000,
});

export const setClusterIngressRequest = request({
  subject: 'deployments.v1.clusters.ingress.set',
  route: 'PUT /v1/organizations/{org}/clusters/{name}/ingress',
  dryRun: true,
  ifMatch: true,
  summary:
    'Change the ingress settings of a cluster; omitted keys are kept. Takes effect when an application is applied',
  permission: 'cluster.manage',
  input: z.strictObject({
    org,
    name,
    ...ingressSettings.omit({ annotations: true }).partial().shape,
    annotations: z
      .record(
        z
          .string()
          .max(317)
          .regex(
            /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
            'must be an annotation key',
          )
          .refine((key) => !/-snippets?$/.test(key), 'must not be a configuration snippet'),
        z.string().max(2_000).nullable(),
      )
      .refine((given) => Object.keys(given).length <= 20, 'must have at most 20 keys')
      .optional()
      .describe('changed annotations; null removes one'),
  }),
  output: ingressSettings,
  organizationOf,
  timeoutMs: 5_000,
});

export const clusterAccessRequest = request({
  subject: 'deployments.v1.clusters.access',
  route: 'GET /v1/organizations/{org}/clusters/{name}/access',
  summary: 'List the accounts of members on a cluster, including those that are being deleted',
  permission: 'cluster.manage',
  input: z.strictObject({ org, name, ...pageInput }),
  output: z.strictObject(
    pageOutput(
      z.strictObject({
        id: z.string(),
        /** Email address or name. */
        who: z.string(),
        access: z.enum(['cluster', 'edit', 'view']),
        /** `ENDING`: the account is being deleted; the deletion is retried until it succeeds. */
        state: z.enum(['ACTIVE', 'ENDING']),
        /** Error code of the last attempt to delete the account. */
        code: z.string().nullable(),
        since: z.string(),
        lastIssued: z.string().nullable(),
      }),
    ),
  ),
  organizationOf,
  timeoutMs: 5_000,
});

/**
 * Called by organizations when a membership ended or its role was lowered: ends the access to clusters that the role no
 * longer grants.
 */
export const reviewAccessRequest = request({
  subject: 'deployments.v1.access.review',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({
    organizationId: z.string(),
    memberId: z.string(),
    position: z.string().describe('of the log, from which on the membership is what it is now'),
  }),
  /** Accounts that are not deleted yet. The deletion is retried until it succeeds. */
  output: z.strictObject({ pending: z.array(z.strictObject({ cluster: z.string(), code: z.string() })) }),
  timeoutMs: 8_000,
});

/** Returns the parts of a kubeconfig for one person, valid for at most ten minutes. */
export const clusterKubeconfigRequest = request({
  subject: 'deployments.v1.clusters.kubeconfig',
  route: 'POST /v1/organizations/{org}/clusters/{name}/kubeconfig',
  summary: 'Get short-lived credentials for kubectl, with the permissions of your role',
  permission: 'cluster.kubeconfig',
  input: z.strictObject({ org, name }),
  output: z.strictObject({
    clusterName: z.string(),
    server: z.string(),
    certificateAuthorityData: z.string().nullable(),
    tlsServerName: z.string().nullable(),
    token: z.string(),
    expiresAt: z.string(),
    namespace: z.string().nullable(),
  }),
  organizationOf,
  timeoutMs: 20_000,
});
