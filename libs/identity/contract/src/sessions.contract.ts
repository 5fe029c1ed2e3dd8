import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/** Lower-case hex SHA-256 of a session's secret, which only the browser knows. */
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const milliseconds = z.number().int().min(0);
const userId = z.string().min(1).max(200);
const sessionId = z.string().min(1).max(100);

/**
 * Starts a session of the console for a person who has logged in at the issuer. What the session needs later is stored
 * in the vault; the event contains its ID and the digest.
 */
export const startSessionRequest = request({
  subject: 'identity.v1.sessions.start',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({
    userId,
    digest,
    authenticatedAtMs: milliseconds.optional().describe('absent if the issuer did not say'),
    idToken: z.string().max(32_768).optional().describe('identifies the login at the issuer at a logout'),
    issuerSession: z.string().max(200).optional().describe('session at the built-in issuer, with which this one ends'),
    replaces: digest.optional().describe('session that this browser had before, which ends'),
  }),
  output: z.strictObject({ sessionId: z.string(), expiresAtMs: z.number() }),
  timeoutMs: 5_000,
});

/**
 * Records the use of a session, and returns whether it continues: not if it was idle for too long, or if its login at
 * the built-in issuer has ended. The gateway sends this at most once a minute for each session.
 */
export const useSessionRequest = request({
  subject: 'identity.v1.sessions.use',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({ userId, sessionId }),
  output: z.strictObject({ live: z.boolean() }),
  timeoutMs: 2_000,
});

/** Ends a session of the console, and at the built-in issuer the login that it came from. A repeat changes nothing. */
export const logOutRequest = request({
  subject: 'identity.v1.sessions.log-out',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({ userId, sessionId }),
  output: z.strictObject({ idToken: z.string().nullable().describe('for the logout at an external issuer') }),
  timeoutMs: 5_000,
});

/**
 * Redeems an authorization code at the built-in issuer. The gateway sends the form of the token endpoint (RFC 6749
 * section 4.1.3) over the bus, because its process may be unable to reach the public address.
 */
export const issuerTokenRequest = request({
  subject: 'identity.v1.issuer.token',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({ form: z.string().max(16_384).describe('application/x-www-form-urlencoded') }),
  output: z.strictObject({ status: z.number().int(), body: z.string().describe('JSON') }),
  timeoutMs: 5_000,
});
