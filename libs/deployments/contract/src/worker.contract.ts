import { SERVICES_ONLY } from '#access';
import { request, stream } from '#bus/contract';
import { z } from 'zod';
import {
  applicationEventsRequest,
  applicationResourcesRequest,
  applicationStatusView,
  applicationTopRequest,
  fieldChange,
  logLine,
} from './applications.contract.ts';
import { clusterConnection, inventoryEntry, rolloutTask } from './rollout.contract.ts';

/** Only deployments calls the worker, which holds the connections to clusters. */
const DEPLOYMENTS = ['deployments'];

const live = {
  cluster: clusterConnection,
  applicationId: z.string(),
  namespace: z.string(),
  inventory: z.array(inventoryEntry),
};

/** Checks whether a cluster is reachable, and which permissions are missing. */
export const probeClusterRequest = request({
  subject: 'deploy-worker.v1.clusters.probe',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject({ cluster: clusterConnection }),
  output: z.strictObject({
    /** UID of the namespace kube-system, which identifies the cluster. */
    uid: z.string(),
    version: z.string(),
    nodes: z.number().int().nullable(),
    /** Missing permissions as text: `create rolebindings in namespaces`. */
    missing: z.array(z.string()),
  }),
  timeoutMs: 15_000,
});

/** Returns replicas and pods of an application on its cluster. */
export const liveStatusRequest = request({
  subject: 'deploy-worker.v1.applications.status',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject(live),
  output: z.strictObject({
    replicas: z.string().nullable(),
    pods: applicationStatusView.shape.pods,
    externalAccess: applicationStatusView.shape.externalAccess,
  }),
  timeoutMs: 4_000,
});

/** Returns the objects of an application on its cluster, with their health. */
export const liveResourcesRequest = request({
  subject: 'deploy-worker.v1.applications.resources',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject(live),
  output: applicationResourcesRequest.output,
  timeoutMs: 6_000,
});

/** Returns what the pods of an application use. */
export const liveTopRequest = request({
  subject: 'deploy-worker.v1.applications.top',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject(live),
  output: z.strictObject({
    /** Null if the cluster does not serve metrics. */
    use: applicationTopRequest.output.nullable(),
  }),
  timeoutMs: 6_000,
});

/**
 * Compares the objects of an attempt with the cluster, field by field, with dry runs of a server-side apply. Writes
 * nothing.
 */
export const liveDifferencesRequest = request({
  subject: 'deploy-worker.v1.applications.differences',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject({ ...live, organizationId: z.string(), rendered: z.string().max(512) }),
  output: z.strictObject({
    /** At most 1,000, from what was applied to what is on the cluster. Null if the cluster refuses the dry runs. */
    changes: z.array(fieldChange).nullable(),
    omitted: z.number().int(),
  }),
  timeoutMs: 8_000,
});

/**
 * Renders what an attempt at a revision would apply, and validates it like an attempt. Writes nothing to the cluster.
 * Refused with the error of such an attempt.
 */
export const previewRevisionRequest = request({
  subject: 'deploy-worker.v1.applications.preview',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: rolloutTask.pick({
    organizationId: true,
    applicationId: true,
    applicationName: true,
    revision: true,
    attemptNumber: true,
    cluster: true,
    targetNamespace: true,
    namespaceMode: true,
    resolved: true,
    rendering: true,
    imageCredential: true,
    sourceAccess: true,
    byAdmin: true,
  }),
  output: z.strictObject({
    /** Vault record with the objects (JSON list). The next preview of the application replaces it. */
    rendered: z.string(),
    /** SHA-256 of the record, in hexadecimal. */
    digest: z.string(),
  }),
  timeoutMs: 20_000,
});

/** Streams the Kubernetes events of an application's objects. */
export const liveEventsRequest = stream({
  subject: 'deploy-worker.v1.applications.events',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject({ ...live, follow: z.boolean() }),
  output: applicationEventsRequest.output,
  timeoutMs: 10_000,
});

/** Streams the log lines of an application's pods. */
export const liveLogsRequest = stream({
  subject: 'deploy-worker.v1.applications.logs',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject({
    ...live,
    follow: z.boolean(),
    sinceSeconds: z.number().int().optional(),
    tail: z.number().int().optional(),
    container: z.string().optional(),
    previous: z.boolean(),
  }),
  output: logLine,
  timeoutMs: 10_000,
});

/**
 * Creates a token for one person, valid for at most ten minutes. It belongs to their own ServiceAccount, which their
 * role binds to namespaces or to the whole cluster.
 */
export const issueTokenRequest = request({
  subject: 'deploy-worker.v1.clusters.token',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject({
    cluster: clusterConnection,
    organizationId: z.string(),
    memberId: z.string(),
    access: z.enum(['cluster', 'edit', 'view']),
    namespaces: z.array(z.string()).max(1_000),
    /** With `access: edit`: namespaces of protected profiles, to which the person has read access only. */
    viewNamespaces: z.array(z.string()).max(1_000).optional(),
  }),
  output: z.strictObject({ token: z.string(), expiresAt: z.string() }),
  timeoutMs: 10_000,
});

/** Deletes the ServiceAccount of one person, and with it all its tokens and bindings. The request is idempotent. */
export const endAccessRequest = request({
  subject: 'deploy-worker.v1.clusters.end-access',
  permission: SERVICES_ONLY,
  callers: DEPLOYMENTS,
  input: z.strictObject({ cluster: clusterConnection, organizationId: z.string(), memberId: z.string() }),
  output: z.strictObject({}),
  timeoutMs: 10_000,
});
