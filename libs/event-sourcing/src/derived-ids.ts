import { createHash } from 'node:crypto';
import type { CommandContext } from '#kernel';

/** Namespace of all derived IDs; an arbitrary, fixed UUID. */
const NAMESPACE = Buffer.from('5b9c1f0a6c3d4e7f8a21d4c0e9b7a653', 'hex');

/** Returns the UUID (version 5, RFC 9562) of a name. */
function nameUuid(name: string): string {
  const digest = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Returns the ID of the event number `index` of a command's step in a stream: the same for each attempt. */
export const eventId = (commandId: string, stream: string, step: string, index: number): string =>
  nameUuid(`event\n${commandId}\n${stream}\n${step}\n${index}`);

/** Returns the ID of the new object number `index` of a command: the same for each attempt. */
export const objectId = ({ commandId }: Pick<CommandContext, 'commandId'>, index: number): string =>
  nameUuid(`object\n${commandId}\n${index}`);
