import { flag, pageInput, pageOutput, request, stream } from '#bus/contract';
import { z } from 'zod';
import { applicationSpecSchema, manifestOf } from './manifest.ts';
import { line } from './manifest-fields.ts';
import { keptObject } from './rollout.contract.ts';
import { APPLICATION_STATUSES, ATTEMPT_STATES, HEALTHS, STEPS, SYNCS, TIER_NAMES } from './values.ts';

const org = z.string().min(1);
const name = z.string().min(1).max(253);
const organizationOf = (input: { org: string }) => input.org;
/** Description of `allowRemovals`. */
export const ALLOW_REMOVALS =
  'delete more than half of the objects of the application; without it, such a change is refused with deployments/removes-most';
const wholeNumber = z.coerce.number().int();

/** Why somebody changes an application. It is stored in the events as it was written, and is never secret. */
export const changeMessage = line(256)
  .min(1, 'must not be empty')
  .optional()
  .describe('why, in one line; shown to all who can read the application');

/**
 * Status of an application, in the order in which `app status` prints it. All keys are at the top level; the CLI prints
 * `null` as `-`.
 */
export const applicationStatusView = z.strictObject({
  name: z.string(),
  status: z.enum(APPLICATION_STATUSES),
  health: z.enum(HEALTHS),
  sync: z.enum(SYNCS),
  version: z.string(),
  organization: z.string(),
  profileName: z.string(),
  clusterName: z.string(),
  provider: z.string(),
  region: z.string().nullable(),
  targetNamespace: z.string(),
  sourceType: z.enum(['image', 'helm', 'repository', 'yaml']),
  sourceRef: z.string(),
  replicas: z.string().nullable(),
  endpoint: z.string().nullable(),
  updatedAt: z.string(),
  message: z.string().nullable(),
  /**
   * Why it is not healthy, while the platform waits for it; null if it does not wait. Absent from servers before 0.2.
   */
  problem: z.string().nullable().optional(),
  /** Stable error code of the failure; null if there is none. */
  code: z.string().nullable(),
  /** How to fix the failure; null if unknown. */
  fix: z.string().nullable(),
  /** Version of the revision that serves traffic, if that is not the latest. */
  servingVersion: z.string().nullable(),
  attempt: z.strictObject({ id: z.string(), number: z.number().int(), state: z.enum(ATTEMPT_STATES) }).nullable(),
  externalAccess: z
    .array(z.string())
    .optional()
    .describe('what keeps it from being reached from outside: a missing address, DNS record, or certificate'),
  pods: z.array(
    z.strictObject({
      name: z.string(),
      ready: z.string(),
      state: z.string(),
      failing: z.literal(true).optional().describe('it cannot become ready as it is'),
      restarts: z.number().int(),
      node: z.string().nullable(),
      createdAt: z.string(),
    }),
  ),
});
export type ApplicationStatusView = z.infer<typeof applicationStatusView>;

/** Status and configuration of an application, without data that is read from the cluster. */
export const applicationView = z.strictObject({
  ...applicationStatusView.omit({ pods: true, externalAccess: true }).shape,
  id: z.string(),
  tier: z.string(),
  protected: z.boolean(),
  limits: z.string().nullable(),
  autoscaling: z.string().nullable(),
  deployedBy: z.string(),
  createdAt: z.string(),
  labels: z.record(z.string(), z.string()),
  description: z.string().nullable(),
});
export type ApplicationView = z.infer<typeof applicationView>;

/** Result of an apply, a rollback, or their dry run. */
export const applyOutcome = z.strictObject({
  application: applicationView,
  /** `synced`: the same revision is deployed again, because it failed or the cluster had drifted. */
  outcome: z.enum(['created', 'configured', 'unchanged', 'synced']),
  /** Changes of the new revision as text without secrets, such as `image 1.4.2 -> 1.5.0`. */
  changes: z.array(z.string()),
  /** Null when nothing is deployed (`unchanged`). */
  attemptId: z.string().nullable(),
  /** After a rollback, the revision whose content this is, such as `v3`. */
  rollbackOf: z.string().optional(),
  /** What a branch, tag, or range of versions meant before and means now: `main: 9f2c41… → 03be77…`. */
  moved: z.string().optional(),
  /** Identifies what the revision deploys, including the commit or chart that its source means now. */
  plan: z.string().optional(),
  /** Set if most objects would be deleted, as text: `3 of 4 objects would be deleted: ConfigMap/a, ConfigMap/b, …`. */
  removals: z.string().optional(),
  /** One sentence each, such as about an older spelling in the manifest. Absent if there are none. */
  warnings: z.array(z.string()).optional(),
  dryRun: z.boolean(),
});

export const listApplicationsRequest = request({
  subject: 'deployments.v1.applications.list',
  route: 'GET /v1/organizations/{org}/applications',
  summary: 'List applications',
  permission: 'application.read',
  input: z.strictObject({ org, ...pageInput }),
  output: z.strictObject(pageOutput(applicationView)),
  organizationOf,
  timeoutMs: 5_000,
});

export const getApplicationRequest = request({
  subject: 'deployments.v1.applications.get',
  route: 'GET /v1/organizations/{org}/applications/{name}',
  summary: 'Get an application',
  permission: 'application.read',
  input: z.strictObject({ org, name }),
  output: applicationView,
  organizationOf,
  timeoutMs: 5_000,
});

export const applyApplicationRequest = request({
  subject: 'deployments.v1.applications.apply',
  route: 'PUT /v1/organizations/{org}/applications/{name}',
  dryRun: true,
  ifMatch: true,
  summary: 'Create or update an application; the body is its manifest',
  permission: 'application.deploy',
  input: z.strictObject({
    org,
    name,
    manifest: z.unknown(),
    failFast: flag.default(false).describe('fail on the first problem instead of waiting for it to be resolved'),
    message: changeMessage,
    allowRemovals: flag.default(false).describe(ALLOW_REMOVALS),
    plan: z
      .string()
      .max(64)
      .optional()
      .describe('`plan` of a dry run; the request is refused if it would deploy anything else'),
  }),
  body: 'manifest',
  bodySchema: manifestOf('Application', applicationSpecSchema),
  creates: true,
  output: applyOutcome,
  organizationOf,
  timeoutMs: 28_000, // pinning a source outside of the platform takes up to 20 s
});

export const deleteApplicationRequest = request({
  subject: 'deployments.v1.applications.delete',
  route: 'DELETE /v1/organizations/{org}/applications/{name}',
  dryRun: true,
  ifMatch: true,
  summary: 'Delete an application and its objects; its history is kept',
  permission: 'application.delete',
  input: z.strictObject({
    org,
    name,
    orphan: flag.default(false),
    noHooks: flag.default(false).describe('do not run hooks, also not those of a deletion in progress'),
  }),
  output: z.strictObject({
    name: z.string(),
    attemptId: z.string().nullable(),
    objects: z.array(z.string()),
    dryRun: z.boolean(),
  }),
  success: 202,
  organizationOf,
  timeoutMs: 10_000,
});

export const applicationStatusRequest = request({
  subject: 'deployments.v1.applications.status',
  route: 'GET /v1/organizations/{org}/applications/{name}/status',
  summary: 'Get the status of an application, with live replica counts',
  permission: 'application.read',
  input: z.strictObject({ org, name }),
  output: applicationStatusView,
  organizationOf,
  timeoutMs: 8_000,
});

export const applicationResourcesRequest = request({
  subject: 'deployments.v1.applications.resources',
  route: 'GET /v1/organizations/{org}/applications/{name}/resources',
  summary: 'List the objects of an application, with their live state',
  permission: 'application.read',
  input: z.strictObject({ org, name }),
  output: z.strictObject({
    items: z.array(
      z.strictObject({
        kind: z.string(),
        namespace: z.string().nullable(),
        name: z.string(),
        health: z.enum(HEALTHS),
        sync: z.enum(SYNCS),
        message: z.string().nullable(),
        createdAt: z.string().nullable(),
      }),
    ),
  }),
  organizationOf,
  timeoutMs: 8_000,
});

/** Use of one resource, next to what is requested and what it is limited to. */
const resourceUse = (unit: string) =>
  z.strictObject({
    used: z.number().int().nullable().describe(`${unit}; null if the cluster has not measured it yet`),
    request: z.number().int().nullable().describe(`${unit}; null if none is set`),
    limit: z.number().int().nullable().describe(`${unit}; null if it is not limited`),
  });

const resourcesUse = {
  cpu: resourceUse('in thousandths of a core'),
  memory: resourceUse('in bytes'),
};

/** Use of a pod, and of its containers. */
const podUse = z.strictObject({
  name: z.string(),
  namespace: z.string(),
  ...resourcesUse,
  containers: z.array(z.strictObject({ name: z.string(), ...resourcesUse })),
});
export type PodUse = z.infer<typeof podUse>;
export type ResourcesUse = Pick<PodUse, 'cpu' | 'memory'>;

export const applicationTopRequest = request({
  subject: 'deployments.v1.applications.top',
  route: 'GET /v1/organizations/{org}/applications/{name}/top',
  summary: 'Get the CPU and memory that the pods of an application use, next to their requests and limits',
  permission: 'application.read',
  input: z.strictObject({ org, name }),
  output: z.strictObject({
    /** The pods that have not ended, sorted by name. */
    items: z.array(podUse),
    total: z.strictObject(resourcesUse),
  }),
  organizationOf,
  timeoutMs: 8_000,
});

/** One revision in the history of an application. */
export const revisionView = z.strictObject({
  version: z.string(),
  revision: z.number().int(),
  state: z.enum(ATTEMPT_STATES).or(z.literal('CONFIGURED')),
  source: z.string(),
  by: z.string(),
  when: z.string(),
  /** `yes`, or the reason why a rollback to it is not possible. */
  rollback: z.string(),
  rollbackOf: z.string().nullable(),
  /** Why it was applied, in the words of whoever did. Absent if they gave no reason. */
  message: z.string().optional(),
  summary: z.array(z.string()),
});

export const listRevisionsRequest = request({
  subject: 'deployments.v1.applications.revisions',
  route: 'GET /v1/organizations/{org}/applications/{name}/revisions',
  summary: 'List revisions, oldest first; also of a deleted application',
  permission: 'application.read',
  input: z.strictObject({ org, name, ...pageInput }),
  output: z.strictObject(pageOutput(revisionView)),
  organizationOf,
  timeoutMs: 5_000,
});

/** Old and new value of one field: `null` where it is absent, a fingerprint where it may be secret. */
export const fieldChange = z.strictObject({
  /** Such as `Deployment/web`, when the source is Kubernetes objects; null for a field of the application. */
  object: z.string().nullable(),
  path: z.string(),
  change: z.enum(['added', 'changed', 'removed']),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type FieldChange = z.infer<typeof fieldChange>;

/** Differences of an application. */
export const applicationDiff = z.strictObject({
  name: z.string(),
  /** Such as `v3`; null if there is no earlier revision. */
  from: z.string().nullable(),
  /** Such as `v4`; `manifest` for a manifest in the request, `live` for the cluster. */
  to: z.string(),
  /** At most 1,000. */
  changes: z.array(fieldChange),
  /** Number of changes that are left out. Absent if there are none. */
  omitted: z.number().int().optional(),
  /** One sentence each, such as that the objects were not compared. Absent if there are none. */
  warnings: z.array(z.string()).optional(),
});
export type ApplicationDiff = z.infer<typeof applicationDiff>;

const revisionNumber = wholeNumber.min(1).max(1_000_000_000);

export const diffApplicationRequest = request({
  subject: 'deployments.v1.applications.diff',
  route: 'GET /v1/organizations/{org}/applications/{name}/diff',
  summary: 'Compare two revisions field by field, or with live=true the latest one with its cluster',
  permission: 'application.read',
  input: z.strictObject({
    org,
    name,
    from: revisionNumber.optional().describe('defaults to the revision before `to`'),
    to: revisionNumber.optional().describe('defaults to the latest revision'),
    live: flag.default(false),
  }),
  output: applicationDiff,
  organizationOf,
  timeoutMs: 10_000,
});

export const diffManifestRequest = request({
  subject: 'deployments.v1.applications.diff-manifest',
  route: 'POST /v1/organizations/{org}/applications/{name}/diff',
  summary:
    'Preview field by field what applying a manifest would change, with the objects that it renders to; the body is the manifest',
  permission: 'application.read',
  input: z.strictObject({ org, name, manifest: z.unknown() }),
  body: 'manifest',
  bodySchema: manifestOf('Application', applicationSpecSchema),
  output: applicationDiff,
  organizationOf,
  timeoutMs: 28_000, // pinning a source outside of the platform takes up to 20 s
});

/** One attempt to deploy a revision. */
const attemptReceipt = z.strictObject({
  id: z.string(),
  number: z.number().int(),
  cause: z.string().describe('apply, rollback, sync, restart, resume, adopt, auto, self-heal, or abandoned'),
  by: z.string(),
  requestId: z.string(),
  requestedAt: z.string(),
  message: z.string().nullable(),
  failFast: z.boolean(),
  allowRemovals: z.boolean().describe('whether it might delete most objects of the application'),
  restart: z.boolean().describe('whether the pods were replaced'),
  state: z.enum(ATTEMPT_STATES),
  endedAt: z.string().nullable(),
  result: z.string().nullable(),
  code: z.string().nullable(),
  fix: z.string().nullable(),
  /** The source as it was read; null until then. */
  fetched: z.string().nullable(),
  objects: z.number().int().nullable(),
  /** SHA-256 of the objects as they were applied. */
  digest: z.string().nullable(),
  /** At most 50. */
  changes: z.array(z.strictObject({ object: z.string(), action: z.string(), fields: z.array(z.string()) })),
  changeCount: z.number().int().nullable(),
  warnings: z.array(z.string()),
});

/** How a revision was requested, what it contains, and what became of it. */
const revisionReceipt = z.strictObject({
  by: z.string(),
  /** Whether that was an owner, an admin, or a global admin who had logged in. */
  byAdmin: z.boolean(),
  permission: z
    .string()
    .nullable()
    .describe('with which it was requested; null if the platform made it, or if only secrets differ'),
  requestId: z.string(),
  when: z.string(),
  message: z.string().nullable(),
  rollbackOf: z.string().nullable(),
  source: z.strictObject({
    type: z.enum(['image', 'helm', 'repository', 'yaml']),
    ref: z.string(),
    commit: z.string().nullable().describe('of a git repository'),
    digest: z.string().nullable().describe('of the archive of a chart, or of an image'),
  }),
  profile: z.strictObject({ name: z.string(), revision: z.number().int() }),
  tier: z.string(),
  cluster: z.string(),
  namespace: z.string(),
  options: z.strictObject({
    namespaceMode: z.enum(['override', 'preserve']),
    auto: z.boolean(),
    prune: z.boolean(),
    selfHeal: z.boolean(),
    rollback: z.boolean(),
    dependsOn: z.array(z.string()),
  }),
  summary: z.array(z.string()),
  changes: z.array(z.string()),
  /** The newest ones, at most 10, in the order of their numbers. */
  attempts: z.array(attemptReceipt),
  attemptCount: z.number().int(),
});
export type RevisionReceipt = z.infer<typeof revisionReceipt>;

export const getRevisionRequest = request({
  subject: 'deployments.v1.applications.revision',
  route: 'GET /v1/organizations/{org}/applications/{name}/revisions/{revision}',
  summary:
    'Get a revision with its manifest and its receipt. Callers who cannot deploy get fingerprints of values that may be secret',
  permission: 'application.read',
  input: z.strictObject({
    org,
    name,
    revision: revisionNumber.or(z.literal('latest')),
    objects: flag
      .default(false)
      .describe('also return the objects as they were applied, with fingerprints of values that may be secret'),
    from: wholeNumber.min(0).max(1_000_000).default(0).describe('the first object; `next` of the previous answer'),
  }),
  output: z.strictObject({
    version: z.string(),
    revision: z.number().int(),
    manifest: z
      .unknown()
      .optional()
      .describe('in the form that `app apply` reads; absent after the first page of objects, or if it does not fit'),
    /** Number of values that are replaced by fingerprints, because the caller may not deploy the application. */
    hidden: z.number().int(),
    receipt: revisionReceipt
      .optional()
      .describe('absent while its read model is built, after the first page of objects, and from servers before 0.2'),
    objects: z.array(z.unknown()).optional().describe('as many as fit into the answer'),
    next: z.number().int().optional().describe('the next object; absent if there is none'),
  }),
  organizationOf,
  timeoutMs: 10_000,
});

export const rollbackRequest = request({
  subject: 'deployments.v1.applications.rollback',
  route: 'POST /v1/organizations/{org}/applications/{name}/rollback',
  dryRun: true,
  ifMatch: true,
  summary: 'Deploy the content of an older revision as a new one',
  permission: 'application.deploy',
  input: z.strictObject({
    org,
    name,
    to: z.number().int().min(1).optional().describe('defaults to the latest earlier revision that succeeded'),
    message: changeMessage,
    allowRemovals: z.boolean().optional().describe(ALLOW_REMOVALS),
  }),
  output: applyOutcome,
  organizationOf,
  timeoutMs: 28_000, // pinning a source outside of the platform takes up to 20 s
});

const platformEvent = z.strictObject({
  source: z.literal('platform'),
  time: z.string(),
  step: z.enum(STEPS),
  version: z.string(),
  by: z.string(),
  message: z.string(),
  position: z.string(),
  kept: z.array(keptObject).optional().describe('of a deletion: objects that were kept on the cluster, and why'),
});
const kubernetesEvent = z.strictObject({
  source: z.literal('kubernetes'),
  last: z.string(),
  type: z.string(),
  reason: z.string(),
  object: z.string(),
  count: z.number().int(),
  message: z.string(),
});
export type PlatformEvent = z.infer<typeof platformEvent>;
export type KubernetesEvent = z.infer<typeof kubernetesEvent>;

/** The step whose message has names of secrets. */
const NAMES_SECRETS = 'secrets-changed';

export const applicationEventsRequest = stream({
  subject: 'deployments.v1.applications.events',
  route: 'GET /v1/organizations/{org}/applications/{name}/events',
  summary:
    'List events of an application, or with kubernetes=true Kubernetes events of its objects; oldest first; SSE with follow=true',
  permission: 'application.read',
  input: z.strictObject({
    org,
    name,
    kubernetes: flag.default(false),
    follow: flag.default(false),
    after: z.string().optional().describe('position of the last line that was read; `next` of the previous page'),
    limit: pageInput.limit,
  }),
  output: z.discriminatedUnion('source', [platformEvent, kubernetesEvent]),
  organizationOf,
  discloses: 'secret-names',
  isDisclosedBy: (event) => event.source === 'platform' && event.step === NAMES_SECRETS,
  timeoutMs: 10_000,
});

/** One log line of a container. */
export const logLine = z.strictObject({
  pod: z.string(),
  container: z.string(),
  time: z.string().nullable(),
  line: z.string(),
  dropped: z.number().int().optional(),
});

export const applicationLogsRequest = stream({
  subject: 'deployments.v1.applications.logs',
  route: 'GET /v1/organizations/{org}/applications/{name}/logs',
  summary: 'Get log lines of the application’s pods; SSE with follow=true',
  permission: 'application.logs',
  input: z.strictObject({
    org,
    name,
    follow: flag.default(false),
    sinceSeconds: wholeNumber.min(1).max(31_536_000).optional(),
    tail: wholeNumber.min(0).max(100_000).optional(),
    container: z.string().max(63).optional(),
    previous: flag.default(false),
  }),
  output: logLine,
  organizationOf,
  discloses: 'logs',
  timeoutMs: 10_000,
});

/** Streams changes of applications. Changes that the caller may not see are left out. */
export const watchRequest = stream({
  subject: 'deployments.v1.watch',
  route: 'GET /v1/organizations/{org}/watch',
  summary: 'Watch changes of applications (SSE)',
  permission: 'organization.read',
  input: z.strictObject({
    org,
    application: z.string().optional(),
    after: z.string().optional(),
    follow: flag.default(true),
  }),
  output: z.strictObject({
    position: z.string(),
    time: z.string(),
    application: z.string(),
    version: z.string(),
    step: z.enum(STEPS),
    status: z.enum(APPLICATION_STATUSES),
    attemptId: z.string().nullable(),
    message: z.string(),
    code: z.string().nullable(),
  }),
  organizationOf,
  discloses: 'secret-names',
  isDisclosedBy: ({ step }) => step === NAMES_SECRETS,
  timeoutMs: 10_000,
});

const tierView = z.strictObject({
  tier: z.string(),
  replicas: z.string(),
  autoscaling: z.string(),
  cpu: z.string(),
  memory: z.string(),
  spread: z.string(),
  priority: z.string(),
});

export const listTiersRequest = request({
  subject: 'deployments.v1.tiers.list',
  route: 'GET /v1/tiers',
  summary: 'List availability tiers',
  permission: 'self.read',
  input: z.strictObject({}),
  output: z.strictObject({ items: z.array(tierView) }),
  timeoutMs: 5_000,
});

export const getTierRequest = request({
  subject: 'deployments.v1.tiers.get',
  route: 'GET /v1/tiers/{tier}',
  summary: 'Get an availability tier',
  permission: 'self.read',
  input: z.strictObject({ tier: z.string().describe(TIER_NAMES.join(', ')) }),
  output: tierView,
  timeoutMs: 5_000,
});
