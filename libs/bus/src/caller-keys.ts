import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivateFile, makePrivateFolder, reasonOf } from '#files';
import { domainError, err, ok, type DomainError, type Result } from '#kernel';

/** A master key, from which the keys of all receivers are derived. */
export interface CallerKey {
  /** 1 to 32 of `a-z 0-9 -`. Part of each signature, so that keys can be rotated without downtime. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Newest first: the newest key signs, and all verify. Never empty. */
export type CallerKeys = readonly [CallerKey, ...CallerKey[]];

/** `person`: known to the gateway and the receiver. `service`: known to every service that may call the receiver. */
export type CallerKind = 'person' | 'service';

const ENTRY = /^([a-z0-9-]{1,32}):([A-Za-z0-9+/]{43}=)$/;
const KEY_BYTES = 32;

const invalid = (detail: string): DomainError<'bus/caller-keys-invalid'> =>
  domainError('bus/caller-keys-invalid', 'invalid', detail, {
    fix: 'use comma-separated entries of the form id:base64 of 32 random bytes, newest first',
  });

/**
 * Parses `id:base64,id:base64`, newest first, separated by commas, spaces, or line breaks. The error never contains a
 * key.
 */
export function parseCallerKeys(text: string): Result<CallerKeys, DomainError<'bus/caller-keys-invalid'>> {
  const keys: CallerKey[] = [];
  for (const entry of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const match = ENTRY.exec(entry);
    if (!match?.[1] || !match[2])
      return err(invalid(`Entry ${keys.length + 1} of the caller keys is not id:base64 of ${KEY_BYTES} bytes.`));
    const id = match[1];
    if (keys.some((known) => known.id === id)) return err(invalid(`The caller keys name ${id} twice.`));
    keys.push({ id, key: new Uint8Array(Buffer.from(match[2], 'base64')) });
  }
  const [newest, ...older] = keys;
  return newest ? ok([newest, ...older]) : err(invalid('The caller keys are empty.'));
}

/**
 * Loads the keys in `<folder>/caller-keys`, or creates the file with mode 0600. Of several processes that start
 * simultaneously, one creates the file and all use it. Rejects a file that others can read.
 */
export function loadOrCreateCallerKeys(folder: string): Result<CallerKeys, DomainError<'bus/caller-keys-invalid'>> {
  const file = join(folder, 'caller-keys');
  try {
    makePrivateFolder(folder);
    createPrivateFile(file, `k1:${randomBytes(KEY_BYTES).toString('base64')}\n`);
    if ((statSync(file).mode & 0o077) !== 0)
      return err(invalid(`${file} can be read by other users; make it private: chmod 600 ${file}.`));
    const keys = parseCallerKeys(readFileSync(file, 'utf8'));
    return keys.ok
      ? keys
      : err(
          invalid(
            `${file} contains no caller keys; restore it, or delete it while the platform is stopped to create new ones.`,
          ),
        );
  } catch (error) {
    return err(invalid(`${file} cannot be read or created (${reasonOf(error)}).`));
  }
}

/** Derives the keys of each kind and receiver, and caches them. */
export class CallerKeyring {
  private readonly derived = new Map<string, KeyObject>();

  constructor(private readonly keys: CallerKeys) {}

  /** ID of the key that signs. */
  get newestId(): string {
    return this.keys[0].id;
  }

  /**
   * Returns the HKDF-SHA256 of the master key `id` for this kind and receiver; undefined if the master key is unknown.
   */
  key(id: string, kind: CallerKind, receiver: string): KeyObject | undefined {
    const name = `${id}/${kind}/${receiver}`;
    const known = this.derived.get(name);
    if (known) return known;
    const master = this.keys.find((candidate) => candidate.id === id);
    if (!master) return undefined;
    const made = createSecretKey(
      Buffer.from(hkdfSync('sha256', master.key, '', `astro/caller/v1/${kind}/${receiver}`, 32)),
    );
    this.derived.set(name, made);
    return made;
  }
}
