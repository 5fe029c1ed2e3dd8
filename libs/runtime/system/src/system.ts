import { randomBytes } from 'node:crypto';
import type { Clock, Ids } from '#kernel';

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fire) {
    const timeout = setTimeout(fire, ms);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};

const UUID_BYTES = 16;
/** Random bytes for the next UUIDs, so that one system call serves many. */
let pool = Buffer.alloc(0);

/** The randomness of the machine. UUIDs have version 7 (RFC 9562). */
export const systemIds: Ids = {
  uuid() {
    if (pool.length === 0) pool = randomBytes(256 * UUID_BYTES);
    const bytes = pool.subarray(0, UUID_BYTES); // used once
    pool = pool.subarray(UUID_BYTES);
    bytes.writeUIntBE(Date.now(), 0, 6);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
};
