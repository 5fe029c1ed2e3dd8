import { createHash } from 'node:crypto';
import { accessKeyPublicId, formatAccessKey, maskAccessKey } from '#access';
import type { CommandRunner } from '#event-sourcing';
import type { CommandContext, Ids } from '#kernel';
import type { NewKey } from './create-key.ts';

/** 256 bits cannot be guessed, so a fast digest is sufficient for storage. */
const SECRET_BYTES = 32;

export interface Minted {
  /** The complete key, which is shown once and not stored. */
  readonly text: string;
  readonly key: Pick<NewKey, 'keyId' | 'digest' | 'masked'>;
}

/** Generates a key. Its ID derives from the command, so that a retry has the same ID; its secret does not. */
export function mintKey(ids: Ids, commands: CommandRunner, context: CommandContext): Minted {
  const id = Buffer.from(commands.newId(context, 0).replaceAll('-', ''), 'hex');
  const text = formatAccessKey(accessKeyPublicId(id), ids.random(SECRET_BYTES));
  const keyId = `key_${Buffer.concat([id.subarray(0, 6), id.subarray(10, 12)]).toString('hex')}`;
  return { text, key: { keyId, digest: createHash('sha256').update(text).digest('hex'), masked: maskAccessKey(text) } };
}

/** Returns a digest that identifies the machine of a login key without its name. */
export const machineDigest = (organizationId: string, userId: string, machine: string): string =>
  createHash('sha256').update([organizationId, userId, machine].join('\n')).digest('hex').slice(0, 32);
