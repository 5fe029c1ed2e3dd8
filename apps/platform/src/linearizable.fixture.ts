/** An operation of a client, with the times at which it was sent and answered. */
export interface Operation<Command, Outcome> {
  readonly command: Command;
  /** Absent: no answer, or one that does not say whether the command was carried out. */
  readonly outcome?: Outcome;
  readonly sentMs: number;
  /** Infinity if there was no answer. */
  readonly answeredMs: number;
}

/** A sequential object: what each command answers in each state. States are compared as text. */
export interface Model<State extends string, Command, Outcome> {
  readonly initial: State;
  readonly apply: (state: State, command: Command) => { readonly state: State; readonly outcome: Outcome };
}

/**
 * Returns whether concurrent operations on one object can be put in an order that explains all answers: one operation
 * after the other, each between its sending and its answer (Wing and Gong, "Testing and verifying concurrent objects",
 * 1993; with the cache of Lowe, 2017). An operation without an answer may have been carried out at any later time, or
 * never.
 */
export function isLinearizable<State extends string, Command, Outcome extends string>(
  { initial, apply }: Model<State, Command, Outcome>,
  operations: readonly Operation<Command, Outcome>[],
): boolean {
  const tried = new Set<string>();
  const explain = (pending: ReadonlySet<number>, state: State): boolean => {
    const waiting = [...pending].flatMap((index) => operations[index] ?? []);
    if (waiting.every(({ outcome }) => outcome === undefined)) return true;
    const reached = `${state} ${[...pending].join(',')}`;
    if (tried.has(reached)) return false;
    tried.add(reached);
    const firstAnswerMs = Math.min(...waiting.map(({ answeredMs }) => answeredMs));
    return [...pending].some((index) => {
      const operation = operations[index];
      if (!operation || operation.sentMs > firstAnswerMs) return false; // another one was answered before it was sent
      const next = apply(state, operation.command);
      if (operation.outcome !== undefined && operation.outcome !== next.outcome) return false;
      return explain(new Set([...pending].filter((other) => other !== index)), next.state);
    });
  };
  return explain(new Set(operations.keys()), initial);
}

/** A read of a value that one client after another changes. */
export interface Read {
  readonly value: string;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** A change of such a value. */
export interface Change {
  readonly value: string;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/**
 * Returns the reads that are older than they may be: neither the value of the last change that was answered before the
 * read was sent, nor that of a change in progress (a regular register, Lamport 1986). Changes do not overlap, and are in
 * order.
 */
export function staleReads(initial: string, changes: readonly Change[], reads: readonly Read[]): readonly Read[] {
  return reads.filter((read) => {
    const settled = changes.filter(({ answeredMs }) => answeredMs < read.sentMs).at(-1)?.value ?? initial;
    const inProgress = changes.filter(
      ({ sentMs, answeredMs }) => sentMs <= read.answeredMs && answeredMs >= read.sentMs,
    );
    return read.value !== settled && inProgress.every(({ value }) => value !== read.value);
  });
}
