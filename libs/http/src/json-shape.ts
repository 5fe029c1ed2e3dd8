/** Maximum depth of nested objects and arrays. */
export const DEPTH = 100;
/** Maximum number of members and elements of a body at all levels. A manifest is one string, whatever its length. */
export const VALUES = 20_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_ARRAY = 0x5d;
const OPENING_OBJECT = 0x7b;
const CLOSING_OBJECT = 0x7d;

/** Counts of a JSON text that is not parsed yet. */
export interface JsonShape {
  /** The limit that was exceeded, where counting stopped. */
  readonly over?: 'depth' | 'values';
  /** Number of members, including repeated ones: outside of strings, a colon occurs only after a member's name. */
  readonly members: number;
  /** Number of bytes that were examined. */
  readonly bytesRead: number;
}

/**
 * Counts brackets, commas, and colons outside of strings, so that the shape is known before anything is built.
 *
 * @param mostValues maximum number of members, elements, and empty objects and arrays. Default: unlimited.
 */
export function shapeOf(bytes: Uint8Array, mostValues = Infinity): JsonShape {
  let depth = 0;
  let members = 0;
  let values = 0;
  let index = 0;
  for (; index < bytes.length; index++) {
    switch (bytes[index]) {
      case QUOTE:
        index = endOfString(bytes, index);
        break;
      case COLON:
        members++;
        break;
      case OPENING_ARRAY:
      case OPENING_OBJECT:
        if (++depth > DEPTH) return { over: 'depth', members, bytesRead: index };
        values++;
        break;
      case COMMA:
        values++;
        break;
      case CLOSING_ARRAY:
      case CLOSING_OBJECT:
        depth--;
    }
    if (values > mostValues) return { over: 'values', members, bytesRead: index };
  }
  return { members, bytesRead: index };
}

/**
 * Finds the end of a string.
 *
 * @returns the index of the closing quote
 */
function endOfString(bytes: Uint8Array, opening: number): number {
  let index = opening + 1;
  while (index < bytes.length && bytes[index] !== QUOTE) index += bytes[index] === BACKSLASH ? 2 : 1;
  return index;
}

/** Returns whether `__proto__` or `constructor.prototype` is a member at any depth of a parsed value. */
export function pollutesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  if (Object.hasOwn(value, 'constructor')) {
    const { constructor: inner } = value as { readonly constructor: unknown };
    if (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype')) return true;
  }
  return Object.values(value).some(pollutesPrototype);
}

/**
 * Parses unambiguous JSON: no repeated member, no prototype pollution, at most `DEPTH` levels.
 *
 * @returns undefined if the text is anything else
 */
export function parseUnambiguous(bytes: Uint8Array): unknown {
  const { over, members } = shapeOf(bytes);
  if (over) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return pollutesPrototype(value) || membersIn(value) !== members ? undefined : value;
  } catch {
    return undefined; // neither JSON nor UTF-8
  }
}

function membersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const within = Object.values(value);
  return within.reduce<number>((sum, member) => sum + membersIn(member), Array.isArray(value) ? 0 : within.length);
}
