import { isUtf8 } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { busErrors, DomainErrorException } from '#bus';
import { BODY_BYTES, pointer, RAW_BODY_BYTES } from '#bus/contract';
import { DEPTH, pollutesPrototype, shapeOf, VALUES } from './json-shape.ts';
import { edgeError, type EdgeError } from './problem.ts';

const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) } as const;

export const tooLarge = (bytes = BODY_BYTES): EdgeError =>
  edgeError(413, 'edge/body-too-large', `The body exceeds ${bytes / 1024} KiB.`, 'send less in one request');
const tooMany = (): EdgeError =>
  edgeError(
    413,
    'edge/too-many-values',
    `The body contains more than ${VALUES} members and elements.`,
    'send less in one request',
  );
export const mediaType = (): EdgeError =>
  edgeError(
    415,
    'edge/media-type-not-supported',
    'The body is not application/json in UTF-8.',
    'send Content-Type: application/json',
  );
const notParsable = (what: string): EdgeError =>
  edgeError(400, 'edge/not-parsable', `The body ${what}.`, 'send JSON in UTF-8');

/** Bytes from which the event loop continues between parsing a body and the work on it. */
const LARGE_BYTES = 64 * 1_024;

/** Text that may contain -0 or a number that is too large. */
const ODD_NUMBER = /(?:^|[:,[\s])-0|[eE]\+?\d{3}|\d{300}/;

/**
 * Decompresses and parses a JSON body.
 *
 * @returns `undefined` for an empty body
 * @throws EdgeError 400, 413, or 415
 * @throws DomainErrorException for -0 and infinite numbers
 */
export async function parseJsonBody(raw: Buffer, contentEncoding: string | undefined): Promise<unknown> {
  const bytes = await unpack(raw, contentEncoding);
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw notParsable('is not UTF-8');
  const { over } = shapeOf(bytes, VALUES);
  if (over === 'depth') throw notParsable(`nests more than ${DEPTH} levels`);
  if (over === 'values') throw tooMany();
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notParsable('is not JSON');
  }
  if ((text.includes('__proto__') || text.includes('prototype') || text.includes('\\u')) && pollutesPrototype(value))
    throw poisoned();
  if (ODD_NUMBER.test(text)) {
    const at = oddNumberIn(value);
    if (at !== undefined)
      throw new DomainErrorException(
        busErrors.invalidInput([{ pointer: pointer('', at), message: 'is not a number that JSON can hold' }]),
      );
  }
  if (bytes.length >= LARGE_BYTES) await turn();
  return value;
}

/**
 * Returns a body as it arrived, in base64.
 *
 * @throws EdgeError 413 if it is larger than `RAW_BODY_BYTES`, 415 if it is compressed
 */
export function rawBody(raw: Buffer, contentEncoding: string | undefined): string {
  if (!isIdentity(contentEncoding)) throw encodingNotSupported(contentEncoding, 'send the body uncompressed');
  if (raw.length > RAW_BODY_BYTES) throw tooLarge(RAW_BODY_BYTES);
  return raw.toString('base64');
}

/** Returns the path of a number that would not arrive at the service unchanged: -0, or one that is too large. */
function oddNumberIn(value: unknown): string[] | undefined {
  if (typeof value === 'number') return Object.is(value, -0) || !Number.isFinite(value) ? [] : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const name of Object.keys(value)) {
    const found = oddNumberIn((value as Record<string, unknown>)[name]);
    if (found) return [name, ...found];
  }
  return undefined;
}

/** Returns the error for `__proto__` and `constructor.prototype` at any depth. */
export const poisoned = (): EdgeError =>
  edgeError(
    400,
    'edge/not-parsable',
    'The request contains a forbidden member name (__proto__, constructor.prototype).',
    'rename or remove that member',
  );

const encodingOf = (contentEncoding: string | undefined): string => contentEncoding?.trim().toLowerCase() ?? '';
const isIdentity = (contentEncoding: string | undefined): boolean =>
  ['', 'identity'].includes(encodingOf(contentEncoding));

const encodingNotSupported = (
  contentEncoding: string | undefined,
  fix: string,
  headers: Readonly<Record<string, string>> = { 'accept-encoding': 'identity' },
): EdgeError =>
  edgeError(
    415,
    'edge/encoding-not-supported',
    `The content encoding ${JSON.stringify(encodingOf(contentEncoding))} is not supported.`,
    fix,
    headers,
  );

async function unpack(raw: Buffer, contentEncoding: string | undefined): Promise<Buffer> {
  if (isIdentity(contentEncoding)) return raw;
  const encoding = encodingOf(contentEncoding);
  const decompress = Object.hasOwn(UNPACK, encoding) ? UNPACK[encoding as keyof typeof UNPACK] : undefined;
  if (!decompress)
    throw encodingNotSupported(encoding, 'send the body uncompressed, or as gzip, deflate, or br', {
      'accept-encoding': 'gzip, deflate, br',
    });
  try {
    return await decompress(raw, { maxOutputLength: BODY_BYTES });
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge();
    throw notParsable(`is not ${encoding}`);
  }
}

/**
 * Returns whether the name of a query parameter would address a prototype if brackets or dots are interpreted as paths.
 */
export const isPrototypeName = (name: string): boolean =>
  name.split(/[[\].]+/).some((part) => part === '__proto__' || part === 'prototype') || /^constructor[[.]/.test(name);
