import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';
import type { Hash } from './merkle.ts';

// The formats are those of transparency logs: C2SP signed-note and tlog-checkpoint.

/** Size and root of a tree, as a checkpoint states them. */
export interface Checkpoint {
  /** Name of the log, which is also the name of its keys. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/** A key that verifies the notes of one log. */
export interface VerifierKey {
  readonly name: string;
  /** 8 lower-case hex digits. */
  readonly id: string;
  /** 32 bytes of an Ed25519 public key. */
  readonly publicKey: Uint8Array;
}

/** A note: its text with the final newline, and its signature lines. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly keyId: string; readonly signature: Uint8Array }[];
}

const ED25519 = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const KEY_ID_BYTES = 4;
/** Length in characters above which a note is refused. Witnesses add about 200 characters each. */
const MAX_NOTE = 64 * 1024;
/** SubjectPublicKeyInfo and PKCS #8 of Ed25519 (RFC 8410), without the key. */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Returns the public key of an Ed25519 seed of 32 bytes. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const exported = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
  return Uint8Array.from(exported.subarray(PUBLIC_PREFIX.length));
}

/** Returns the verifier key of a log with this name. The name is part of the key's ID. */
export function verifierKey(name: string, publicKey: Uint8Array): VerifierKey {
  const digest = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(ED25519), publicKey]), 'buffer');
  return { name, id: digest.toString('hex', 0, KEY_ID_BYTES), publicKey };
}

/** Returns the text form of a verifier key: `NAME+ID+BASE64`. */
export const formatVerifierKey = ({ name, id, publicKey }: VerifierKey): string =>
  `${name}+${id}+${Buffer.concat([Uint8Array.of(ED25519), publicKey]).toString('base64')}`;

/** Parses `NAME+ID+BASE64`. Returns undefined for another text, and if the ID is not that of the key. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [name, id, ...rest] = text.trim().split('+');
  const bytes = decoded(rest.join('+'), 1 + KEY_BYTES);
  if (!name || bytes?.[0] !== ED25519) return undefined;
  const key = verifierKey(name, bytes.subarray(1));
  return key.id === id ? key : undefined;
}

/** Returns the text of a checkpoint, which its signature covers. */
export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;

/** Parses the text of a note as a checkpoint. Returns undefined for another text. Further lines are ignored. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, size, root] = text.split('\n');
  const hashed = decoded(root ?? '', 32);
  if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || !hashed || !text.endsWith('\n')) return undefined;
  return Number.isSafeInteger(Number(size)) ? { origin, size: Number(size), root: hashed } : undefined;
}

/**
 * Returns a signed note.
 *
 * @param seed Ed25519 seed of 32 bytes
 * @param name of the key
 */
export function signNote(text: string, name: string, seed: Uint8Array): string {
  const { id } = verifierKey(name, publicKeyOf(seed));
  const signature = sign(null, Buffer.from(text), privateKey(seed));
  return `${text}\n— ${name} ${Buffer.concat([Buffer.from(id, 'hex'), signature]).toString('base64')}\n`;
}

/** Parses a note. Returns undefined for a text that is not one. Signatures are not verified. */
export function parseNote(note: string): Note | undefined {
  const end = note.lastIndexOf('\n\n');
  if (note.length > MAX_NOTE || end < 0 || !note.endsWith('\n')) return undefined;
  const signatures: Note['signatures'][number][] = [];
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [dash, name, encoded, ...rest] = line.split(' ');
    const bytes = Buffer.from(encoded ?? '', 'base64');
    if (
      dash !== '—' ||
      !name ||
      rest.length > 0 ||
      bytes.length <= KEY_ID_BYTES ||
      bytes.toString('base64') !== encoded
    )
      return undefined;
    const [keyId, signature] = [bytes.toString('hex', 0, KEY_ID_BYTES), Uint8Array.from(bytes.subarray(KEY_ID_BYTES))];
    signatures.push({ name, keyId, signature });
  }
  return { text: note.slice(0, end + 1), signatures };
}

/** Returns whether a note has a signature of the key, and it is valid. Signatures of other keys are ignored. */
export function isSignedBy({ text, signatures }: Note, key: VerifierKey): boolean {
  const own = signatures.find(({ name, keyId }) => name === key.name && keyId === key.id);
  return (
    own?.signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text), publicKeyObject(key), own.signature)
  );
}

function decoded(base64: string, length: number): Uint8Array | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === length && bytes.toString('base64') === base64 ? Uint8Array.from(bytes) : undefined;
}

const privateKey = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' });

const publicKeyObject = ({ publicKey }: VerifierKey): KeyObject =>
  createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' });
