/** Objects and arrays within each other. */
export const DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** What can be counted in JSON before it is parsed. */
export interface JsonShape {
  /** The text nests more than `DEPTH` levels; counting ended there. */
  readonly isTooDeep: boolean;
  /** Names of members, with all repetitions: outside strings a colon stands behind nothing else. */
  readonly members: number;
}

/** Counts brackets and colons outside strings, so that the shape is known before anything is built. */
export function shapeOf(bytes: Uint8Array): JsonShape {
  let depth = 0;
  let members = 0;
  let isInString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (isInString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === COLON) members++;
    else if (OPENING.has(byte)) {
      if (++depth > DEPTH) return { isTooDeep: true, members };
    } else if (CLOSING.has(byte)) depth--;
  }
  return { isTooDeep: false, members };
}

/** Whether `__proto__` or `constructor.prototype` is a member anywhere within a parsed value. */
export function poisons(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  if (Object.hasOwn(value, 'constructor')) {
    const { constructor: inner } = value as { readonly constructor: unknown };
    if (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype')) return true;
  }
  return Object.values(value).some(poisons);
}

/**
 * Parses JSON that may mean one thing only: no member twice, none that poisons, no more levels than `DEPTH`.
 * @returns undefined when it is not of that kind, or no JSON
 */
export function parseUnambiguous(bytes: Uint8Array): unknown {
  const { isTooDeep, members } = shapeOf(bytes);
  if (isTooDeep) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return poisons(value) || membersIn(value) !== members ? undefined : value;
  } catch {
    return undefined; // neither JSON nor UTF-8
  }
}

function membersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const within = Object.values(value);
  return within.reduce<number>((sum, member) => sum + membersIn(member), Array.isArray(value) ? 0 : within.length);
}
