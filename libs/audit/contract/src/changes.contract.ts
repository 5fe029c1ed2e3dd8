import { flag, stream } from '#bus/contract';
import { z } from 'zod';

/**
 * Kinds of objects that change. `secret` and `webhook` have the ID and name of their application, `cluster-access` those
 * of the cluster; `organization`, `subscription`, and `usage` have the ID of the organization; `credential` has its host.
 */
export const CHANGE_KINDS = [
  'organization',
  'member',
  'invitation',
  'access-key',
  'subscription',
  'usage',
  'application',
  'secret',
  'webhook',
  'profile',
  'cluster',
  'cluster-access',
  'credential',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Says that an object has changed, so that its readers read it again. It contains no values and no people. */
const change = z.strictObject({
  position: z.string().describe('header `Consistency` of reads that must include the change'),
  time: z.string(),
  kind: z.enum(CHANGE_KINDS),
  id: z.string(),
  name: z
    .string()
    .nullable()
    .describe('null for people, invitations, and the organization itself, and if it is not known yet'),
  action: z.string().describe('type of the event without its version, as in the audit log'),
});
export type OrganizationChange = z.infer<typeof change>;

/** All changes up to a position were sent. */
const current = z.strictObject({
  kind: z.literal('current'),
  position: z.string(),
  time: z.string().describe('when this was determined'),
});

/** A stream sends an item at least this often, in milliseconds. A reader that receives none reconnects. */
export const CHANGES_ITEM_EVERY_MS = 5_000;

export const organizationChangesRequest = stream({
  subject: 'audit.v1.changes',
  route: 'GET /v1/organizations/{org}/changes',
  summary: 'Follow the changes of all objects of an organization that the caller may read (SSE)',
  permission: 'organization.read',
  input: z.strictObject({
    org: z.string().min(1).max(200),
    after: z.string().max(200).optional().describe('position after which to continue; default: now'),
    follow: flag.default(true).describe('continue with new changes; otherwise the stream ends when it is current'),
  }),
  output: z.union([change, current]),
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
});
