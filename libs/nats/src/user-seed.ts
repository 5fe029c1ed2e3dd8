import { nkeys } from '@nats-io/transport-node';

/** Returns a new secret seed of a NATS user, which begins with `SU`. */
export const createUserSeed = (): string => new TextDecoder().decode(nkeys.createUser().getSeed());

/**
 * Returns the public key of a seed, for the configuration of the server.
 *
 * @param seed content of a seed file; other lines are ignored
 * @returns undefined if it contains no valid seed of a user
 */
export function publicKeyOfSeed(seed: string): string | undefined {
  const found = seedIn(seed);
  if (found === undefined) return undefined;
  try {
    return nkeys.fromSeed(new TextEncoder().encode(found)).getPublicKey();
  } catch {
    return undefined; // the checksum is invalid
  }
}

/** Returns the seed in the text of a file. */
export const seedIn = (text: string): string | undefined => /^SU[A-Z2-7]{56}$/m.exec(text.replaceAll('\r', ''))?.[0];
