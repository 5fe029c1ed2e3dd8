import { generateKeyPairSync } from 'node:crypto';
import { createdOnce, decodeText, encodeText, type Vault } from '#vault';
import type { Ids } from '#kernel';
import { z } from 'zod';

const RECORD = 'issuer/secrets';

const secretsSchema = z.object({
  /** Private signing key (ES256). */
  signing: z.object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    d: z.string(),
    kid: z.string(),
    alg: z.literal('ES256'),
    use: z.literal('sig'),
  }),
  /** Signs the cookies of the login pages. */
  cookies: z.string(),
  /** Derives the names of account records from addresses, and the tokens of forms from their interaction. */
  lookup: z.string(),
});

export type IssuerSecrets = z.infer<typeof secretsSchema>;

/** Loads the issuer's keys from the vault, or creates them at the first start, once even for simultaneous starts. */
export async function loadOrCreateSecrets(vault: Vault, ids: Ids): Promise<IssuerSecrets> {
  const stored = await createdOnce(vault, RECORD, () => encodeText(JSON.stringify(newSecrets(ids))));
  return secretsSchema.parse(JSON.parse(decodeText(stored)));
}

function newSecrets(ids: Ids): IssuerSecrets {
  const { x, y, d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const text = (bytes: number) => Buffer.from(ids.random(bytes)).toString('base64url');
  const signing = { kty: 'EC', crv: 'P-256', x, y, d, kid: text(8), alg: 'ES256', use: 'sig' };
  return secretsSchema.parse({ signing, cookies: text(32), lookup: text(32) });
}
