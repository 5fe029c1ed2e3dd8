import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

const values = z.union([
  z.strictObject({ type: z.literal('object'), object: z.record(z.string(), z.unknown()) }),
  z.strictObject({ type: z.literal('files'), files: z.array(z.string()) }),
]);

const gitSource = z.strictObject({
  type: z.literal('git'),
  url: z.string(),
  path: z.string(),
  revision: z.string().exactOptional(),
  accepts: z.enum(['any', 'manifests']),
  exclude: z.string().exactOptional(),
  values: values.exactOptional(),
  releaseName: z.string(),
});

const helmSource = z.strictObject({
  type: z.literal('helm'),
  repository: z.string(),
  chart: z.string(),
  version: z.string().exactOptional(),
  values: values.exactOptional(),
  releaseName: z.string(),
});

const gitPin = z.strictObject({ type: z.literal('git'), commit: z.string(), ref: z.string().exactOptional() });
const helmPin = z.strictObject({ type: z.literal('helm'), version: z.string(), digest: z.string() });

/** Vault record with the settings of one host of the organization, for one kind of source. */
export const hostCredential = z.strictObject({
  /** With `:port` if it is not the default port of the scheme. */
  host: z.string(),
  kind: z.enum(['git', 'registry']),
  record: z.string(),
});
export type HostCredential = z.infer<typeof hostCredential>;

/** Entries that global admins allow in addition to the settings, at one revision of their list. */
export const allowedEntries = z.strictObject({
  store: z.string().optional().describe('ID of the event store with the list; left out before 0.2'),
  revision: z.number().int(),
  allowed: z.array(z.string()),
});

/** How a worker may contact the hosts of sources: the credentials of the organization, and entries of global admins. */
export const sourceAccess = {
  credentials: z.array(hostCredential).max(200),
  egress: allowedEntries.optional(),
};

/**
 * Finds out what a source is at present: the commit of a branch or tag, or the version and digest of a chart. Refused
 * with the code of the problem if the source cannot be read.
 */
export const pinSourceRequest = request({
  subject: 'deploy-worker.v1.sources.pin',
  permission: SERVICES_ONLY,
  callers: ['deployments'],
  input: z.strictObject({
    organizationId: z.string(),
    source: z.discriminatedUnion('type', [gitSource, helmSource]),
    ...sourceAccess,
  }),
  output: z.strictObject({ pin: z.discriminatedUnion('type', [gitPin, helmPin]) }),
  timeoutMs: 20_000,
});
