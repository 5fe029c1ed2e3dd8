import { hash } from 'node:crypto';
import { principalId, type Principal } from '#access';
import { canonicalJson } from '#kernel';

const half = (text: string): string => hash('sha256', text, 'hex').slice(0, 32);

/**
 * The first half of a command id, `<32 hex>.`: names the command by principal, operation and key. The same key of another
 * principal, or for another operation, is another command. The half behind it is added where the input is parsed.
 * @param key the Idempotency-Key, or a fresh UUID
 */
export const commandNameOf = (principal: Principal, operation: string, key: string): string =>
  `${half(JSON.stringify([principalId(principal), operation, key]))}.`;

/** Whether the digest of the input is still to be added. */
export const isWithoutDigest = (commandId: string): boolean => commandId.endsWith('.');

/**
 * The whole command id, `<32 hex>.<32 hex>`: the second half is the digest of the input.
 * @param input as the contract's schema has parsed it
 */
export const withDigest = (commandName: string, input: unknown): string => commandName + half(canonicalJson(input));

/** For reads, which change nothing: unique, and no work is spent on it. */
export function readIdOf(uuid: string): string {
  const hex = uuid.replaceAll('-', '');
  return `${hex}.${hex}`;
}
