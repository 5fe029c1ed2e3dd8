import type { Actor, Decider, Fact } from '#kernel';

/** Runs a decider over a history and checks what it records or rejects. */
export function specify<S, C, E extends Fact, R>(decider: Decider<S, C, E, R>) {
  return {
    given: (...history: readonly E[]) => ({
      when(command: C, actor: Actor) {
        const state = history.reduce((folded, event) => decider.evolve(folded, event), decider.initialState);
        const outcome = decider.decide(command, state, actor);
        return {
          thenRecorded: (...events: readonly E[]) => expect(outcome).toEqual({ ok: true, value: events }),
          thenNothingRecorded: () => expect(outcome).toEqual({ ok: true, value: [] }),
          thenRejected: (error: Partial<R>) => expect(outcome).toMatchObject({ ok: false, error }),
        };
      },
    }),
  };
}
