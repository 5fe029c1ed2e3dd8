import { SERVICES_ONLY } from '#access';
import { stream } from '#bus/contract';
import { z } from 'zod';
import { logTime } from './time.ts';

/** One object of an organization: its kind, its ID, and what lists show of it. */
const replayedObject = z.strictObject({
  kind: z.enum([
    'organization',
    'member',
    'invitation',
    'access-key',
    'subscription',
    'profile',
    'cluster',
    'application',
    'revision',
  ]),
  id: z.string(),
  value: z.record(z.string(), z.unknown()),
});
export type ReplayedObject = z.infer<typeof replayedObject>;

export const replayRequest = stream({
  subject: 'audit.v1.replay',
  route: 'GET /v1/organizations/{org}/audit/replay',
  summary: "Fold an organization's events into its state, now or at an earlier time",
  permission: 'audit.read',
  input: z.strictObject({
    org: z.string().min(1),
    until: logTime.optional().describe('RFC 3339 time, date, span (-24h), or position; default: now'),
  }),
  output: replayedObject,
  organizationOf: ({ org }) => org,
  timeoutMs: 60_000,
});

/** The part of the log to fold: up to a position, without what was recorded after a time. */
const section = z.strictObject({
  organizationId: z.string(),
  position: z.string(),
  time: z.iso.datetime().optional(),
  asOf: z.iso.datetime().describe('time of the state, for what ends without an event'),
});

/** Returns the request that a context answers with its objects. */
const replayOf = (context: string) =>
  stream({
    subject: `${context}.v1.replay`,
    permission: SERVICES_ONLY,
    callers: ['audit'],
    input: section,
    output: replayedObject,
    organizationOf: ({ organizationId }) => organizationId,
    timeoutMs: 60_000,
  });

export const replayOrganizationsRequest = replayOf('organizations');
export const replayAccessKeysRequest = replayOf('access-keys');
export const replayBillingRequest = replayOf('billing');
export const replayDeploymentsRequest = replayOf('deployments');
