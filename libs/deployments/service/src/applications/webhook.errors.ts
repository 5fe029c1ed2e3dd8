import { domainError } from '#kernel';

/** Errors about webhooks of applications. */
export const webhookErrors = {
  webhookNeedsAuto: (name: string) =>
    domainError(
      'webhook/needs-auto',
      'conflict',
      `application/${name} does not follow its source, so a webhook would have no effect.`,
      { fix: 'set syncPolicy.auto: true in its manifest and apply it: astroctl app apply -f FILE' },
    ),
  webhookLimit: (name: string, limit: number) =>
    domainError('webhook/count-limit', 'limit', `application/${name} already has ${limit} webhooks.`, {
      fix: `delete one: astroctl app webhook delete ${name} ID`,
      extra: { limit },
    }),
  webhookNotFound: (name: string, id: string) =>
    domainError('webhook/not-found', 'not-found', `application/${name} has no webhook ${id}.`, {
      fix: `list its webhooks: astroctl app webhook list ${name}`,
    }),
  webhookSignature: () =>
    domainError(
      'webhook/signature-invalid',
      'unauthenticated',
      'The webhook does not exist, or its signature is invalid.',
      {
        fix: 'check address and secret at the git host, or create another webhook: astroctl app webhook create NAME',
      },
    ),
  webhookReplayed: () =>
    domainError('webhook/replayed', 'conflict', 'This delivery was received before, or it is too old.', {
      fix: 'push again; sources are also checked every few minutes',
    }),
  webhookPayload: () =>
    domainError('webhook/payload-invalid', 'invalid', 'The payload of the delivery is not a JSON object.', {
      fix: 'set the content type of the webhook to application/json at the git host',
    }),
};
