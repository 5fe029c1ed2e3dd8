import { request } from '#bus/contract';
import { z } from 'zod';
import { ALLOW_REMOVALS, applicationView, changeMessage } from './applications.contract.ts';
import { adoptableObject } from './rollout.contract.ts';

const common = {
  permission: 'application.deploy',
  ifMatch: true,
  input: z.strictObject({ org: z.string().min(1), name: z.string().min(1).max(253), message: changeMessage }),
  output: z.strictObject({
    application: applicationView,
    /** False when there was nothing to do, because the application is already paused or being deployed. */
    changed: z.boolean(),
    /** The attempt that was requested; null if none was. */
    attemptId: z.string().nullable(),
  }),
  organizationOf: (input: { org: string }) => input.org,
  timeoutMs: 10_000,
} as const;

export const syncApplicationRequest = request({
  ...common,
  subject: 'deployments.v1.applications.sync',
  route: 'POST /v1/organizations/{org}/applications/{name}/sync',
  input: z.strictObject({
    ...common.input.shape,
    allowRemovals: z.boolean().optional().describe(ALLOW_REMOVALS),
  }),
  summary: 'Deploy the latest revision again, to correct drift',
});

export const restartApplicationRequest = request({
  ...common,
  subject: 'deployments.v1.applications.restart',
  route: 'POST /v1/organizations/{org}/applications/{name}/restart',
  summary: 'Replace the pods of an application one by one, without a new revision',
});

export const pauseApplicationRequest = request({
  ...common,
  subject: 'deployments.v1.applications.pause',
  route: 'POST /v1/organizations/{org}/applications/{name}/pause',
  summary: 'Record new revisions without deploying them until the application is resumed',
});

export const resumeApplicationRequest = request({
  ...common,
  subject: 'deployments.v1.applications.resume',
  route: 'POST /v1/organizations/{org}/applications/{name}/resume',
  summary: 'Deploy the revisions recorded during a pause, or end the pin after a rollback',
});

export const adoptApplicationRequest = request({
  ...common,
  subject: 'deployments.v1.applications.adopt',
  route: 'POST /v1/organizations/{org}/applications/{name}/adopt',
  dryRun: true,
  permission: 'application.adopt',
  summary: 'Deploy again, and take over the objects that belong to no application and made the last attempt fail',
  input: z.strictObject({
    ...common.input.shape,
    attempt: z
      .number()
      .int()
      .optional()
      .describe('number of the attempt whose objects are taken over; refused if there is a newer one'),
  }),
  output: z.strictObject({
    ...common.output.shape,
    objects: z.array(adoptableObject),
    adopts: z
      .number()
      .int()
      .optional()
      .describe(
        'with dryRun: number of the attempt whose objects are shown, for `attempt` of the request that adopts them',
      ),
    dryRun: z.boolean(),
  }),
});
