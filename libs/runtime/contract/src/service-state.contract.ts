import { SERVICES_ONLY } from '#access';
import { EDGE, request } from '#bus/contract';
import { z } from 'zod';

/** Maximum number of parked documents that are listed of one projection. */
export const PARKED_LISTED = 10;

/** Result of one check of `admin doctor`. */
export const checkResult = z.strictObject({
  name: z.string().describe('what was checked, such as `read store`'),
  status: z.enum(['ok', 'warn', 'failed']),
  message: z.string().describe('one sentence'),
  fix: z.string().nullable().describe('what to do; null if nothing needs to be done'),
});
export type CheckResult = z.infer<typeof checkResult>;

const parkedDocument = z.strictObject({
  documentId: z.string(),
  /** Name of the error and type of the event, without its message. */
  reason: z.string(),
  /** RFC 3339. */
  since: z.string(),
  position: z.string().describe('position of the event that could not be applied'),
});

const projectionRebuild = z.strictObject({
  /** RFC 3339; null if it was started by another process that waits for the result. */
  requestedAt: z.string().nullable(),
  position: z.string().nullable().describe('position that the new documents have reached; null until a process starts'),
  percent: z.number().int().min(0).max(100),
  failure: z.string().nullable().describe('why the last rebuild failed; null while it is in progress'),
});

export const projectionView = z.strictObject({
  name: z.string(),
  context: z.string().describe('service that builds the projection'),
  state: z
    .enum(['running', 'catching-up', 'rebuilding', 'stopped'])
    .describe('`rebuilding`: the current documents continue to serve; `stopped`: see `reason`'),
  reason: z.string().nullable(),
  position: z.string().nullable().describe('position of the last event in its documents; null if there is none'),
  head: z.string().describe('last position of the log'),
  lagEvents: z.number().int().describe('difference of the positions: events, or bytes of EventStoreDB’s log'),
  lagSeconds: z.number().describe('age of the oldest event that it has not read; 0 if it is up to date'),
  parked: z.number().int().describe('documents that are not updated because an event could not be applied'),
  parkedDocuments: z.array(parkedDocument).describe(`the first ${PARKED_LISTED}`),
  rebuild: projectionRebuild.nullable().describe('the rebuild in progress, or the last one if it failed'),
  leader: z.string().nullable().describe('process that builds it; null if another one than that which responded'),
});
export type ProjectionView = z.infer<typeof projectionView>;

export const serviceState = z.strictObject({
  service: z.string(),
  process: z.strictObject({
    name: z.string().describe('`platform` if all services run in one process'),
    instance: z.string(),
  }),
  version: z.string(),
  /** Clock of the process, RFC 3339. */
  time: z.string(),
  /** Checks of the process, which all of its services share. */
  checks: z.array(checkResult),
  /** Checks of this service. */
  ownChecks: z.array(checkResult),
  projections: z.array(projectionView).nullable().describe('null if the stores do not respond'),
});
export type ServiceState = z.infer<typeof serviceState>;

/** Services besides the gateway, which asks them. */
const SERVICES = [
  'access-keys',
  'audit',
  'billing',
  'deploy-worker',
  'deployments',
  'identity',
  'organizations',
  'sandbox-cluster',
] as const;
/** Services with projections. */
const PROJECTING = ['access-keys', 'audit', 'billing', 'deployments', 'identity', 'organizations'] as const;

const stateRequest = (service: string) =>
  request({
    subject: `${service}.v1.operations.state`,
    summary: 'Checks and projections of the service',
    permission: SERVICES_ONLY,
    callers: [EDGE],
    input: z.strictObject({ checks: z.boolean().describe('false: only the projections') }),
    output: serviceState,
    timeoutMs: 8_000,
  });

const projectionRequest = (service: string) =>
  request({
    subject: `${service}.v1.operations.projection`,
    summary: 'Rebuild a projection of the service, or retry its parked documents',
    permission: SERVICES_ONLY,
    callers: [EDGE],
    input: z.strictObject({
      name: z.string().max(120),
      action: z.enum(['rebuild', 'retry']),
      /** Of the request: one that is sent again while it is pending has no further effect. */
      id: z.string().max(200),
    }),
    output: z.strictObject({
      isDone: z.boolean().describe('false: the work continues'),
      projection: projectionView,
    }),
    timeoutMs: 10_000,
  });

/** Asks each service for its state. */
export const STATE_REQUESTS = SERVICES.map(stateRequest);
/** Asks each service with projections to work on one of them. */
export const PROJECTION_REQUESTS = PROJECTING.map(projectionRequest);
