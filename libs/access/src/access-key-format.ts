/**
 * The format of access keys: `astro_`, 8 characters public ID, 43 characters secret (256 bits), 6 characters checksum,
 * all base62. The checksum allows rejecting invalid text without a lookup, and lets secret scanners recognize leaked
 * keys.
 */
export const ACCESS_KEY_PREFIX = 'astro_';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PUBLIC_ID_LENGTH = 8;
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const FORM = /^astro_([0-9A-Za-z]{8})([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/**
 * Formats an access key.
 *
 * @param publicId 8 characters of base62. It is not secret, and distinguishes keys before a lookup.
 * @param secretBytes 32 unpredictable bytes
 * @throws RangeError if an argument has another form
 */
export function formatAccessKey(publicId: string, secretBytes: Uint8Array): string {
  if (!/^[0-9A-Za-z]{8}$/.test(publicId))
    throw new RangeError(`a public id has ${PUBLIC_ID_LENGTH} characters of base62`);
  if (secretBytes.length !== SECRET_BYTES) throw new RangeError(`a secret has ${SECRET_BYTES} bytes`);
  const body = `${ACCESS_KEY_PREFIX}${publicId}${base62(bytesToNumber(secretBytes), SECRET_LENGTH)}`;
  return body + checksumOf(body);
}

/** Returns a public ID of 8 characters, derived from at least 8 unpredictable bytes. */
export function accessKeyPublicId(bytes: Uint8Array): string {
  return base62(bytesToNumber(bytes) % 62n ** BigInt(PUBLIC_ID_LENGTH), PUBLIC_ID_LENGTH);
}

/** Returns the public ID of a well-formed key with a valid checksum; otherwise undefined. The key need not exist. */
export function parseAccessKey(text: string): { readonly publicId: string } | undefined {
  const match = FORM.exec(text);
  if (!match?.[1] || checksumOf(text.slice(0, -CHECKSUM_LENGTH)) !== match[3]) return undefined;
  return { publicId: match[1] };
}

/** Returns the part of a key that lists and logs may show, as in `astro_7Hq2...k9Zd`. */
export const maskAccessKey = (text: string): string =>
  `${text.slice(0, ACCESS_KEY_PREFIX.length + 4)}...${text.slice(-4)}`;

/** Returns a checksum of 32 bits, which fits a number: it is computed for every request. */
function checksumOf(body: string): string {
  let text = '';
  for (let rest = crc32(body), digit = 0; digit < CHECKSUM_LENGTH; digit++, rest = Math.floor(rest / 62))
    text = ALPHABET.charAt(rest % 62) + text;
  return text;
}

function base62(number: bigint, length: number): string {
  let text = '';
  for (let rest = number; rest > 0n; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, '0');
}

function bytesToNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Returns the CRC-32 (ISO-HDLC, as in ZIP) of ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index++)
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ text.charCodeAt(index)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
