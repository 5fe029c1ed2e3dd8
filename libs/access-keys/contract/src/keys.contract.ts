import { PUBLIC, ROLES, SERVICES_ONLY } from '#access';
import { pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';

const KEY_STATES = ['ACTIVE', 'ROTATED', 'EXPIRED', 'REVOKED'] as const;

export const accessKeyView = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** The masked key, as in `astro_7Hq2...k9Zd`. */
  key: z.string(),
  source: z.enum(['login', 'cli', 'console']),
  status: z.enum(KEY_STATES),
  role: z.enum(ROLES),
  memberId: z.string(),
  owner: z.string().nullable(),
  createdAt: z.string(),
  expires: z.string().nullable(),
  lastUsed: z.string().nullable(),
  /** When the key was found in a URL or reported as leaked, RFC 3339. Such a key should be replaced. */
  leakedAt: z.string().nullable(),
});
export type AccessKeyView = z.infer<typeof accessKeyView>;

/** A new key. `secret` is returned once: it is `null` in the response to a repeated request. */
const issuedKey = z.strictObject({ ...accessKeyView.shape, secret: z.string().nullable() });

const keyName = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]*$/, 'may contain only letters, digits, spaces, and . _ -');

export const loginRequest = request({
  subject: 'access-keys.v1.login',
  route: 'POST /v1/login',
  summary:
    'Log in on a machine: returns the user, an organization (the default one is created if there is none), and a key',
  permission: 'self.enter',
  input: z.strictObject({
    orgId: z
      .string()
      .min(1)
      .optional()
      .describe('id or slug; defaults to the current, the default, or the only organization'),
    machine: z.string().min(1).max(200).describe('name of the machine; stored as a digest'),
  }),
  output: z.strictObject({
    userId: z.string(),
    organization: z.strictObject({
      id: z.string(),
      slug: z.string(),
      name: z.string(),
      role: z.enum(ROLES),
      created: z.boolean(),
    }),
    key: issuedKey,
  }),
  timeoutMs: 10_000,
});

export const createKeyRequest = request({
  subject: 'access-keys.v1.create',
  route: 'POST /v1/organizations/{org}/access-keys',
  summary: 'Create an access key for yourself or a service member; its secret is shown once',
  permission: 'keys.create',
  input: z.strictObject({
    org: z.string().min(1),
    name: keyName,
    role: z.enum(ROLES).optional().describe('editor, or your own role if lower'),
    expires: z
      .string()
      .regex(/^(\d+[hd]|never|\d{4}-\d{2}-\d{2}(T.*)?)$/, 'must be a duration (90d, 12h), a date, or never')
      .optional()
      .describe('a duration (90d, 12h), a date, or never; defaults to the longest that the plan allows'),
    source: z.enum(['cli', 'console']).default('cli'),
    service: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .describe('name of the service member that the key acts for; owners and admins only'),
  }),
  output: issuedKey,
  success: 201,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const listKeysRequest = request({
  subject: 'access-keys.v1.list',
  route: 'GET /v1/organizations/{org}/access-keys',
  summary: 'List your keys, masked, newest first; owners and admins see all keys',
  permission: 'keys.own',
  orPermission: 'keys.others',
  input: z.strictObject({ org: z.string().min(1), ...pageInput }),
  output: z.strictObject(pageOutput(accessKeyView)),
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const getKeyRequest = request({
  subject: 'access-keys.v1.get',
  route: 'GET /v1/organizations/{org}/access-keys/{key}',
  summary: 'Get a key, masked',
  permission: 'keys.own',
  orPermission: 'keys.others',
  input: z.strictObject({ org: z.string().min(1), key: z.string().min(1) }),
  output: accessKeyView,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const revokeKeyRequest = request({
  subject: 'access-keys.v1.revoke',
  route: 'DELETE /v1/organizations/{org}/access-keys/{key}',
  dryRun: true,
  ifMatch: true,
  summary: 'Revoke a key; returns once every instance refuses it',
  permission: 'keys.own',
  orPermission: 'keys.others',
  input: z.strictObject({ org: z.string().min(1), key: z.string().min(1), reason: z.string().max(200).optional() }),
  output: accessKeyView,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const rotateKeyRequest = request({
  subject: 'access-keys.v1.rotate',
  route: 'POST /v1/organizations/{org}/access-keys/{key}/rotate',
  summary: 'Replace a key by a new one, whose secret is shown once; the replaced key works during the grace period',
  permission: 'keys.own',
  input: z.strictObject({
    org: z.string().min(1),
    key: z.string().min(1),
    grace: z
      .string()
      .max(10)
      .default('1h')
      .describe('how long the replaced key still works: 30m, 1h, at most 7d, or 0m; never beyond its expiry'),
  }),
  output: z.strictObject({
    ...issuedKey.shape,
    /** The replaced key, and when it ends. */
    replaced: z.strictObject({ id: z.string(), worksUntil: z.string() }),
  }),
  success: 201,
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});

export const reportLeakedKeyRequest = request({
  subject: 'access-keys.v1.leaked.report',
  route: 'POST /v1/leaked-keys',
  summary: 'Report a leaked key. If it is valid, it is revoked. The response is always the same',
  permission: PUBLIC,
  input: z.strictObject({ key: z.string().min(1).max(200).describe('the whole key') }),
  output: z.strictObject({}),
  success: 202,
  timeoutMs: 5_000,
});

/** Reports a key that was in a URL, and is therefore in logs and browser histories. Sent by the gateway. */
export const keyInUrlRequest = request({
  subject: 'access-keys.v1.leaked.in-url',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({ organizationId: z.string(), keyId: z.string() }),
  output: z.strictObject({ revoked: z.boolean() }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 5_000,
});

/**
 * Revokes the keys that a person's logins created. Sent by identity. The response follows when every instance rejects
 * them.
 */
export const endLoginKeysRequest = request({
  subject: 'access-keys.v1.login-keys.end',
  permission: SERVICES_ONLY,
  callers: ['identity'],
  input: z.strictObject({ memberId: z.string().min(1) }),
  output: z.strictObject({ keys: z.array(z.string()) }),
  timeoutMs: 10_000,
});

/** Sets the limits of an organization's plan. Sent by billing. */
export const setKeyLimitsRequest = request({
  subject: 'access-keys.v1.limits.set',
  permission: SERVICES_ONLY,
  callers: ['billing'],
  input: z.strictObject({
    organizationId: z.string(),
    activeKeys: z.number().int().positive(),
    lifetimeDays: z.number().int().positive().nullable(),
  }),
  output: z.strictObject({ activeKeys: z.number().int(), used: z.number().int() }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 5_000,
});

/** Counts the active keys that the plan limits. Sent by billing, for the use of a plan. */
export const keyUsageRequest = request({
  subject: 'access-keys.v1.usage.get',
  permission: SERVICES_ONLY,
  callers: ['billing'],
  input: z.strictObject({ organizationId: z.string() }),
  output: z.strictObject({ activeKeys: z.number().int() }),
  organizationOf: ({ organizationId }) => organizationId,
  timeoutMs: 3_000,
});

/** Records when keys were last used. Sent by the gateway, at most once a minute for each key. */
export const keysUsedRequest = request({
  subject: 'access-keys.v1.used',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({
    used: z.array(z.strictObject({ organizationId: z.string(), keyId: z.string(), at: z.iso.datetime() })).max(500),
  }),
  output: z.strictObject({}),
  timeoutMs: 5_000,
});
