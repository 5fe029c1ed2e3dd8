import { createHash } from 'node:crypto';
import { accessKeyPublicId, formatAccessKey, maskAccessKey } from '#access';
import type { CommandRunner } from '#event-sourcing';
import type { CommandContext, Ids } from '#kernel';
import type { NewKey } from './create-key.ts';

/** 256 bits: nothing to guess, so a fast digest is enough to keep. */
const SECRET_BYTES = 32;

export interface Minted {
  /** The whole key: shown once and kept nowhere. */
  readonly text: string;
  readonly key: Pick<NewKey, 'keyId' | 'digest' | 'masked'>;
}

/** A new key. Its id derives from the command, so that a retry names the same one; its secret does not. */
export function mintKey(ids: Ids, commands: CommandRunner, context: CommandContext): Minted {
  const id = Buffer.from(commands.newId(context, 0).replaceAll('-', ''), 'hex');
  const text = formatAccessKey(accessKeyPublicId(id), ids.random(SECRET_BYTES));
  const keyId = `key_${Buffer.concat([id.subarray(0, 6), id.subarray(10, 12)]).toString('hex')}`;
  return { text, key: { keyId, digest: createHash('sha256').update(text).digest('hex'), masked: maskAccessKey(text) } };
}

/** Which machine a login key stands on, without the machine's name. */
export const machineDigest = (organizationId: string, userId: string, machine: string): string =>
  createHash('sha256').update([organizationId, userId, machine].join('\n')).digest('hex').slice(0, 32);
