import { createHash } from 'node:crypto';
import type { Ids } from '#kernel';

/** Repeatable ids and bytes: the n-th value for a seed is always the same. */
export function sequenceIds(seed = 'test'): Ids {
  let drawn = 0;
  const draw = () => createHash('sha256').update(`${seed}/${drawn++}`).digest();
  return {
    uuid() {
      const hex = draw().toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    },
    random(bytes) {
      const parts: Buffer[] = [];
      for (let length = 0; length < bytes; length += 32) parts.push(draw());
      return new Uint8Array(Buffer.concat(parts).subarray(0, bytes));
    },
  };
}
