import { PERMISSION_NAMES, ROLES, SERVICES_ONLY } from '#access';
import { pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';
import { logInterval, logTime } from './time.ts';

/** Kinds of objects whose protection a decision considers. Other objects are `TYPE/NAME` too, and have none. */
const OBJECT = /^(application|profile|cluster)\/[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

const question = {
  org: z.string().min(1),
  permission: z.enum(PERMISSION_NAMES).describe('name of a permission'),
  object: z
    .string()
    .regex(OBJECT, 'must be application/NAME, profile/NAME, or cluster/NAME')
    .optional()
    .describe('an application, profile, or cluster: whether a protected profile applies'),
  asOf: logTime.optional().describe('RFC 3339 time, date, span (-24h), or position; default: now'),
  rules: z
    .enum(['then', 'current'])
    .default('then')
    .describe('the rules of that time, or those of the running release'),
};

/** The event that granted a right. */
const grantView = z.strictObject({
  id: z.string(),
  type: z.string(),
  position: z.string(),
  recordedAt: z.string(),
  /** Who caused it: the ID of a user or a service member, or `system:<service>`. */
  actor: z.string(),
  /** E-mail address of that user; `null` for service members, services, and erased users. */
  actorEmail: z.string().nullable(),
});

/** A way in which somebody has or had a permission. */
const wayView = z.strictObject({
  user: z.string(),
  email: z.string().nullable(),
  /** Name of a service member or a person. */
  name: z.string().nullable(),
  kind: z.enum(['person', 'service']),
  way: z.enum(['role', 'audit', 'key', 'kubeconfig', 'global-role']),
  /** The role that applies; `null` for a right without one. */
  role: z.enum([...ROLES, 'global-admin']).nullable(),
  keyId: z.string().nullable(),
  /** Cluster of a kubeconfig. */
  cluster: z.string().nullable(),
  /** RFC 3339. */
  from: z.string(),
  /** RFC 3339; `null` while it has no known end. */
  to: z.string().nullable(),
  grant: grantView.nullable(),
});
export type AccessWay = z.infer<typeof wayView>;

/**
 * Returns the way in words: `role editor`, `key key_7Hq2abcd (editor)`.
 *
 * @param absent stands for a value that is not known
 */
export function wayText({ way, role, keyId, cluster }: AccessWay, absent = '-'): string {
  switch (way) {
    case 'role':
      return `role ${role}`;
    case 'audit':
      return 'right audit';
    case 'key':
      return `key ${keyId}${role === null ? '' : ` (${role})`}`;
    case 'kubeconfig':
      return `kubeconfig ${cluster ?? absent}`;
    case 'global-role':
      return 'global role admin';
  }
}

const asked = {
  permission: z.string(),
  object: z.string().nullable(),
  /** Position and time of the state that the answer is about. */
  position: z.string(),
  time: z.string(),
  /** Release whose rules were applied; `null` if they are not recorded. */
  rulesOf: z.string().nullable(),
  /** Whether a protected profile applied to the object. */
  protected: z.boolean(),
};

export const canRequest = request({
  subject: 'audit.v1.access.can',
  route: 'GET /v1/organizations/{org}/access/can',
  summary: 'Check whether you have a permission, now or at an earlier time',
  permission: 'access.read',
  input: z.strictObject(question),
  output: z.strictObject({
    ...asked,
    allowed: z.boolean(),
    /** The way that grants it; `null` if none does. */
    way: wayView.nullable(),
    /** Why not; `null` if it is allowed. */
    code: z.string().nullable(),
    detail: z.string().nullable(),
  }),
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
});

export const whoCanRequest = request({
  subject: 'audit.v1.access.who-can',
  route: 'GET /v1/organizations/{org}/access/who-can',
  summary: 'List who has a permission, in which ways and by which events, at a time or during an interval',
  permission: 'access.read',
  input: z.strictObject({
    ...question,
    during: logInterval.optional().describe('FROM..TO: everyone who had it at some time of it'),
    ...pageInput,
  }),
  output: z.strictObject({ ...pageOutput(wayView), ...asked }),
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
});

export const explainAccessRequest = request({
  subject: 'audit.v1.access.explain',
  route: 'GET /v1/organizations/{org}/access/explain',
  summary: 'Explain all ways in which a user has a permission, or why not; yours by default',
  permission: 'access.read',
  input: z.strictObject({
    ...question,
    user: z
      .string()
      .min(1)
      .max(320)
      .optional()
      .describe('ID or e-mail address, or name of a service member; defaults to the caller'),
  }),
  output: z.strictObject({
    ...asked,
    user: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable().describe('of a service member'),
    allowed: z.boolean(),
    ways: z.array(wayView),
    /** Organization roles that the rules give it, and whether the right `audit` or the global role does. */
    grantedTo: z.array(z.string()),
    /** `key`: an access key or a login. `login`: a login only. */
    with: z.enum(['key', 'login']).nullable(),
    code: z.string().nullable(),
    detail: z.string().nullable(),
    fix: z.string().nullable(),
  }),
  organizationOf: ({ org }) => org,
  timeoutMs: 10_000,
});

export const listPermissionsRequest = request({
  subject: 'audit.v1.permissions.list',
  route: 'GET /v1/permissions',
  summary: 'List all permissions: what they allow, who has them, and with which credential',
  permission: 'self.read',
  input: z.strictObject({ ...pageInput }),
  output: z.strictObject(
    pageOutput(
      z.strictObject({
        name: z.string(),
        allows: z.string(),
        scope: z.enum(['self', 'organization', 'platform']),
        /** Organization roles; `audit` for the right, `global-admin` for the global role. */
        grantedTo: z.array(z.string()),
        with: z.enum(['key', 'login']),
      }),
    ),
  ),
  timeoutMs: 5_000,
});

/** Returns the members of an organization at a time. Names and addresses are added by the caller. */
export const membersAtRequest = request({
  subject: 'audit.v1.access.members-at',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({ organizationId: z.string(), asOf: logTime }),
  output: z.strictObject({
    members: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(['person', 'service']),
        role: z.enum(ROLES),
        name: z.string().nullable(),
        since: z.string(),
        audit: z.boolean(),
      }),
    ),
  }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 10_000,
});
