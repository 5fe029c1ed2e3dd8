import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { InputOf } from '#bus/contract';
import type { deliverWebhookRequest, WebhookProvider } from '#deployments/contract';

/** The signature of a delivery: that of a git host, whichever headers it sends. */
export type Signed = Omit<InputOf<typeof deliverWebhookRequest>, 'id' | 'payload'>;

/** How much the time in a generic signature may differ, in milliseconds. */
const TOLERANCE_MS = 5 * 60_000;

export type Verdict =
  | { readonly type: 'invalid' }
  /** Signed correctly, at a time that is too long ago. */
  | { readonly type: 'late' }
  /** `key` is the same for a delivery that is sent again, and different for all others. */
  | { readonly type: 'valid'; readonly key: string };

const INVALID: Verdict = { type: 'invalid' };

/**
 * Verifies the signature over the bytes of a body, in constant time. The key of a delivery is computed from what is
 * signed: the ids that GitHub sends are not.
 */
export function verdictOn(
  provider: WebhookProvider,
  secret: string,
  { headers, body, nowMs }: { readonly headers: Signed; readonly body: Buffer; readonly nowMs: number },
): Verdict {
  const { githubSignature, gitlabToken, gitlabDelivery, signature } = headers;
  switch (provider) {
    case 'github': {
      const expected = `sha256=${hmac(secret, body)}`;
      return isEqual(githubSignature, expected) ? { type: 'valid', key: digest(expected) } : INVALID;
    }
    case 'gitlab':
      // GitLab signs nothing: whoever has the token may send anything.
      return isEqual(gitlabToken, secret) ? { type: 'valid', key: digest(gitlabDelivery ?? body) } : INVALID;
    case 'generic': {
      const [, seconds = '', given] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature ?? '') ?? [];
      const expected = hmac(secret, `${seconds}.`, body);
      if (!isEqual(given, expected)) return INVALID;
      if (Math.abs(nowMs - Number(seconds) * 1_000) > TOLERANCE_MS) return { type: 'late' };
      return { type: 'valid', key: digest(expected) };
    }
  }
}

function hmac(secret: string, ...parts: readonly (string | Buffer)[]): string {
  const sum = createHmac('sha256', secret);
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

const digest = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

const isEqual = (given: string | undefined, expected: string): boolean =>
  timingSafeEqual(Buffer.from(digest(given ?? '')), Buffer.from(digest(expected)));
