import { canonicalJson, type Json } from '#kernel';

/** 32-bit FNV-1a of a text's UTF-16 units. */
export function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}

const SAFE = 'bcdfghjklmnpqrstvwxz2456789'; // without vowels, so that no word appears: Kubernetes' own alphabet

/** A number in letters that are safe in names. */
const safeText = (value: number): string =>
  [...String(value)].map((digit) => SAFE[digit.charCodeAt(0) % SAFE.length]).join('');

/** What tells one pod template from another in names and labels. */
export const templateHash = (template: Json, collisions = 0): string =>
  safeText(fnv32(`${canonicalJson(template)}/${collisions || ''}`));
