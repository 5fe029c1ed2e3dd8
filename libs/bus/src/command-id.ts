import { hash } from 'node:crypto';
import { principalId, type Principal } from '#access';
import type { Contract } from '#bus/contract';
import { canonicalJson } from '#kernel';

const half = (text: string): string => hash('sha256', text, 'hex').slice(0, 32);

/**
 * Returns the first half of a command ID, `<32 hex>.`: the digest of principal, operation, and key. The same key of
 * another principal or operation is another command. The second half is appended where the input is parsed.
 *
 * @param key the Idempotency-Key, or a new UUID
 */
export const commandNameOf = (principal: Principal, operation: string, key: string): string =>
  `${half(JSON.stringify([principalId(principal), operation, key]))}.`;

/** Returns whether a command ID lacks the digest of the input. */
export const isWithoutDigest = (commandId: string): boolean => commandId.endsWith('.');

/**
 * Returns the complete command ID, `<32 hex>.<32 hex>`. The second half is the digest of the input, without members that
 * hold secrets.
 *
 * @param input parsed with the contract's schema
 */
export function withDigest(commandName: string, { secretMembers = [] }: Contract, input: unknown): string {
  const isShown = ([member]: [string, unknown]): boolean => !secretMembers.includes(member);
  const digested =
    secretMembers.length > 0 && typeof input === 'object' && input !== null
      ? Object.fromEntries(Object.entries(input).filter(isShown))
      : input;
  return commandName + half(canonicalJson(digested));
}

/** Returns the command ID of a read, which changes nothing: unique, without a digest of the input. */
export function readIdOf(uuid: string): string {
  const hex = uuid.replaceAll('-', '');
  return `${hex}.${hex}`;
}
