import { argon2, timingSafeEqual } from 'node:crypto';
import type { Ids } from '#kernel';

/** argon2id with 19 MiB and 2 passes (OWASP's first choice), which takes about 80 ms. */
const MEMORY_KIB = 19 * 1024;
const PASSES = 2;
const HASH_BYTES = 32;
const FORM = /^argon2id\$m=(\d+),t=(\d+)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/;

/** Returns the stored form of a password: `argon2id$m=<KiB>,t=<passes>$<salt>$<hash>`, with base64 salt and hash. */
export async function hashPassword(password: string, ids: Ids): Promise<string> {
  const salt = ids.random(16);
  const hash = await derive(password, salt, MEMORY_KIB, PASSES);
  return `argon2id$m=${MEMORY_KIB},t=${PASSES}$${Buffer.from(salt).toString('base64')}$${hash.toString('base64')}`;
}

/** Returns whether the password is correct. Takes equally long in both cases. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [, memory, passes, salt, hash] = FORM.exec(stored) ?? [];
  if (memory === undefined || passes === undefined || salt === undefined || hash === undefined)
    throw new Error('a stored password has an unknown form');
  const derived = await derive(password, Buffer.from(salt, 'base64'), Number(memory), Number(passes));
  return timingSafeEqual(derived, Buffer.from(hash, 'base64'));
}

const derive = (password: string, nonce: Uint8Array, memory: number, passes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parameters = {
      message: password.normalize('NFKC'),
      nonce,
      parallelism: 1,
      tagLength: HASH_BYTES,
      memory,
      passes,
    };
    argon2('argon2id', parameters, (error, key) => (error ? reject(error) : resolve(Buffer.from(key))));
  });
