import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { workQueue } from '#work-queue/contract';
import { z } from 'zod';
import { kindHealth } from './health.contract.ts';
import { policySchema } from './manifest.ts';
import { allowedEntries, sourceAccess } from './sources.contract.ts';
import { CLUSTER_STATES, HEALTHS } from './values.ts';

const WORKER = ['deploy-worker'];

/**
 * One attempt to deploy a revision to its cluster, or to delete an application. An item may be delivered more than
 * once: deployments grants each claim.
 */
export const rolloutQueue = workQueue({
  subject: 'deployments.v1.work.rollout',
  workers: WORKER,
  item: z.strictObject({ organizationId: z.string(), applicationId: z.string(), attemptId: z.string() }),
  ackWaitMs: 60_000,
  maxDeliveries: 20,
});

/**
 * Connection to a cluster. `credential` is the name of the vault record with the credential: JSON with `token`, or
 * `certificate` and `key`.
 */
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
  uid: z.string().optional().describe('UID of the namespace kube-system, which identifies a registered cluster'),
  egress: allowedEntries.optional().describe('left out where there are none, and where they come with the answer'),
  health: z.array(kindHealth).optional().describe('rules of the cluster for kinds; absent if there are none'),
  healthRevision: z.number().int().optional().describe('instead of the rules, in a message with many connections'),
});
export type ClusterConnection = z.infer<typeof clusterConnection>;

/**
 * An object that a deletion kept because it contains objects of others, such as `CustomResourceDefinition
 * widgets.acme.dev`.
 */
export const keptObject = z.strictObject({ object: z.string(), contains: z.string() });
export type KeptObject = z.infer<typeof keptObject>;

/**
 * Identifies an object by group, kind, namespace and name, and by its UID once known. `namespace` and `group` are '' if
 * there is none.
 */
export const inventoryEntry = z.strictObject({
  group: z.string(),
  version: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string().nullable(),
  /** Set for a hook, which does not count for the health and drift of the application. */
  hook: z.literal(true).optional(),
});
export type InventoryEntry = z.infer<typeof inventoryEntry>;

const conflictingFields = z.strictObject({
  manager: z.string().max(256),
  fields: z.array(z.string().max(400)).max(20),
});

/** An object that belongs to no application, and what an application would take over with it. */
export const adoptableObject = z.strictObject({
  /** Such as `Deployment/web`. */
  object: z.string().max(600),
  uid: z.string().max(64),
  /** Fields of the manifest that others manage and that would get another value, by field manager. */
  takes: z.array(conflictingFields).max(10),
  /** Fields that `kubectl apply` set and that the manifest does not contain. They would be removed. */
  removes: z.array(z.string().max(400)).max(20),
});
export type AdoptableObject = z.infer<typeof adoptableObject>;

/** Most objects that one attempt takes over. */
export const MAX_ADOPTED = 50;

/** All that a worker needs for one attempt. */
export const rolloutTask = z.strictObject({
  kind: z.enum(['deploy', 'delete']),
  organizationId: z.string(),
  organizationSlug: z.string(),
  applicationId: z.string(),
  applicationName: z.string(),
  attemptId: z.string(),
  /** Increases with each attempt of the application. The cluster rejects writes of older attempts. */
  attemptNumber: z.number().int(),
  revision: z.number().int(),
  cluster: clusterConnection,
  targetNamespace: z.string(),
  namespaceMode: z.enum(['override', 'preserve']),
  /** Whether the platform created the target namespace. It is then deleted with its last application. */
  ownsNamespace: z.boolean(),
  /** Name of the vault record with the resolved specification (JSON, `ResolvedSpec`); null for a deletion. */
  resolved: z.string().nullable(),
  /** Rendered objects and plan of an earlier attempt at the same that was interrupted; of a deletion, only its hooks. */
  recordedPlan: z.strictObject({ rendered: z.string(), digest: z.string() }).nullable(),
  /** All objects that earlier attempts may have applied to the cluster. */
  inventory: z.array(inventoryEntry),
  /** Vault record with the inventory (JSON list), if it is too large for a message; `inventory` is then empty. */
  inventoryRecord: z.string().optional(),
  orphan: z.boolean(),
  /** Set if objects that the revision no longer contains are kept. */
  prune: z.literal(false).optional(),
  /** RFC 3339 time, written to the pod template so that pods are replaced. Absent if they are not to be replaced. */
  restart: z.string().optional(),
  /** Whether the attempt fails at the first failure instead of waiting for recovery. */
  failFast: z.boolean().optional(),
  /** Set if the attempt may delete most objects of the application. */
  allowRemovals: z.literal(true).optional(),
  /** UIDs of objects that belong to no application and that the attempt may take over. */
  adopt: z.array(z.string()).max(MAX_ADOPTED).optional(),
  /** Objects of the last successful deployment, without Jobs. Absent if none succeeded. */
  deployedObjects: z.number().int().optional(),
  /**
   * For a source outside of the platform: the vault record for the rendered objects. The first attempt writes
   * it; all later ones, of any revision with the same source, pin, and namespace, read it. Absent for other sources.
   */
  rendering: z.string().optional(),
  /**
   * For a deletion that runs hooks: the objects of the revision that was deployed last. Absent if none was, and if hooks
   * are not to run.
   */
  deployed: z.strictObject({ rendered: z.string(), digest: z.string() }).optional(),
  /** Hooks that run. Absent in tasks of earlier releases: those of an upgrade. */
  hooks: z.enum(['install', 'upgrade', 'rollback', 'none']).optional(),
  /** For an image: the credential of its registry, and the name of the registry in a pull secret. */
  imageCredential: z.strictObject({ registry: z.string(), record: z.string() }).optional(),
  /** Access to the hosts of that source. */
  sourceAccess: z.strictObject(sourceAccess).optional(),
  /** Whether an owner or admin of the organization requested the revision. */
  byAdmin: z.boolean().optional(),
});
export type RolloutTask = z.infer<typeof rolloutTask>;

/** Claims an attempt for a worker. Grants at most one claim at a time. */
export const claimAttemptRequest = request({
  subject: 'deployments.v1.attempts.claim',
  permission: SERVICES_ONLY,
  callers: WORKER,
  /** A new incarnation of a worker's name proves that the previous one has ended. */
  input: z.strictObject({
    organizationId: z.string(),
    applicationId: z.string(),
    attemptId: z.string(),
    worker: z.string(),
    incarnation: z.string(),
  }),
  output: z.discriminatedUnion('granted', [
    /** Null `retryInMs`: nothing is left to do, so the worker acknowledges the item. */
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

/**
 * Renews a claim before each wave and at least every 10 s. Rejected with `deployments/claim-lost` if the claim is no
 * longer current.
 */
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
  /** Number of objects that change; `changes` may list fewer. */
  changeCount: z.number().int().optional(),
  /** Union of the existing and the planned objects, recorded before the first write. */
  inventory: z.array(inventoryEntry),
  inventoryRecord: z.string().optional(),
  warnings: z.array(z.string()),
});

const hosts = z.array(z.string().max(253)).max(250);

const fetched = z.strictObject({ step: z.literal('fetched'), source: z.string() });
const rendered = z.strictObject({
  step: z.literal('rendered'),
  objects: z.number().int(),
  digest: z.string(),
  /** Hosts of the objects. Rejected with `deployments/host-taken` if another application has one of them. */
  hosts: hosts.optional(),
});
const healthy = z.strictObject({ step: z.literal('healthy'), message: z.string() });
const pruned = z.strictObject({ step: z.literal('pruned'), objects: z.array(inventoryEntry) });

/** Steps that were completed earlier and not reported yet, oldest first. They are recorded in the same append. */
const earlier = z
  .array(z.discriminatedUnion('step', [fetched, rendered.omit({ hosts: true }), healthy, pruned]))
  .max(4)
  .optional();

/** Reports a completed step of an attempt, which also renews the claim. */
export const reportStepRequest = request({
  subject: 'deployments.v1.attempts.report',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    ...claimed,
    earlier,
    step: z.discriminatedUnion('step', [
      fetched,
      rendered,
      z.strictObject({ step: z.literal('planned'), plan: planned }),
      z.strictObject({
        step: z.literal('applied'),
        wave: z.string(),
        objects: z.array(inventoryEntry),
        inventoryRecord: z.string().optional(),
        waves: z.strictObject({ done: z.number().int(), all: z.number().int() }),
      }),
      z.strictObject({
        step: z.literal('progressing'),
        message: z.string(),
        /** The problem that the platform waits for, without the number of ready pods. Absent if there is none. */
        problem: z.string().optional(),
      }),
      healthy,
      pruned,
    ]),
  }),
  output: z.strictObject({ leaseUntil: z.string(), superseded: z.boolean() }),
  timeoutMs: 5_000,
});

/** Ends the attempt. The first request decides; a repeat with the same claim gets the same response. */
export const finishAttemptRequest = request({
  subject: 'deployments.v1.attempts.finish',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({
    ...claimed,
    earlier,
    outcome: z.discriminatedUnion('outcome', [
      z.strictObject({
        outcome: z.literal('succeeded'),
        message: z.string(),
        inventory: z.array(inventoryEntry),
        inventoryRecord: z.string().optional(),
        /** Hosts of the objects. Hosts of earlier revisions that are not listed are released. Absent: all are kept. */
        hosts: hosts.optional(),
        endpoint: z.string().nullable(),
        replicas: z.string().nullable(),
        /** Objects that the deletion kept. Only the first ones are listed. */
        kept: z.array(keptObject).max(20).optional(),
      }),
      z.strictObject({
        outcome: z.literal('failed'),
        code: z.string(),
        message: z.string(),
        fix: z.string().nullable(),
        /** Whether objects of this revision were written: the application becomes DEGRADED if so, FAILED if not. */
        applied: z.boolean(),
        inventory: z.array(inventoryEntry),
        inventoryRecord: z.string().optional(),
        /** Objects that belong to no application and that made the attempt fail. Only the first ones are listed. */
        adoptable: z.array(adoptableObject).max(MAX_ADOPTED).optional(),
        /** What serves traffic until then, as text: `v3 still serves, 3/3 ready`. */
        serving: z.string().nullable(),
      }),
      z.strictObject({ outcome: z.literal('superseded') }),
    ]),
  }),
  output: z.strictObject({}),
  timeoutMs: 10_000,
});

/** Returns the clusters that need an observer. Each cluster is leased to `observer` for 30 s. */
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
    egress: allowedEntries.optional().describe('of all these connections'),
  }),
  timeoutMs: 5_000,
});

/**
 * Returns the objects of an application according to the event log, page by page. Used when the inventory on the
 * cluster is missing.
 */
export const deployedObjectsRequest = request({
  subject: 'deployments.v1.applications.deployed',
  permission: SERVICES_ONLY,
  callers: WORKER,
  input: z.strictObject({ organizationId: z.string(), applicationId: z.string(), from: z.number().int().min(0) }),
  output: z.strictObject({ objects: z.array(inventoryEntry).max(1_000), next: z.number().int().nullable() }),
  timeoutMs: 5_000,
});

/** Reports the health that an observer saw: at most one report per 5 s and application. */
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
          /** Whether all objects exist and all applied fields are still owned by the platform. */
          sync: z.enum(['Synced', 'OutOfSync']).optional(),
          /** What differs, and who changed it. Only the first objects are listed. */
          drift: z
            .array(z.strictObject({ what: z.string().max(400), fields: z.array(z.string().max(400)).max(6) }))
            .max(5)
            .optional(),
        }),
      )
      .max(200),
  }),
  /** `again`: applications with a rollout in progress, for which nothing was recorded. Report them again. */
  output: z.strictObject({ again: z.array(z.string()).optional() }),
  timeoutMs: 5_000,
});

/**
 * Reports the state of a cluster: at each change, and at least every 20 s while the cluster responds. A cluster without
 * such a report or a health report for 60 s is UNREACHABLE, and its applications are UNKNOWN.
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

/** Called by billing: appends the limits of the organization's plan to the stream that they limit. */
export const setCatalogLimitsRequest = request({
  subject: 'deployments.v1.limits.set',
  permission: SERVICES_ONLY,
  callers: ['billing'],
  input: z.strictObject({ organizationId: z.string(), ...catalogLimits }),
  output: z.strictObject(catalogLimits),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 5_000,
});

/** Field `over` of the error `deployments/limits-below-use`, which rejects limits below the current use. */
export const limitsBelowUse = z.array(
  z.object({ limit: z.enum(['applications', 'profiles', 'clusters']), used: z.number(), allowed: z.number() }),
);
