import type { CallerInputOf, OutputOf, RequestContract } from '#bus/contract';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { z } from 'zod';
import { ProblemError } from './platform.ts';
import { useCommand, useDryRun, type CommandReply } from './queries.ts';

/** Milliseconds without a key until the platform is asked what would change. */
const QUIET_MS = 600;

type Some<V> = { readonly [K in keyof V]?: V[K] | undefined };
type TextField<V> = { [K in keyof V]-?: string extends V[K] ? K : never }[keyof V] & string;

/** A form that sends a request: its values, with the problems of each field. */
export interface ContractForm<C extends RequestContract, V extends object = Partial<CallerInputOf<C>>> {
  readonly values: V;
  set(some: Some<V>): void;
  /** Returns what is wrong with a field; undefined: nothing, or not known yet. */
  errorOf(field: string): string | undefined;
  /** Returns the properties of an input for text. */
  text(field: TextField<V>): {
    readonly value: string;
    readonly error: string | undefined;
    readonly onChange: (event: { readonly currentTarget: { readonly value: string } }) => void;
  };
  /**
   * Sends the request if the values are valid; otherwise the fields show what is wrong.
   *
   * @param more values that have no field
   * @returns null if it was not sent, or was refused
   */
  submit(more?: Some<V>): Promise<CommandReply<C> | null>;
  readonly isPending: boolean;
  readonly error: ProblemError | null;
  /** Whether the values are valid, and nothing was typed for a moment. */
  readonly isComplete: boolean;
  /** What the request would change, for forms with a preview. */
  readonly dryRun: UseQueryResult<OutputOf<C>, ProblemError>;
}

interface FormOptions<C extends RequestContract, V extends object> {
  /** Schema of the values. Default: the contract's, for the input. */
  readonly schema?: z.ZodType;
  /** Returns the input for values. Default: the values themselves. */
  readonly inputOf?: (values: V) => CallerInputOf<C>;
  /** Whether its dry run is shown before it can be sent. */
  readonly hasPreview?: boolean;
  /** Revision that the request changes, for `If-Match`; 0: there must be none. */
  readonly ifMatch?: number;
}

/**
 * Keeps the values of a form for a contract. They are checked by a schema before they are sent; problems from the
 * platform appear at the same fields, by their JSON pointers.
 */
export function useContractForm<C extends RequestContract, V extends object = Partial<CallerInputOf<C>>>(
  contract: C,
  initial: NoInfer<V>,
  {
    schema,
    inputOf = (values) => values as unknown as CallerInputOf<C>,
    hasPreview = false,
    ifMatch,
  }: FormOptions<C, V> = {},
): ContractForm<C, V> {
  const [values, setValues] = useState(initial);
  /** Fields whose faults are shown: those that were typed in, with a preview; all, once it was submitted. */
  const [checked, setChecked] = useState<readonly string[] | 'all'>([]);
  const command = useCommand(contract);
  const [quiet] = useDebouncedValue(values, QUIET_MS);
  const parse = (given: V) => (schema ? schema.safeParse(given) : contract.input.safeParse(inputOf(given)));
  const issues = parse(defined(values)).error?.issues ?? [];
  const isComplete = quiet === values && issues.length === 0;
  // The input of a form without a preview may contain a secret, which must not become the key of a query.
  const planned = hasPreview && isComplete ? inputOf(defined(values)) : ({} as CallerInputOf<C>);
  const dryRun = useDryRun(contract, planned, command, hasPreview && isComplete);
  const error = command.error ?? (isComplete ? dryRun.error : null);
  const refused = error?.problem.errors ?? [];
  const set = (some: Some<V>) => {
    const given = Object.fromEntries(
      Object.entries(some).map(([field, value]) => [field, value === '' ? undefined : value]),
    );
    setValues((before) => ({ ...before, ...given }));
    if (hasPreview) setChecked((before) => (before === 'all' ? before : [...before, ...Object.keys(given)]));
  };
  const faultOf = (field: string) => {
    const isShown = checked === 'all' || (checked.includes(field) && quiet === values);
    return isShown ? issues.find(({ path }) => String(path[0] ?? '') === field)?.message : undefined;
  };
  const errorOf = (field: string) =>
    faultOf(field)?.replace(/^Invalid input: expected .*received undefined$/, 'Required') ??
    refused.find(({ pointer }) => pointer === `/${field}` || pointer.startsWith(`/${field}/`))?.message;
  return {
    values,
    set,
    errorOf,
    text: (field) => ({
      value: String(values[field] ?? ''),
      error: errorOf(field),
      onChange: ({ currentTarget }) => set({ [field]: currentTarget.value } as Some<V>),
    }),
    async submit(more) {
      const given = defined({ ...values, ...more });
      if (parse(given).success) return command.run(inputOf(given), ifMatch === undefined ? {} : { ifMatch });
      setChecked('all');
      return null;
    },
    isPending: command.isPending,
    error: command.error,
    isComplete,
    dryRun,
  };
}

const defined = <V extends object>(values: V): V =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as V;
