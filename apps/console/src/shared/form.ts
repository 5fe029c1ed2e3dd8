import type { CallerInputOf, RequestContract } from '#bus/contract';
import { useState } from 'react';
import { ProblemError } from './platform.ts';

/** Values of a form, with the problems of each field. */
export interface ContractForm<C extends RequestContract> {
  readonly values: Partial<CallerInputOf<C>>;
  set<K extends keyof CallerInputOf<C>>(field: K, value: CallerInputOf<C>[K] | undefined): void;
  /** Returns what is wrong with a field; undefined: nothing, or not known yet. */
  errorOf(field: keyof CallerInputOf<C> & string): string | undefined;
  /** Returns the input if it is valid; otherwise the fields show what is wrong. */
  check(): CallerInputOf<C> | undefined;
}

/**
 * Keeps the values of a form for a contract. They are checked by the contract's schema before they are sent; problems
 * from the platform appear at the same fields, by their JSON pointers.
 *
 * @param error of the last attempt to send it
 */
export function useContractForm<C extends RequestContract>(
  contract: C,
  initial: Partial<CallerInputOf<C>>,
  error: Error | null,
): ContractForm<C> {
  const [values, setValues] = useState(initial);
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({});
  const refused = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  return {
    values,
    set(field, value) {
      setValues((before) => ({ ...before, [field]: value === '' ? undefined : value }));
      setFaults(({ [field as string]: _, ...others }) => others);
    },
    errorOf: (field) =>
      faults[field] ??
      refused.find(({ pointer }) => pointer === `/${field}` || pointer.startsWith(`/${field}/`))?.message,
    check() {
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
      const parsed = contract.input.safeParse(given);
      if (parsed.success) return given as CallerInputOf<C>;
      setFaults(
        Object.fromEntries(parsed.error.issues.map(({ path, message }) => [String(path[0] ?? ''), sentence(message)])),
      );
      return undefined;
    },
  };
}

/** Returns a schema's message as a field shows it. */
const sentence = (message: string): string =>
  /^Invalid input: expected .*received undefined$/.test(message) ? 'Required' : message;
