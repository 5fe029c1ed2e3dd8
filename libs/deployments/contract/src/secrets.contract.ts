import { request } from '#bus/contract';
import { z } from 'zod';
import { applicationView } from './applications.contract.ts';
import { SECRET_VALUE_BYTES, secretKey, SECRETS_PER_APPLICATION } from './secret-keys.ts';

const target = { org: z.string().min(1), name: z.string().min(1).max(253) };
const organizationOf = (input: { org: string }) => input.org;

/** Value of a secret: text that an environment variable can hold. Its size is limited in bytes of UTF-8. */
const value = z
  .string()
  .max(SECRET_VALUE_BYTES)
  .refine(
    (text) => new TextEncoder().encode(text).length <= SECRET_VALUE_BYTES,
    `must be at most ${SECRET_VALUE_BYTES} bytes`,
  )
  .refine((text) => !text.includes('\0'), 'must not contain the character NUL');

/** A secret without its value, which nobody can read. */
export const secretView = z.strictObject({
  key: z.string(),
  /** Increases with each change of the value. */
  version: z.number().int(),
  /** Equal values of one organization have equal fingerprints. A value cannot be found from its fingerprint. */
  fingerprint: z.string(),
  updatedAt: z.string(),
  by: z.string(),
});
export type SecretView = z.infer<typeof secretView>;

/** Result of setting or removing secrets, or of its dry run. */
export const secretsOutcome = z.strictObject({
  /** Keys whose value changed, with their new version; null for a removed one. Empty if nothing changed. */
  changed: z.array(z.strictObject({ key: z.string(), version: z.number().int().nullable() })),
  /** The application as the change left it; null before its first revision. */
  application: applicationView.nullable(),
  /** Changes of the new revision as text without values; empty if the latest revision uses none of the secrets. */
  changes: z.array(z.string()),
  /** The attempt that was requested; null if none was. */
  attemptId: z.string().nullable(),
  dryRun: z.boolean(),
});

const change = {
  permission: 'secrets.write',
  dryRun: true,
  ifMatch: true,
  output: secretsOutcome,
  organizationOf,
  timeoutMs: 10_000,
} as const;

export const listSecretsRequest = request({
  subject: 'deployments.v1.secrets.list',
  route: 'GET /v1/organizations/{org}/applications/{name}/secrets',
  summary: 'List the secrets of an application, without their values',
  permission: 'application.read',
  input: z.strictObject(target),
  output: z.strictObject({ items: z.array(secretView) }),
  organizationOf,
  discloses: 'secret-names',
  timeoutMs: 5_000,
});

export const setSecretRequest = request({
  ...change,
  subject: 'deployments.v1.secrets.set',
  route: 'PUT /v1/organizations/{org}/applications/{name}/secrets/{key}',
  summary: 'Set a secret of an application; if the latest revision uses it, deploy it as a new revision',
  input: z.strictObject({ ...target, key: secretKey, value }),
  secretMembers: ['value'],
});

export const setSecretsRequest = request({
  ...change,
  subject: 'deployments.v1.secrets.set-all',
  route: 'PATCH /v1/organizations/{org}/applications/{name}/secrets',
  summary: 'Set several secrets of an application at once, in one revision; others are kept',
  input: z.strictObject({
    ...target,
    secrets: z
      .record(secretKey, value)
      .refine((all) => Object.keys(all).length > 0, 'must contain at least one secret')
      .refine(
        (all) => Object.keys(all).length <= SECRETS_PER_APPLICATION,
        `must be at most ${SECRETS_PER_APPLICATION} secrets`,
      ),
  }),
  secretMembers: ['secrets'],
});

export const unsetSecretRequest = request({
  ...change,
  subject: 'deployments.v1.secrets.unset',
  route: 'DELETE /v1/organizations/{org}/applications/{name}/secrets/{key}',
  summary: 'Remove a secret; if the latest revision uses it, deploy it without the secret as a new revision',
  input: z.strictObject({ ...target, key: secretKey }),
});
