import { hash } from 'node:crypto';
import { principalId, type Principal } from '#access';
import { canonicalJson } from '#kernel';

const half = (text: string): string => hash('sha256', text, 'hex').slice(0, 32);

/**
 * `<32 hex>.<32 hex>`: the first half names the command by principal, operation and key; the second is the digest of
 * the parsed input. The same key of another principal, or for another operation, is another command.
 * @param key the Idempotency-Key, or a fresh UUID
 */
export function commandIdOf(principal: Principal, operation: string, key: string, input: unknown): string {
  return `${half(JSON.stringify([principalId(principal), operation, key]))}.${half(canonicalJson(input))}`;
}

/** For reads, which change nothing: unique, and no work is spent on it. */
export function readIdOf(uuid: string): string {
  const hex = uuid.replaceAll('-', '');
  return `${hex}.${hex}`;
}
