import { pageInput, pageOutput, request } from '#bus/contract';
import { z } from 'zod';

const org = z.string().min(1);
const organizationOf = (input: { org: string }) => input.org;
const kind = z.enum(['git', 'registry']);

const host = z
  .string()
  .max(260)
  .toLowerCase()
  .regex(
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f:.]+\])(:\d{1,5})?$/,
    'must be a host, with :port if it is not the default port, such as git.acme.dev or git.acme.dev:8443',
  );

const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((value) => !/[\u0000-\u001f\u007f]/.test(value), 'must be one line without control characters');

/** How a host is contacted, without secrets. */
export const credentialView = z.strictObject({
  host: z.string(),
  kind,
  user: z.string().nullable(),
  /** Shows whether a secret is the same as another one of the organization; null without a secret. */
  fingerprint: z.string().nullable(),
  certificateAuthority: z.boolean(),
  knownHosts: z.boolean(),
  updatedAt: z.string(),
});
export type CredentialView = z.infer<typeof credentialView>;

export const listCredentialsRequest = request({
  subject: 'deployments.v1.credentials.list',
  route: 'GET /v1/organizations/{org}/credentials',
  summary: 'List credentials of git and registry hosts, with fingerprints instead of secrets',
  permission: 'credentials.manage',
  input: z.strictObject({ org, ...pageInput }),
  output: z.strictObject(pageOutput(credentialView)),
  organizationOf,
  timeoutMs: 5_000,
});

export const getCredentialRequest = request({
  subject: 'deployments.v1.credentials.get',
  route: 'GET /v1/organizations/{org}/credentials/{host}',
  summary: 'Get the credentials of a host, one per kind, with fingerprints instead of secrets',
  permission: 'credentials.manage',
  input: z.strictObject({ org, host }),
  output: z.strictObject({ host: z.string(), credentials: z.array(credentialView) }),
  organizationOf,
  timeoutMs: 5_000,
});

export const setCredentialRequest = request({
  subject: 'deployments.v1.credentials.set',
  route: 'PUT /v1/organizations/{org}/credentials/{host}',
  dryRun: true,
  summary:
    'Store how a host is contacted: secret, certificate authority, and host keys. Omitted fields keep their value',
  permission: 'credentials.manage',
  input: z.strictObject({
    org,
    host,
    kind,
    user: text(250).optional(),
    secret: z
      .string()
      .min(1)
      .max(20_000)
      .refine((value) => !value.includes('\u0000'), 'must not contain control characters')
      .optional()
      .describe('password or token; for ssh, a private key. It is stored encrypted and never returned'),
    certificateAuthority: z.string().min(1).max(200_000).optional().describe('certificates of authorities, PEM'),
    knownHosts: z.string().min(1).max(200_000).optional().describe('lines of a known_hosts file; required for ssh'),
  }),
  output: z.strictObject({
    credential: credentialView,
    outcome: z.enum(['configured', 'unchanged']),
    dryRun: z.boolean(),
  }),
  organizationOf,
  timeoutMs: 5_000,
});

export const deleteCredentialRequest = request({
  subject: 'deployments.v1.credentials.delete',
  route: 'DELETE /v1/organizations/{org}/credentials/{host}',
  dryRun: true,
  summary: 'Delete the credentials of a host, of one kind or of all',
  permission: 'credentials.manage',
  input: z.strictObject({ org, host, kind: kind.optional() }),
  output: z.strictObject({ host: z.string(), dryRun: z.boolean() }),
  organizationOf,
  timeoutMs: 5_000,
});
