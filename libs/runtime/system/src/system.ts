import { randomBytes } from 'node:crypto';
import type { Clock, Ids } from '#kernel';

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fire) {
    const timeout = setTimeout(fire, ms);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** The machine's own randomness; UUIDs of version 7 (RFC 9562). */
export const systemIds: Ids = {
  uuid() {
    const bytes = randomBytes(16);
    bytes.writeUIntBE(Date.now(), 0, 6);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
};
