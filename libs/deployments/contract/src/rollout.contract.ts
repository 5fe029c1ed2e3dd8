import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { workQueue } from '#work-queue/contract';
import { z } from 'zod';
import { policySchema } from './manifest.ts';
import { CLUSTER_STATES, HEALTHS } from './values.ts';

/**
 * One attempt to bring a revision onto its cluster, or to take an application away. Handling an item twice must do no
 * harm: claims are granted by deployments.
 */
export const rolloutQueue = workQueue({
  subject: 'deployments.v1.work.rollout',
  item: z.strictObject({ organizationId: z.string(), applicationId: z.string(), attemptId: z.string() }),
  ackWaitMs: 60_000,
  maxDeliveries: 20,
});

const WORKER = ['deploy-worker'];

/** How to reach a cluster. The credential is in the vault under `credential`: JSON with `token`, or `certificate` and `key`. */
export const clusterConnection = z.strictObject({
  clusterId: z.string(),
  organizationId: z.string(),
  name: z.string(),
  server: z.string(),
  certificateAuthority: z.string().nullable().describe('PEM'),
  tlsServerName: z.string().nullable(),
  credential: z.string(),
  policy: policySchema.required(),
  type: z.enum(['registered', 'sandbox']),
});
export type ClusterConnection = z.infer<typeof clusterConnection>;

/** group/kind/namespace/name, and the UID once seen. `namespace` and `group` are '' where there is none. */
export const inventoryEntry = z.strictObject({
  group: z.string(),
  version: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string().nullable(),
});
export type InventoryEntry = z.infer<typeof inventoryEntry>;

export const rolloutTask = z.strictObject({
  kind: z.enum(['deploy', 'delete']),
  organizationId: z.string(),
  organizationSlug: z.string(),
  applicationId: z.string(),
  applicationName: z.string(),
  attemptId: z.string(),
  /** Grows with each attempt of the application: the fence on the cluster. */
  attemptNumber: z.number().int(),
  revision: z.number().int(),
  cluster: clusterConnection,
  targetNamespace: z.string(),
  namespaceMode: z.enum(['override', 'preserve']),
  /** Whether the platform made the target namespace, and so takes it away with its last application. */
  ownsNamespace: z.boolean(),
  /** Name of the vault record with the resolved specification (JSON, `ResolvedSpec`); null for a deletion. */
  resolved: z.string().nullable(),
  /** Rendered bytes and plan of an earlier attempt at this revision that ended without an end. */
  recordedPlan: z.strictObject({ rendered: z.string(), digest: z.string() }).nullable(),
  /** Everything that earlier attempts may have put onto the cluster. */
  inventory: z.array(inventoryEntry),
  /** Vault record with the inventory (JSON list), where it is too long for a message; the list above is then empty. */
  inventoryRecord: z.string().optional(),
  orphan: z.boolean(),
  /** RFC 3339: pods are replaced, and this time is written on their template; absent where none are. */
  restart: z.string().optional(),
  /** No failure is waited for. */
  failFast: z.boolean().optional(),
  /** An owner or admin of the organization asked for the revision. */
  byAdmin: z.boolean().optional(),
});
export type RolloutTask = z.infer<typeof rolloutTask>;

export const claimAttemptRequest = request({
  subject: 'deployments.v1.attempts.claim',
  permission: SERVICES_ONLY,
  callers: WORKER,
  /** A later incarnation of a worker's name proves that the earlier one is gone. */
  input: z.strictObject({
    organizationId: z.string(),
    applicationId: z.string(),
    attemptId: z.string(),
    worker: z.string(),
    incarnation: z.string(),
  }),
  output: z.discriminatedUnion('granted', [
    /** `retryInMs` null: nothing is owed any more, the item may be acknowledged. */
    z.strictObject({ granted: z.literal(false), reason: z.string(), retryInMs: z.number().int().nullable() }),
    z.strictObject({ granted: z.literal(true), claim: z.number().int(), leaseUntil: z.string(), task: rolloutTask }),
  ]),
  timeoutMs: 10_000,
});

const claimed = {
  organizationId: z.string(),
  applicationId: z.string(),
  attemptId: z.string(),
  claim: z.number().int(),
};

/** Asked before each wave and at least every 10 s; refused (`deployments/claim-lost`) when the claim is not the present one. */
export const extendClaimRequest = request({
  subject: 'deployments.v1.attempts.extend',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject(claimed),
  output: z.strictObject({ leaseUntil: z.string(), superseded: z.boolean() }),
  timeoutMs: 5_000,
});

const planned = z.strictObject({
  /** Vault record with the rendered objects (JSON list). */
  rendered: z.string(),
  digest: z.string(),
  changes: z.array(
    z.strictObject({
      object: z.string().describe('Deployment/web; with the namespace when it differs from the target namespace'),
      action: z.enum(['create', 'update', 'unchanged', 'delete']),
      fields: z.array(z.string()).max(50).describe('changed paths; secret values as fingerprints'),
      takesBackFrom: z.string().nullable(),
    }),
  ),
  /** How many objects change; the list above may hold fewer. */
  changeCount: z.number().int().optional(),
  /** Union of what was there and what will be: recorded before the first write. */
  inventory: z.array(inventoryEntry),
  inventoryRecord: z.string().optional(),
  warnings: z.array(z.string()),
});

const hosts = z.array(z.string().max(253)).max(250);

export const reportStepRequest = request({
  subject: 'deployments.v1.attempts.report',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    ...claimed,
    step: z.discriminatedUnion('step', [
      z.strictObject({ step: z.literal('fetched'), source: z.string() }),
      z.strictObject({
        step: z.literal('rendered'),
        objects: z.number().int(),
        digest: z.string(),
        /** Host names that the objects ask for: refused (`deployments/host-taken`) where another application has one. */
        hosts: hosts.optional(),
      }),
      z.strictObject({ step: z.literal('planned'), plan: planned }),
      z.strictObject({
        step: z.literal('applied'),
        wave: z.string(),
        objects: z.array(inventoryEntry),
        inventoryRecord: z.string().optional(),
        waves: z.strictObject({ done: z.number().int(), all: z.number().int() }),
      }),
      z.strictObject({ step: z.literal('progressing'), message: z.string() }),
      z.strictObject({ step: z.literal('healthy'), message: z.string() }),
      z.strictObject({ step: z.literal('pruned'), objects: z.array(inventoryEntry) }),
    ]),
  }),
  output: z.strictObject({ leaseUntil: z.string(), superseded: z.boolean() }),
  timeoutMs: 5_000,
});

/** Ends the attempt; the first end counts, a repeat by the same claim is answered as the first. */
export const finishAttemptRequest = request({
  subject: 'deployments.v1.attempts.finish',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    ...claimed,
    outcome: z.discriminatedUnion('outcome', [
      z.strictObject({
        outcome: z.literal('succeeded'),
        message: z.string(),
        inventory: z.array(inventoryEntry),
        inventoryRecord: z.string().optional(),
        /** Host names of the objects: those of earlier revisions are given back. Absent: all are kept. */
        hosts: hosts.optional(),
        endpoint: z.string().nullable(),
        replicas: z.string().nullable(),
      }),
      z.strictObject({
        outcome: z.literal('failed'),
        code: z.string(),
        message: z.string(),
        fix: z.string().nullable(),
        /** Whether objects of this revision were written: DEGRADED if so, FAILED if not. */
        applied: z.boolean(),
        inventory: z.array(inventoryEntry),
        inventoryRecord: z.string().optional(),
        /** What serves in the meantime, in words: `v3 still serves, 3/3 ready`. */
        serving: z.string().nullable(),
      }),
      z.strictObject({ outcome: z.literal('superseded') }),
    ]),
  }),
  output: z.strictObject({}),
  timeoutMs: 10_000,
});

/** Clusters that need an observer; `observer` leads those it is granted, 30 s at a time. */
export const observedClustersRequest = request({
  subject: 'deployments.v1.clusters.observed',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({ observer: z.string() }),
  output: z.strictObject({
    clusters: z.array(
      z.strictObject({
        connection: clusterConnection,
        applications: z.array(
          z.strictObject({
            applicationId: z.string(),
            namespace: z.string(),
            /** The attempt that may have put objects onto the cluster last; absent while there is none. */
            deployedBy: z.number().int().optional(),
          }),
        ),
      }),
    ),
  }),
  timeoutMs: 5_000,
});

/** Objects of an application as the log knows them, a page at a time: asked when the inventory on the cluster is gone. */
export const deployedObjectsRequest = request({
  subject: 'deployments.v1.applications.deployed',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({ organizationId: z.string(), applicationId: z.string(), from: z.number().int().min(0) }),
  output: z.strictObject({ objects: z.array(inventoryEntry).max(1_000), next: z.number().int().nullable() }),
  timeoutMs: 5_000,
});

/** What an observer saw: at most one report per 5 s and application. */
export const reportHealthRequest = request({
  subject: 'deployments.v1.applications.health',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    clusterId: z.string(),
    applications: z
      .array(
        z.strictObject({
          organizationId: z.string(),
          applicationId: z.string(),
          health: z.enum(HEALTHS),
          message: z.string(),
          code: z.string().nullable(),
          replicas: z.string().nullable(),
          attemptNumber: z.number().int().nullable(),
          /** Whether every object is there and every field that was applied is still ours. */
          sync: z.enum(['Synced', 'OutOfSync']).optional(),
          /** What is not, and who changed it: the first objects only. */
          drift: z
            .array(z.strictObject({ what: z.string().max(400), fields: z.array(z.string().max(400)).max(6) }))
            .max(5)
            .optional(),
        }),
      )
      .max(200),
  }),
  /** `again`: applications whose rollout is under way; to be told once more, since nothing was recorded. */
  output: z.strictObject({ again: z.array(z.string()).optional() }),
  timeoutMs: 5_000,
});

/**
 * What an observer knows of a cluster. Sent at every change and at least every 20 s while the cluster answers: one that
 * is not reachable for 60 s (by this or by a report of health) counts as UNREACHABLE, its applications as UNKNOWN.
 */
export const reportClusterRequest = request({
  subject: 'deployments.v1.clusters.report',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    organizationId: z.string(),
    clusterId: z.string(),
    state: z.enum(CLUSTER_STATES),
    reason: z.string().nullable(),
    version: z.string().nullable(),
    nodes: z.number().int().nullable(),
  }),
  output: z.strictObject({}),
  timeoutMs: 5_000,
});

const catalogLimits = {
  applications: z.number().int(),
  profiles: z.number().int(),
  clusters: z.number().int(),
  deploymentsPerDay: z.number().int(),
};

/** From billing: what the organization's plan allows, an event in the stream that is limited. */
export const setCatalogLimitsRequest = request({
  subject: 'deployments.v1.limits.set',
  permission: SERVICES_ONLY,
  callers: ['billing'],
  input: z.strictObject({ organizationId: z.string(), ...catalogLimits }),
  output: z.strictObject(catalogLimits),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 5_000,
});

/** The data (`over`) of the refusal of limits below what is in use, `deployments/limits-below-use`. */
export const limitsBelowUse = z.array(
  z.object({ limit: z.enum(['applications', 'profiles', 'clusters']), used: z.number(), allowed: z.number() }),
);
