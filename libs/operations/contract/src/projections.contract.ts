import { pageInput, pageOutput, request } from '#bus/contract';
import { projectionView } from '#runtime/contract';
import { z } from 'zod';

export type { ProjectionView } from '#runtime/contract';

/** A service that did not answer, so that what it knows is missing. */
const unansweredService = z.strictObject({
  service: z.string(),
  reason: z.string().describe('one sentence'),
});

const projectionName = z.string().min(1).max(120).describe('such as `organization-members.v1`');

export const listProjectionsRequest = request({
  subject: 'gateway.v1.projections.list',
  route: 'GET /v1/admin/projections',
  summary: 'List the projections of all services: position, lag, state, and parked documents',
  permission: 'platform.operate',
  input: z.strictObject(pageInput),
  output: z.strictObject({
    ...pageOutput(projectionView),
    unanswered: z.array(unansweredService).describe('services whose projections are missing'),
  }),
  timeoutMs: 10_000,
});

export const getProjectionRequest = request({
  subject: 'gateway.v1.projections.get',
  route: 'GET /v1/admin/projections/{name}',
  summary: 'Show a projection, such as the progress of its rebuild',
  permission: 'platform.operate',
  input: z.strictObject({ name: projectionName }),
  output: projectionView,
  timeoutMs: 10_000,
});

export const rebuildProjectionRequest = request({
  subject: 'gateway.v1.projections.rebuild',
  route: 'POST /v1/admin/projections/{name}/rebuild',
  summary: 'Rebuild a projection from the log, while its current documents continue to serve',
  permission: 'platform.operate',
  accepts: true,
  input: z.strictObject({ name: projectionName }),
  output: projectionView,
  timeoutMs: 15_000,
});

export const retryProjectionRequest = request({
  subject: 'gateway.v1.projections.retry',
  route: 'POST /v1/admin/projections/{name}/retry',
  summary: 'Rebuild the parked documents of a projection; the status is 202 if this takes longer',
  permission: 'platform.operate',
  accepts: true,
  input: z.strictObject({ name: projectionName }),
  output: projectionView,
  timeoutMs: 20_000,
});
