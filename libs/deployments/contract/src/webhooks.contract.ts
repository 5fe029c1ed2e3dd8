import { PUBLIC } from '#access';
import { RAW_BODY_BYTES, request } from '#bus/contract';
import { z } from 'zod';

const target = { org: z.string().min(1), name: z.string().min(1).max(253) };
const organizationOf = (input: { org: string }) => input.org;

/** Kinds of git hosts, which sign in different ways. `generic`: everything that can compute an HMAC. */
export const WEBHOOK_PROVIDERS = ['github', 'gitlab', 'generic'] as const;
export type WebhookProvider = (typeof WEBHOOK_PROVIDERS)[number];

/** Maximum number of webhooks of an application. They are listed without pages. */
export const WEBHOOKS_PER_APPLICATION = 10;

/** What the platform did with a delivery. */
const outcome = z.enum(['checking', 'ignored', 'ping']);

/** A webhook without its secret, which is shown once. */
export const webhookView = z.strictObject({
  id: z.string(),
  provider: z.enum(WEBHOOK_PROVIDERS),
  /** Where the git host sends deliveries. */
  address: z.string(),
  /** Shows whether two webhooks of the organization have the same secret. */
  fingerprint: z.string(),
  createdAt: z.string(),
  by: z.string(),
  /** The last delivery with a valid signature; null if there was none. */
  lastDelivery: z.strictObject({ at: z.string(), outcome }).nullable(),
});
export type WebhookView = z.infer<typeof webhookView>;

export const listWebhooksRequest = request({
  subject: 'deployments.v1.webhooks.list',
  route: 'GET /v1/organizations/{org}/applications/{name}/webhooks',
  summary: 'List the webhooks of an application, without their secrets',
  permission: 'application.deploy',
  input: z.strictObject(target),
  output: z.strictObject({ items: z.array(webhookView) }),
  organizationOf,
  timeoutMs: 5_000,
});

export const createWebhookRequest = request({
  subject: 'deployments.v1.webhooks.create',
  route: 'POST /v1/organizations/{org}/applications/{name}/webhooks',
  summary: 'Create an address and a secret with which a git host reports pushes; the secret is shown once',
  permission: 'application.deploy',
  success: 201,
  input: z.strictObject({ ...target, provider: z.enum(WEBHOOK_PROVIDERS).default('github') }),
  output: webhookView.extend({ secret: z.string() }),
  organizationOf,
  timeoutMs: 5_000,
});

export const deleteWebhookRequest = request({
  subject: 'deployments.v1.webhooks.delete',
  route: 'DELETE /v1/organizations/{org}/applications/{name}/webhooks/{id}',
  summary: 'Delete a webhook; its deliveries are refused from then on',
  permission: 'application.deploy',
  dryRun: true,
  input: z.strictObject({ ...target, id: z.string().min(1).max(100) }),
  output: z.strictObject({ id: z.string(), dryRun: z.boolean() }),
  organizationOf,
  timeoutMs: 5_000,
});

const header = z.string().max(300).optional();

/**
 * A delivery of a git host, authenticated by its signature alone. The response is the same for an unknown webhook and
 * for a wrong signature.
 */
export const deliverWebhookRequest = request({
  subject: 'deployments.v1.webhooks.deliver',
  route: 'POST /hooks/{id}',
  summary: 'Report a push to a git repository; signed with the secret of the webhook',
  permission: PUBLIC,
  accepts: true,
  rawBody: {
    member: 'payload',
    headers: {
      githubSignature: 'x-hub-signature-256',
      githubEvent: 'x-github-event',
      gitlabToken: 'x-gitlab-token',
      gitlabEvent: 'x-gitlab-event',
      gitlabDelivery: 'x-gitlab-event-uuid',
      signature: 'x-astro-signature',
    },
  },
  secretMembers: ['gitlabToken'],
  input: z.strictObject({
    id: z.string().max(100),
    payload: z.base64().max(Math.ceil(RAW_BODY_BYTES / 3) * 4),
    githubSignature: header,
    githubEvent: header,
    gitlabToken: header,
    gitlabEvent: header,
    gitlabDelivery: header,
    signature: header,
  }),
  output: z.strictObject({ outcome, message: z.string() }),
  timeoutMs: 8_000,
});
