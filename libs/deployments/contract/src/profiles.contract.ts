import { pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';
import { profileSpecSchema, manifestOf } from './manifest.ts';

const org = z.string().min(1);
const name = z.string().min(1).max(253);
const organizationOf = (input: { org: string }) => input.org;

/** A profile as the API returns it. */
export const profileView = z.strictObject({
  id: z.string(),
  name: z.string(),
  cluster: z.string(),
  provider: z.string(),
  region: z.string().nullable(),
  tier: z.string(),
  protected: z.boolean(),
  apps: z.number().int(),
  revision: z.number().int(),
  createdAt: z.string(),
  description: z.string().nullable(),
  /** Settings as they were given. Variables are listed by name, without their values. */
  settings: z.array(z.string()),
});
export type ProfileView = z.infer<typeof profileView>;

export const listProfilesRequest = request({
  subject: 'deployments.v1.profiles.list',
  route: 'GET /v1/organizations/{org}/profiles',
  summary: 'List profiles',
  permission: 'profile.read',
  input: z.strictObject({ org, ...pageInput }),
  output: z.strictObject(pageOutput(profileView)),
  organizationOf,
  timeoutMs: 5_000,
});

export const getProfileRequest = request({
  subject: 'deployments.v1.profiles.get',
  route: 'GET /v1/organizations/{org}/profiles/{name}',
  summary: 'Get a profile',
  permission: 'profile.read',
  input: z.strictObject({ org, name }),
  output: profileView,
  organizationOf,
  timeoutMs: 5_000,
});

export const applyProfileRequest = request({
  subject: 'deployments.v1.profiles.apply',
  route: 'PUT /v1/organizations/{org}/profiles/{name}',
  dryRun: true,
  ifMatch: true,
  summary: 'Create or update a profile; the body is its manifest',
  permission: 'profile.change',
  input: z.strictObject({ org, name, manifest: z.unknown() }),
  body: 'manifest',
  bodySchema: manifestOf('ApplicationProfile', profileSpecSchema),
  creates: true,
  output: z.strictObject({
    profile: profileView,
    outcome: z.enum(['created', 'configured', 'unchanged']),
    /** One sentence for each older spelling in the manifest. Absent if there are none. */
    warnings: z.array(z.string()).optional(),
    dryRun: z.boolean(),
  }),
  organizationOf,
  timeoutMs: 5_000,
});

export const deleteProfileRequest = request({
  subject: 'deployments.v1.profiles.delete',
  route: 'DELETE /v1/organizations/{org}/profiles/{name}',
  dryRun: true,
  ifMatch: true,
  summary: 'Delete a profile that no application uses',
  permission: 'profile.delete',
  input: z.strictObject({ org, name }),
  output: z.strictObject({ name: z.string(), dryRun: z.boolean() }),
  organizationOf,
  timeoutMs: 5_000,
});
