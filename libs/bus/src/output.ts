import { inputErrorsOf, type Contract } from '#bus/contract';
import { strictly } from './input.ts';

/**
 * Checks a handler's reply against its contract, as the receiver will parse it. Undeclared members are a mismatch too.
 *
 * @throws Error with the places, but no values
 */
export function checkOutput({ subject, output }: Contract, value: unknown): void {
  const strict = strictly(output);
  const parsed = strict.safeParse(value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
  if (parsed.success) return;
  const places = inputErrorsOf(strict, parsed.error).map(({ pointer, message }) => `${pointer || '/'} ${message}`);
  throw new Error(`The answer of ${subject} does not fit the output of its contract: ${places.join('; ')}`);
}
