import type { Clock, Logger } from '#kernel';
import { LRUCache } from 'lru-cache';

/** Why an access token was rejected, for the operator. Callers only learn that it is invalid. */
export type TokenFault =
  | { readonly fault: 'opaque' | 'encrypted' | 'form' | 'type' | 'key' | 'signature' | 'claims' }
  /** `found` is from a fixed list. */
  | { readonly fault: 'algorithm'; readonly found: string }
  /** `found` was signed by the issuer. */
  | { readonly fault: 'audience' | 'id-token' | 'issuer'; readonly found: string };

export interface ExpectedToken {
  readonly issuer: string;
  readonly audience: string;
  /** Client IDs of the platform at the issuer, which are the audiences of ID tokens. */
  readonly clientIds: readonly string[];
}

/** Thrown when a token is rejected. */
export class TokenRefusedError extends Error {
  constructor(readonly fault: TokenFault) {
    super(`the token was refused: ${fault.fault}`);
  }
}

/** Minimum time between log lines about the same fault. Faults in between are counted. */
const LOG_INTERVAL_MS = 60_000;
const MAX_TEXT_LENGTH = 300;

const DOCS = 'docs/operations/login.md';

/**
 * Logs why tokens are rejected and what to configure, one line per minute and fault. The sender of a token cannot
 * choose text in the log: what is logged was signed by the issuer, or is from a fixed list.
 */
export class TokenFaultLog {
  private readonly refused = new LRUCache<string, { readonly loggedAtMs: number; since: number }>({ max: 100 });

  constructor(
    private readonly expected: ExpectedToken,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  write(fault: TokenFault): void {
    const nowMs = this.clock.monotonic();
    const before = this.refused.get(fault.fault);
    if (before && nowMs - before.loggedAtMs < LOG_INTERVAL_MS) {
      before.since++;
      return;
    }
    this.refused.set(fault.fault, { loggedAtMs: nowMs, since: 0 });
    const { issuer, audience } = this.expected;
    this.logger.warn(
      {
        issuer,
        audience,
        fault: fault.fault,
        ...('found' in fault && { found: fault.found.slice(0, MAX_TEXT_LENGTH) }),
        ...(before && before.since > 0 && { refusedSince: before.since }),
        fix: fixOf(fault, this.expected),
      },
      'an access token was refused',
    );
  }
}

/** Returns what the operator can do, as a sentence. */
function fixOf(fault: TokenFault, { issuer, audience }: ExpectedToken): string {
  switch (fault.fault) {
    case 'opaque':
      return `the token is not a JWT: register an API (resource server) with the identifier ${audience} at the issuer, so that it issues JWTs for it; see ${DOCS}`;
    case 'encrypted':
      return `the token is encrypted: register an API with the identifier ${audience} at the issuer, and let it sign access tokens without encrypting them; see ${DOCS}`;
    case 'algorithm':
      return `set the signing algorithm of access tokens at the issuer to RS256, PS256, or ES256; see ${DOCS}`;
    case 'type':
      return 'send an access token, not another kind of token of the issuer';
    case 'key':
      return `the issuer ${issuer} does not publish this key: log in at this issuer, or correct ASTRO_OIDC_ISSUER`;
    case 'signature':
      return 'the signature does not match the key of the issuer: the token was modified, or another issuer uses the same key ID';
    case 'issuer':
      return `the iss of the issuer\'s tokens differs from its discovery document: set its token version (Entra: requestedAccessTokenVersion 2), or set ASTRO_OIDC_ISSUER to the issuer of these tokens; see ${DOCS}`;
    case 'audience':
      return `configure the issuer to include ${audience} in the audience (aud) of access tokens, or set ASTRO_OIDC_AUDIENCE to the audience that it uses; see ${DOCS}`;
    case 'id-token':
      return `the client sent an ID token; send the access token. If access tokens of this issuer have the client ID as their audience, as with Dex, set ASTRO_OIDC_AUDIENCE to it; see ${DOCS}`;
    case 'form':
    case 'claims':
      return 'the token is malformed, or lacks sub, exp, or a key ID (kid), which every access token needs';
  }
}
