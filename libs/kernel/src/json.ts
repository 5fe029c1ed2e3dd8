/** A JSON value. Undefined members of objects are omitted in JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };

/**
 * Returns canonical JSON (RFC 8785): members sorted by UTF-16 code units, no white space, numbers as in ECMAScript.
 * Members that are `undefined` are omitted, like JSON.stringify does. A lone surrogate, which the RFC rejects, is
 * escaped.
 *
 * @throws RangeError for NaN and the infinities, which JSON cannot represent
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value) ? JSON.stringify(value) : inOrder(value);
}

/** Returns whether JSON.stringify writes `value` canonically without sorting, which is several times as fast. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || 'toJSON' in value) return false;
  if (Array.isArray(value)) return value.every(isInOrder);
  let last = '';
  for (const key of Object.keys(value)) {
    if (key < last || !isInOrder((value as Record<string, unknown>)[key])) return false;
    last = key;
  }
  return true;
}

function inOrder(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is not a JSON number`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => inOrder(item === undefined ? null : item)).join(',')}]`;
  if (typeof value === 'object') {
    const members: string[] = [];
    for (const key of Object.keys(value).sort()) {
      const member = (value as Record<string, unknown>)[key];
      if (member !== undefined) members.push(`${JSON.stringify(key)}:${inOrder(member)}`);
    }
    return `{${members.join(',')}}`;
  }
  throw new RangeError(`a ${typeof value} is not a JSON value`);
}
