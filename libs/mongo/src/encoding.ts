/**
 * Converts between JSON and MongoDB documents. Names that have a meaning for servers or drivers (`$set`, `a.b`,
 * `_bsontype`, `__proto__`) are escaped, so that they are never interpreted as an operator, a path, or a type. Names of
 * letters, digits, `-`, and `_`, which indexes may use, are kept.
 */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype', '_bsontype']);
const NEEDS_ESCAPE = /^$|^\$|[.%\0]/;

/** Characters that some servers cannot store in a text (U+0000), or that UTF-8 cannot encode (unpaired surrogates). */
const SPECIAL = /[\0\x01]|\p{Cs}/u;
const SPECIALS = new RegExp(SPECIAL, 'gu');

/** Escapes the name of a member. */
export function encodeField(name: string): string {
  if (!NEEDS_ESCAPE.test(name) && !RESERVED.has(name)) return encodeText(name);
  return encodeText(`%${name.replaceAll('%', '%25').replaceAll('.', '%2e').replaceAll('$', '%24')}`);
}

function decodeField(stored: string): string {
  const name = decodeText(stored);
  return name.startsWith('%')
    ? name.slice(1).replaceAll('%24', '$').replaceAll('%2e', '.').replaceAll('%25', '%')
    : name;
}

/** Escapes a text. The order of texts is preserved. */
export const encodeText = (text: string): string =>
  SPECIAL.test(text)
    ? text.replace(SPECIALS, (character) => {
        if (character === '\0') return '\x01\x01';
        return character === '\x01' ? '\x01\x02' : `\x01\x03${character.charCodeAt(0).toString(16)}`;
      })
    : text;

export const decodeText = (stored: string): string =>
  stored.includes('\x01')
    ? stored.replace(/\x01(?:(\x01)|(\x02)|\x03([0-9a-f]{4}))/g, (_all, nul?: string, one?: string, half?: string) => {
        if (nul) return '\0';
        return one ? '\x01' : String.fromCharCode(Number.parseInt(half ?? '0', 16));
      })
    : stored;

/**
 * Converts a value to the document that corresponds to its JSON form.
 * @throws TypeError for values that JSON cannot represent
 */
export function encodeDocument(value: unknown): unknown {
  if (typeof value === 'string') return encodeText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null; // JSON has no -0
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} cannot be stored in a document`);
  if ('toJSON' in value && typeof value.toJSON === 'function') return encodeDocument(value.toJSON());
  if (Array.isArray(value)) return value.map(encodeItem);
  const encoded: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) encoded[encodeField(name)] = encodeDocument(member);
  return encoded;
}

/** Field name that escaping never produces. */
const LIST_IN_LIST = '%list';

/** Wraps a list within a list in an object, because some servers refuse it. */
function encodeItem(item: unknown): unknown {
  if (item === undefined) return null;
  const encoded = encodeDocument(item);
  return Array.isArray(encoded) ? { [LIST_IN_LIST]: encoded } : encoded;
}

/** Restores the value that `encodeDocument` converted, as JSON would. */
export function decodeDocument(stored: unknown): unknown {
  if (typeof stored === 'string') return decodeText(stored);
  if (typeof stored !== 'object' || stored === null) return stored;
  if (Array.isArray(stored)) return stored.map(decodeDocument);
  if (LIST_IN_LIST in stored) return decodeDocument(stored[LIST_IN_LIST]);
  const decoded: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(stored)) {
    const field = decodeField(name);
    const value = decodeDocument(member);
    if (field === '__proto__')
      Object.defineProperty(decoded, field, { value, enumerable: true, configurable: true, writable: true });
    else decoded[field] = value;
  }
  return decoded;
}
