import { ROLES, SERVICES_ONLY } from '#access';
import { logTime } from '#audit/contract';
import { parseInstant } from '#kernel';
import { flag, pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';

/** A DNS label (RFC 1123) of at most 20 characters, because default namespaces contain it. */
const slugSchema = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/,
    'must be a DNS label: at most 20 lower-case letters, digits, and hyphens, beginning with a letter',
  );

/**
 * Normalizes a display name (NFC, single spaces, trimmed) and limits it to ASCII and accented Latin letters, digits,
 * and common punctuation. Letters that look like others (dotless i, long s) are excluded, so that names cannot be
 * confused.
 */
export const displayNameSchema = z
  .string()
  .max(400)
  .normalize('NFC')
  .overwrite((name) => name.replace(/ +/g, ' ').trim())
  .min(1)
  .max(80)
  .regex(
    /^[A-Za-z0-9\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u0130\u0132-\u0137\u0139-\u0148\u014A-\u017E ._'&()-]+$/u,
    "can contain only Latin letters, digits, spaces, and . _ ' & ( ) -",
  );

/** A deletion in progress: what is left, and what it waits for. */
const deletionProgress = z.strictObject({
  cascade: z.boolean().describe('whether applications, profiles, and clusters are deleted too'),
  orphan: z.boolean().describe('whether the objects of the applications stay on their clusters'),
  /** Numbers of what is left; `null` while the service that knows them does not respond. */
  applications: z.number().int().nullable(),
  profiles: z.number().int().nullable(),
  clusters: z.number().int().nullable(),
  waits: z.array(z.strictObject({ application: z.string(), reason: z.string(), fix: z.string().nullable() })),
  reason: z.string().describe('why it is not complete, in one sentence'),
  fix: z.string().nullable().describe('what completes it; null if the platform needs no help'),
});

/** An organization as the API returns it. */
export const organizationView = z.strictObject({
  id: z.string(),
  name: z.string(),
  slug: z.string(),
  isDefault: z.boolean(),
  status: z.enum(['ACTIVE', 'DELETING']),
  /** Absent, unless the organization is being deleted. */
  deletion: deletionProgress.exactOptional(),
  /** The caller's role; `null` for a global admin who is not a member. */
  role: z.enum(ROLES).nullable(),
  plan: z.string(),
  createdAt: z.string(),
  members: z.number().int(),
  memberLimit: z.number().int(),
  settings: z.strictObject({
    contact: z.string().nullable(),
    keyExpiry: z.string().nullable(),
    viewersReadLogs: z.boolean(),
    revokeLeakedKeys: z.boolean(),
  }),
});
export type OrganizationView = z.infer<typeof organizationView>;

/** Returns the user's organization. If there is none, creates the default one, once even for simultaneous logins. */
export const ensureDefaultOrganizationRequest = request({
  subject: 'organizations.v1.default.ensure',
  permission: SERVICES_ONLY,
  callers: ['access-keys', 'gateway'],
  input: z.strictObject({ userId: z.string().min(1) }),
  output: z.strictObject({
    organizationId: z.string(),
    slug: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    created: z.boolean(),
  }),
  timeoutMs: 5_000,
});

export const listOrganizationsRequest = request({
  subject: 'organizations.v1.list',
  route: 'GET /v1/organizations',
  summary: 'List your organizations; all=true lists every organization (global admin)',
  permission: 'self.read',
  input: z.strictObject({ all: flag.default(false), ...pageInput }),
  output: z.strictObject(pageOutput(organizationView)),
  timeoutMs: 5_000,
});

export const createOrganizationRequest = request({
  subject: 'organizations.v1.create',
  route: 'POST /v1/organizations',
  summary: 'Create an organization (global admin)',
  permission: 'organization.create',
  input: z.strictObject({
    name: displayNameSchema,
    slug: slugSchema.optional(),
    owner: z.string().optional().describe('user ID or e-mail address; defaults to the caller'),
  }),
  output: organizationView,
  success: 201,
  timeoutMs: 5_000,
});

export const getOrganizationRequest = request({
  subject: 'organizations.v1.get',
  route: 'GET /v1/organizations/{org}',
  summary: 'Get an organization by ID or slug',
  permission: 'organization.read',
  input: z.strictObject({ org: z.string().min(1) }),
  output: organizationView,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

/** Settings to change. An absent setting is unchanged; `null` restores the default. */
const settingsChange = z.strictObject({
  contact: z
    .union([z.email(), z.url({ protocol: /^https?$/ })], { error: 'must be an e-mail address or an http(s) URL' })
    .refine((contact) => contact.length <= 200, 'must have at most 200 characters')
    .nullable()
    .exactOptional(),
  keyExpiry: z
    .string()
    .regex(/^([1-9]\d{0,5}[hd]|never)$/, 'must be a duration (90d, 12h) or never')
    .nullable()
    .exactOptional(),
  viewersReadLogs: z.boolean().exactOptional(),
  revokeLeakedKeys: z.boolean().exactOptional(),
});

export const changeOrganizationRequest = request({
  subject: 'organizations.v1.change',
  route: 'PATCH /v1/organizations/{org}',
  summary: 'Change name, slug, or settings; the slug can change only while there are no applications',
  permission: 'organization.change',
  input: z.strictObject({
    org: z.string().min(1),
    name: displayNameSchema.optional(),
    slug: slugSchema.optional(),
    settings: settingsChange.optional(),
  }),
  output: organizationView,
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
  dryRun: true,
  ifMatch: true,
});

const counted = z.strictObject({ count: z.number().int(), names: z.array(z.string()).describe('the first 50') });

export const deleteOrganizationRequest = request({
  subject: 'organizations.v1.delete',
  route: 'DELETE /v1/organizations/{org}',
  summary:
    'Delete an organization; its keys end immediately. Needs cascade=true if it has applications or registered clusters',
  permission: 'organization.delete',
  input: z
    .strictObject({
      org: z.string().min(1),
      cascade: flag
        .default(false)
        .describe('delete its applications with their objects, its profiles, and its registered clusters first'),
      orphan: flag.default(false).describe('keep the objects of the applications on their clusters; needs cascade'),
    })
    .refine(({ cascade, orphan }) => cascade || !orphan, { path: ['orphan'], message: 'needs cascade: true' }),
  output: z.strictObject({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    status: z.literal('DELETING'),
    /** What is deleted with the organization. */
    deletes: z.strictObject({ applications: counted, profiles: counted, clusters: counted, keys: counted }),
  }),
  success: 202,
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
  dryRun: true,
  ifMatch: true,
});

const memberView = z.strictObject({
  id: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  role: z.enum(ROLES),
  kind: z.enum(['person', 'service']),
  audit: z.boolean(),
  since: z.string(),
  /** When the membership ends, RFC 3339; it is listed until it is removed. `null`: it does not end. */
  until: z.string().nullable(),
  /** When the right `audit` ends, RFC 3339. */
  auditUntil: z.string().nullable(),
});

/** A date (its start in UTC) or an RFC 3339 time, as RFC 3339 in UTC. */
const end = z
  .string()
  .max(40)
  .refine((text) => parseInstant(text) !== undefined, 'must be a date, such as 2027-03-31, or an RFC 3339 time')
  .overwrite((text) => new Date(parseInstant(text) ?? 0).toISOString())
  .describe('a date, or a time with a time zone');

/** What a member loses by a change. */
const memberLoss = z.strictObject({
  /** The role before; `null` if there was no membership in effect. */
  role: z.enum(ROLES).nullable(),
  audit: z.boolean(),
  permissions: z.array(z.string()),
  /** Keys of the member that become weaker (with the role that remains) or end (`role: null`). */
  keys: z.array(z.strictObject({ id: z.string(), name: z.string(), role: z.enum(ROLES).nullable() })),
  /** Pending invitations that the member sent and that can no longer be accepted. */
  invitations: z.array(z.string()),
});
export type MemberLoss = z.infer<typeof memberLoss>;

export const listMembersRequest = request({
  subject: 'organizations.v1.members.list',
  route: 'GET /v1/organizations/{org}/members',
  summary: 'List members and their roles, now or at an earlier time',
  permission: 'organization.read',
  input: z.strictObject({
    org: z.string().min(1),
    asOf: logTime.optional().describe('RFC 3339 time, date, span (-24h), or position; default: now'),
    ...pageInput,
  }),
  output: z.strictObject(pageOutput(memberView)),
  organizationOf: ({ org }) => org,
  timeoutMs: 12_000,
});

export const setMemberRequest = request({
  subject: 'organizations.v1.members.set',
  route: 'PUT /v1/organizations/{org}/members/{user}',
  dryRun: true,
  ifMatch: true,
  summary: 'Add a member or change a role (user ID, e-mail address, or service:NAME)',
  permission: 'members.manage',
  input: z
    .strictObject({
      org: z.string().min(1),
      user: z.string().min(1),
      role: z.enum(ROLES),
      until: end.exactOptional().describe('when the membership ends; absent: it does not end'),
      audit: z.boolean().exactOptional().describe('grant or remove the right audit; absent: unchanged'),
      auditUntil: end.exactOptional().describe('when the right audit ends; needs audit'),
      /** Whether to add a user who is not a member. With `false`, such a user is a 404. Default: `true`. */
      add: z.boolean().optional(),
    })
    .refine(({ audit, auditUntil }) => auditUntil === undefined || audit === true, {
      path: ['auditUntil'],
      message: 'needs audit: true',
    }),
  output: z.strictObject({ ...memberView.shape, lost: memberLoss }),
  organizationOf: ({ org }) => org,
  timeoutMs: 12_000,
});

export const removeMemberRequest = request({
  subject: 'organizations.v1.members.remove',
  route: 'DELETE /v1/organizations/{org}/members/{user}',
  dryRun: true,
  ifMatch: true,
  summary: 'Remove a member; their keys stop working immediately',
  permission: 'members.manage',
  input: z.strictObject({ org: z.string().min(1), user: z.string().min(1) }),
  output: z.strictObject({ id: z.string(), removed: z.boolean(), lost: memberLoss }),
  organizationOf: ({ org }) => org,
  timeoutMs: 12_000,
});

export const leaveOrganizationRequest = request({
  subject: 'organizations.v1.members.leave',
  route: 'DELETE /v1/organizations/{org}/members/me',
  dryRun: true,
  ifMatch: true,
  summary: 'Leave an organization; your keys for it stop working immediately',
  permission: 'organization.leave',
  input: z.strictObject({ org: z.string().min(1) }),
  output: z.strictObject({ id: z.string(), removed: z.boolean(), lost: memberLoss }),
  organizationOf: ({ org }) => org,
  timeoutMs: 12_000,
});

/**
 * Ends all memberships of a user who is about to be erased. Sent by identity. Refused while the user is the last owner
 * of an organization whose membership does not end.
 */
export const departRequest = request({
  subject: 'organizations.v1.members.depart',
  permission: SERVICES_ONLY,
  callers: ['identity'],
  input: z.strictObject({
    userId: z.string(),
    /** Whether to change nothing. */
    check: z.boolean(),
    /** Whether memberships of a last owner stay, so that the others can end. Default: nothing is changed then. */
    keepsOwned: z.boolean().optional(),
  }),
  output: z.strictObject({ organizations: z.array(z.string()).describe('slugs') }),
  timeoutMs: 10_000,
});

/** Sets the seat limit of an organization's plan. Sent by billing, and recorded in the organization's stream. */
export const setSeatLimitRequest = request({
  subject: 'organizations.v1.limits.set',
  permission: SERVICES_ONLY,
  callers: ['billing'],
  input: z.strictObject({ organizationId: z.string(), members: z.number().int().positive() }),
  output: z.strictObject({ members: z.number().int(), used: z.number().int() }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 5_000,
});

/** Counts the seats in use. Sent by billing, for the use of a plan. */
export const seatUsageRequest = request({
  subject: 'organizations.v1.usage.get',
  permission: SERVICES_ONLY,
  callers: ['billing'],
  input: z.strictObject({ organizationId: z.string() }),
  output: z.strictObject({
    /** People and pending invitations. */
    members: z.number().int(),
    pendingInvitations: z.number().int(),
  }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 3_000,
});
