import { inputErrorsOf, type Contract } from '#bus/contract';
import { strictly } from './input.ts';

/**
 * Holds what a handler answers against its contract, as its receiver will read it: members that the output does not
 * declare are a mismatch too.
 * @throws Error that names the places, and no value
 */
export function checkOutput({ subject, output }: Contract, value: unknown): void {
  const strict = strictly(output);
  const parsed = strict.safeParse(value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
  if (parsed.success) return;
  const places = inputErrorsOf(strict, parsed.error).map(({ pointer, message }) => `${pointer || '/'} ${message}`);
  throw new Error(`The answer of ${subject} does not fit the output of its contract: ${places.join('; ')}`);
}
