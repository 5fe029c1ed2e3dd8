import { createHash, createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EDGE, receiverOf, type Contract } from '#bus/contract';
import { createPrivateFile, isSystemError, makePrivateFolder, reasonOf } from '#files';
import { domainError, err, ok, type DomainError, type Result } from '#kernel';

/** A master key, from which all other keys are derived. */
export interface MasterKey {
  /** 1 to 32 of `a-z 0-9 -`. Part of each signature, so that keys can be rotated without downtime. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** The keys of one service, by name. No other key can be derived from them. */
export interface DerivedKeys {
  readonly id: string;
  readonly service: string;
  readonly derived: ReadonlyMap<string, Uint8Array>;
}

/** Newest first: the newest key signs, and all verify. Never empty. */
export type CallerKeys = readonly [MasterKey | DerivedKeys, ...(MasterKey | DerivedKeys)[]];

type Invalid = DomainError<'bus/caller-keys-invalid'>;

const ENTRY = /^([a-z0-9-]{1,32})(?:\/([a-z0-9-]{1,64}(?:\/[a-z0-9-]{1,64}){0,2}))?:([A-Za-z0-9+/]{43}=)$/;
const KEY_BYTES = 32;
const PRINT_AGAIN = 'print them again: npm run admin:caller-keys -- SERVICE';

/** Key that signs requests on behalf of persons: known to the edge and the receiver. */
export const personKeyName = (receiver: string): string => `person/${receiver}`;
/** Key that signs requests of one service in its own name: known to this service and the receiver. */
export const serviceKeyName = (receiver: string, caller: string): string => `service/${receiver}/${caller}`;
/** Key that signs cursors of lists: known to the edge. */
const CURSOR = 'cursor';
/** Not a key, but a digest of a service's keys, which shows that they are complete. */
const checkName = (service: string): string => `for/${service}`;

const invalid = (
  detail: string,
  fix = 'use comma-separated entries of the form id:base64 of 32 random bytes, newest first',
): Invalid => domainError('bus/caller-keys-invalid', 'invalid', detail, { fix });

/**
 * Parses master keys (`id:base64`) and derived keys (`id/name:base64`), newest first, separated by commas, spaces, or
 * line breaks. Derived keys must be complete: all entries that `deriveCallerKeys` writes for an ID. The error never
 * contains a key.
 */
export function parseCallerKeys(text: string): Result<CallerKeys, Invalid> {
  const found = new Map<string, Map<string, Uint8Array>>();
  let count = 0;
  for (const entry of text.split(/[\s,]+/).filter((part) => part !== '')) {
    count++;
    const [, id, name = '', key] = ENTRY.exec(entry) ?? [];
    if (id === undefined || key === undefined)
      return err(invalid(`Entry ${count} of the caller keys is not id:base64 of ${KEY_BYTES} bytes.`));
    const entries = found.get(id) ?? new Map<string, Uint8Array>();
    if (entries.has(name) || entries.has('') || (name === '' && entries.size > 0))
      return err(invalid(`The caller keys name ${[id, name].filter(Boolean).join('/')} twice.`));
    found.set(id, entries.set(name, new Uint8Array(Buffer.from(key, 'base64'))));
  }
  const keys: (MasterKey | DerivedKeys)[] = [];
  for (const [id, entries] of found) {
    const master = entries.get('');
    const read = master ? ok({ id, key: master }) : derivedFrom(id, entries);
    if (!read.ok) return read;
    keys.push(read.value);
  }
  const services = new Set(keys.flatMap((key) => ('service' in key ? [key.service] : [])));
  if (services.size > 1)
    return err(invalid(`The caller keys are those of several services: ${[...services].join(', ')}.`, PRINT_AGAIN));
  const [newest, ...older] = keys;
  return newest ? ok([newest, ...older]) : err(invalid('The caller keys are empty.'));
}

function derivedFrom(id: string, entries: ReadonlyMap<string, Uint8Array>): Result<DerivedKeys, Invalid> {
  const derived = new Map(entries);
  const names = [...derived.keys()].filter((name) => name.startsWith(checkName('')));
  const [name] = names;
  const service = name?.slice(checkName('').length) ?? '';
  for (const one of names) derived.delete(one);
  const expected = checkOf(id, service, derived);
  if (names.length !== 1 || !Buffer.from(entries.get(name ?? '') ?? []).equals(expected))
    return err(invalid(`The derived caller keys ${id}/… are incomplete or were changed.`, PRINT_AGAIN));
  return ok({ id, service, derived });
}

/** Returns the digest of the keys of one ID. It reveals nothing about them, because they have 256 random bits. */
function checkOf(id: string, service: string, derived: ReadonlyMap<string, Uint8Array>): Buffer {
  const hash = createHash('sha256').update(`astro/caller/v1/check/${id}/${service}\n`);
  for (const [name, key] of [...derived].toSorted(([a], [b]) => (a < b ? -1 : 1))) hash.update(name).update(key);
  return hash.digest();
}

/**
 * Returns the names of the keys that a service needs: to verify the requests that it serves, to sign those that it sends
 * in its own name, and, for the edge, those on behalf of persons. A service that is not the edge never signs on behalf of
 * a person: all of its own requests are in its own name.
 *
 * @param contracts all contracts of the platform
 */
export function callerKeyNames(service: string, contracts: readonly Contract[]): readonly string[] {
  const names = new Set<string>(service === EDGE ? [CURSOR] : []);
  for (const { subject, route, callers = [] } of contracts) {
    const receiver = receiverOf(subject);
    if (route !== undefined && (receiver === service || service === EDGE)) names.add(personKeyName(receiver));
    if (receiver === service) for (const caller of callers) names.add(serviceKeyName(receiver, caller));
    if (callers.includes(service)) names.add(serviceKeyName(receiver, service));
  }
  return [...names].toSorted();
}

/**
 * Derives the keys of one service, in the form of `ASTRO_CALLER_KEYS`: those of the newest master key first.
 *
 * @param keys master keys
 * @param names see `callerKeyNames`
 */
export function deriveCallerKeys(keys: CallerKeys, service: string, names: readonly string[]): Result<string, Invalid> {
  const lines: string[] = [];
  for (const master of keys) {
    if (!('key' in master))
      return err(invalid(`The caller keys ${master.id}/… are those of ${master.service}, and not master keys.`));
    const derived = new Map(names.map((name) => [name, deriveKey(master, name)]));
    derived.set(checkName(service), checkOf(master.id, service, derived));
    for (const [name, key] of derived) lines.push(`${master.id}/${name}:${Buffer.from(key).toString('base64')}`);
  }
  return ok(lines.join(','));
}

/** HKDF-SHA256. */
const deriveKey = ({ key }: MasterKey, name: string): Uint8Array =>
  new Uint8Array(
    hkdfSync('sha256', key, '', name === CURSOR ? 'cursors of lists' : `astro/caller/v1/${name}`, KEY_BYTES),
  );

const fileIn = (folder: string): string => join(folder, 'caller-keys');

/**
 * Loads the keys in `<folder>/caller-keys`, or creates the file with mode 0600. Of several processes that start
 * simultaneously, one creates the file and all use it. Rejects a file that others can read.
 */
export function loadOrCreateCallerKeys(folder: string): Result<CallerKeys, Invalid> {
  try {
    makePrivateFolder(folder);
    createPrivateFile(fileIn(folder), `k1:${randomBytes(KEY_BYTES).toString('base64')}\n`);
  } catch (error) {
    return err(invalid(`${fileIn(folder)} cannot be read or created (${reasonOf(error)}).`));
  }
  return loadCallerKeys(folder) ?? err(invalid(`${fileIn(folder)} was deleted.`));
}

/** Loads the keys in `<folder>/caller-keys`; undefined if it does not exist. Rejects a file that others can read. */
export function loadCallerKeys(folder: string): Result<CallerKeys, Invalid> | undefined {
  const file = fileIn(folder);
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      return err(invalid(`${file} can be read by other users; make it private: chmod 600 ${file}.`));
    const keys = parseCallerKeys(readFileSync(file, 'utf8'));
    if (keys.ok) return keys;
    const { detail, fix } = keys.error;
    // Derived keys follow from master keys in another place, so a new file would not contain them.
    return fix === PRINT_AGAIN
      ? err(invalid(`${file}: ${detail.replace(/\.$/, '')}; ${fix}.`, fix))
      : err(
          invalid(
            `${file} contains no caller keys; restore it, or delete it while the platform is stopped to create new ones.`,
          ),
        );
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    return err(invalid(`${file} cannot be read or created (${reasonOf(error)}).`));
  }
}

/** Returns keys by ID and name. Derives those of master keys, and caches them. */
export class CallerKeyring {
  private readonly remembered = new Map<string, KeyObject>();

  constructor(private readonly keys: CallerKeys) {}

  /** ID of the key that signs. */
  get newestId(): string {
    return this.keys[0].id;
  }

  /** Returns undefined if this process does not have the key. */
  key(id: string, name: string): KeyObject | undefined {
    const known = this.remembered.get(`${id}/${name}`);
    if (known) return known;
    const bytes = this.bytes(id, name);
    if (!bytes) return undefined;
    const made = createSecretKey(bytes);
    this.remembered.set(`${id}/${name}`, made);
    return made;
  }

  /** Key that signs cursors of lists; undefined if this process does not have it. */
  get cursorKey(): Uint8Array | undefined {
    return this.bytes(this.newestId, CURSOR);
  }

  /** Returns the entries (`id/name`) with these names that this process does not have. */
  missing(names: readonly string[]): readonly string[] {
    return this.keys.flatMap((key) =>
      'key' in key ? [] : names.filter((name) => !key.derived.has(name)).map((name) => `${key.id}/${name}`),
    );
  }

  private bytes(id: string, name: string): Uint8Array | undefined {
    const found = this.keys.find((candidate) => candidate.id === id);
    if (!found) return undefined;
    return 'key' in found ? deriveKey(found, name) : found.derived.get(name);
  }
}
