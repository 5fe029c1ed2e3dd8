import { hkdfSync } from 'node:crypto';
import type { Clock } from '#kernel';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { z } from 'zod';

/** How long a person has to complete a login, in seconds. */
export const ATTEMPT_SECONDS = 600;

const attempt = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
  maxAgeSeconds: z.number().optional(),
});

/** A login in progress in one browser. */
export type LoginAttempt = Readonly<z.infer<typeof attempt>>;

const ENCRYPTION = { alg: 'dir', enc: 'A256GCM' } as const;

/**
 * Seals logins in progress for the cookie of the browser. The platform stores nothing, so that nobody can fill it with
 * logins that do not end; and only the browser that began a login can end it.
 */
export class LoginAttempts {
  private readonly key: Uint8Array;

  /** @param secret at least 32 bytes, the same in every gateway */
  constructor(
    secret: Uint8Array,
    private readonly clock: Clock,
  ) {
    this.key = new Uint8Array(hkdfSync('sha256', secret, '', 'astro console login', 32));
  }

  seal(started: LoginAttempt): Promise<string> {
    return new EncryptJWT({ ...started })
      .setProtectedHeader(ENCRYPTION)
      .setExpirationTime(Math.floor(this.clock.now() / 1_000) + ATTEMPT_SECONDS)
      .encrypt(this.key);
  }

  /** Returns the login of a cookie; undefined if it has expired, or was not sealed here. */
  async open(cookie: string): Promise<LoginAttempt | undefined> {
    try {
      const { payload } = await jwtDecrypt(cookie, this.key, {
        currentDate: new Date(this.clock.now()),
        requiredClaims: ['exp'],
        keyManagementAlgorithms: [ENCRYPTION.alg],
        contentEncryptionAlgorithms: [ENCRYPTION.enc],
      });
      return attempt.parse(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined; // forged, or expired
      throw error;
    }
  }
}
