import { request } from '#bus/contract';
import { checkResult } from '#runtime/contract';
import { z } from 'zod';

export const doctorCheck = checkResult.extend({
  service: z.string().describe('process or service that was checked; `platform` if all services run in one process'),
});
export type DoctorCheck = z.infer<typeof doctorCheck>;

const doctorService = z.strictObject({
  name: z.string(),
  answered: z.boolean(),
  /** Process that answered; of several replicas, only one does. */
  instance: z.string().nullable(),
  version: z.string().nullable(),
  clockDifferenceMs: z
    .number()
    .int()
    .nullable()
    .describe('by which its clock is ahead of the gateway’s; 0 if it is within the time of the request'),
});

export const doctorRequest = request({
  subject: 'gateway.v1.doctor',
  route: 'GET /v1/admin/doctor',
  summary: 'Check the platform: stores, login, mail, services, projections, programs, and settings',
  permission: 'platform.operate',
  input: z.strictObject({}),
  output: z.strictObject({
    status: z.enum(['ok', 'warn', 'failed']).describe('the worst of all checks'),
    version: z.string(),
    /** RFC 3339. */
    time: z.string(),
    services: z.array(doctorService),
    checks: z.array(doctorCheck),
  }),
  timeoutMs: 12_000,
});
export type DoctorReport = z.infer<(typeof doctorRequest)['output']>;
