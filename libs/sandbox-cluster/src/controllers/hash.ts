import { canonicalJson, type Json } from '#kernel';

/** Computes the 32-bit FNV-1a hash of a text's UTF-16 code units. */
export function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}

const SAFE = 'bcdfghjklmnpqrstvwxz2456789'; // the alphabet of Kubernetes, without vowels, so that it forms no words

/** Encodes a number in letters that are safe in names. */
const safeText = (value: number): string =>
  [...String(value)].map((digit) => SAFE[digit.charCodeAt(0) % SAFE.length]).join('');

/** Returns the hash that identifies a pod template in names and labels. */
export const templateHash = (template: Json, collisions = 0): string =>
  safeText(fnv32(`${canonicalJson(template)}/${collisions || ''}`));
