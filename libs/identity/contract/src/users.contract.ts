import { GLOBAL_ROLES, ROLES, SERVICES_ONLY } from '#access';
import { flag, pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';

/** Claims of a token about its user. Personal data: stored in the vault, never in an event. */
export const claimsSchema = z.strictObject({
  issuer: z.string().min(1).max(2_000),
  subject: z.string().min(1).max(500),
  email: z.string().max(320).optional(),
  emailVerified: z.boolean().default(false),
  name: z.string().max(500).optional(),
  /** When the token was issued, in seconds since 1970. A token from before an erasure registers nobody again. */
  issuedAt: z.number().optional(),
  /** Set if the issuer could not be reached for more claims, so that missing ones are unknown rather than absent. */
  incomplete: z.literal(true).optional(),
});

/** Returns the user of a token, and registers a new user exactly once. Sent by the gateway for each new token. */
export const resolveUserRequest = request({
  subject: 'identity.v1.users.resolve',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: claimsSchema,
  output: z.strictObject({ userId: z.string(), registered: z.boolean() }),
  timeoutMs: 5_000,
});

const personSchema = z.strictObject({
  id: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  erased: z.boolean(),
});

/** Returns names and addresses for views. IDs that are not those of users are omitted. */
export const peopleRequest = request({
  subject: 'identity.v1.people.find',
  permission: SERVICES_ONLY,
  callers: ['gateway', 'organizations', 'access-keys', 'billing', 'deployments', 'audit'],
  input: z.strictObject({ ids: z.array(z.string()).max(500).default([]), email: z.string().optional() }),
  output: z.strictObject({ people: z.array(personSchema) }),
  timeoutMs: 5_000,
});

export const meRequest = request({
  subject: 'identity.v1.me',
  route: 'GET /v1/me',
  summary: 'Get the user, organization, and key of this request',
  permission: 'self.read',
  input: z.strictObject({ org: z.string().optional() }),
  output: z.strictObject({
    userId: z.string(),
    email: z.string().nullable(),
    globalRole: z.enum(GLOBAL_ROLES),
    organization: z.string().nullable(),
    orgId: z.string().nullable(),
    orgRole: z.enum(ROLES).nullable(),
    plan: z.string().nullable(),
    accessKey: z.string().nullable(),
    keyId: z.string().nullable(),
    keyRole: z.enum(ROLES).nullable(),
    keyExpires: z.string().nullable(),
  }),
  timeoutMs: 5_000,
});

export const aboutRequest = request({
  subject: 'identity.v1.about',
  route: 'GET /v1/about',
  summary: 'Get information about this installation, and how to log in',
  permission: 'PUBLIC',
  callers: ['deployments'],
  input: z.strictObject({}),
  output: z.strictObject({
    name: z.literal('Astro Platform'),
    version: z.string(),
    publicUrl: z.string(),
    issuer: z.string(),
    audience: z.string(),
    cliClientId: z.string(),
    /** `null` if this installation has no login for the console. */
    consoleClientId: z.string().nullable(),
    /** Scopes that logins request. */
    scope: z.string(),
    resource: z.string().nullable(),
    contact: z.string(),
    profile: z.enum(['embedded', 'distributed']),
  }),
  timeoutMs: 2_000,
});

/** Lets the gateway verify access tokens if the built-in issuer runs in another process. */
export const issuerKeysRequest = request({
  subject: 'identity.v1.issuer.keys',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({}),
  output: z.strictObject({
    /** Public JSON Web Keys (RFC 7517) of the built-in issuer; empty if the issuer is external. */
    keys: z.array(
      z.strictObject({
        kty: z.string(),
        crv: z.string(),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.string(),
        use: z.string(),
      }),
    ),
  }),
  timeoutMs: 2_000,
});

const userView = z.strictObject({
  id: z.string(),
  email: z.string().nullable(),
  globalRole: z.enum(GLOBAL_ROLES),
  state: z.enum(['ACTIVE', 'SUSPENDED', 'ERASED']),
  lastLogin: z.string().nullable(),
});

export const listUsersRequest = request({
  subject: 'identity.v1.users.list',
  route: 'GET /v1/users',
  summary: 'List all users',
  permission: 'platform.users',
  input: z.strictObject(pageInput),
  output: z.strictObject(pageOutput(userView)),
  timeoutMs: 5_000,
});

export const setGlobalRoleRequest = request({
  subject: 'identity.v1.users.set-global-role',
  route: 'PUT /v1/users/{user}/global-role',
  dryRun: true,
  ifMatch: true,
  summary: 'Change the global role of a user (ID or e-mail address)',
  permission: 'platform.users',
  input: z.strictObject({ user: z.string().min(1), role: z.enum(GLOBAL_ROLES) }),
  output: userView,
  timeoutMs: 5_000,
});

export const setUserStateRequest = request({
  subject: 'identity.v1.users.set-state',
  route: 'PUT /v1/users/{user}/state',
  dryRun: true,
  ifMatch: true,
  summary: 'Suspend or restore a user (ID or e-mail address); a suspended user has no access, and keys are rejected',
  permission: 'platform.users',
  input: z.strictObject({ user: z.string().min(1).max(320), state: z.enum(['ACTIVE', 'SUSPENDED']) }),
  output: userView,
  timeoutMs: 15_000,
});

export const eraseUserRequest = request({
  subject: 'identity.v1.users.erase',
  route: 'DELETE /v1/users/{user}',
  dryRun: true,
  ifMatch: true,
  summary: 'Erase a user (ID or e-mail address): personal data is destroyed, and views show an erased user',
  permission: 'platform.users',
  input: z.strictObject({ user: z.string().min(1).max(320) }),
  output: z.strictObject({
    id: z.string(),
    /** Slugs of the organizations that the user leaves. */
    organizations: z.array(z.string()),
  }),
  timeoutMs: 20_000,
});

const sessionView = z.strictObject({
  id: z.string(),
  kind: z
    .enum(['console', 'browser', 'refresh-token'])
    .describe('console: a session of the console; the others are at the built-in issuer'),
  client: z.string().nullable(),
  startedAt: z.string().nullable(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable().describe('of a session of the console, to the minute'),
  current: z
    .boolean()
    .describe('whether this request belongs to the session, or to the session of the console that came from it'),
});
/** `external`: people log in at another service, which also has their sessions. */
const issuerKind = z.enum(['built-in', 'external']);
const sessionId = z.string().min(1).max(100);
const endedSessions = z.strictObject({
  issuer: issuerKind,
  sessions: z.number().int(),
  keys: z.array(z.string()).describe('ids of the login keys that were revoked'),
});

export const listSessionsRequest = request({
  subject: 'identity.v1.sessions.list',
  route: 'GET /v1/me/sessions',
  summary: 'List your sessions of the console, and your sessions and refresh tokens at the built-in issuer',
  permission: 'self.enter',
  input: z.strictObject(pageInput),
  output: z.strictObject({ issuer: issuerKind, ...pageOutput(sessionView) }),
  timeoutMs: 10_000,
});

export const endSessionsRequest = request({
  subject: 'identity.v1.sessions.end-all',
  route: 'DELETE /v1/me/sessions',
  summary:
    'Log out everywhere: ends all your sessions and refresh tokens, and revokes the keys that your logins created. With `others`: ends all sessions but one, and keeps all keys',
  permission: 'self.enter',
  input: z
    .strictObject({
      others: flag
        .exactOptional()
        .describe(
          'keep one session, and all keys. A request with an access token, such as from astroctl, comes from no session: without `keep`, it ends all of them',
        ),
      keep: sessionId
        .exactOptional()
        .describe('ID of the session to keep; default: the session of the console that sends the request'),
    })
    .refine(({ others = false, keep }) => others || keep === undefined, {
      error: 'requires others=true',
      path: ['keep'],
    }),
  output: endedSessions,
  timeoutMs: 20_000,
});

export const endSessionRequest = request({
  subject: 'identity.v1.sessions.end',
  route: 'DELETE /v1/me/sessions/{session}',
  summary: 'End one of your sessions',
  permission: 'self.enter',
  input: z.strictObject({ session: sessionId }),
  output: endedSessions,
  timeoutMs: 10_000,
});

/** Settings of this installation, and its initial global admins. Provided by the process under IDENTITY_CONFIG. */
export interface IdentityConfig {
  readonly version: string;
  readonly publicUrl: string;
  readonly issuer: string;
  readonly audience: string;
  readonly cliClientId: string;
  readonly consoleClientId?: string | undefined;
  /** Scopes that logins request, separated by spaces. */
  readonly scope: string;
  /** Resource (RFC 8707) that logins request. Absent: none is sent. */
  readonly resource?: string | undefined;
  /** Contact of the operator: an address or a URL. */
  readonly contact: string;
  readonly profile: 'embedded' | 'distributed';
  /** Verified addresses whose user becomes a global admin at login. */
  readonly adminEmails: readonly string[];
}

export const IDENTITY_CONFIG = Symbol('identity configuration');

export type Claims = z.input<typeof claimsSchema>;
