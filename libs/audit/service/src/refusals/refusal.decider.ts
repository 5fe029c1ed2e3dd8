import { REFUSALS_A_MINUTE, type RefusalRecord } from '#audit/contract';
import { assertNever, ok, type Decider, type Result } from '#kernel';
import { refusalEvents, type RefusalEvent } from './refusal.events.ts';

/** Number of refusals recorded for the latest minute, by all instances together. */
export interface RecordedRefusals {
  readonly minute: string;
  readonly recorded: number;
}

export interface RecordRefusals {
  readonly type: 'record-refusals';
  readonly minute: string;
  readonly refusals: readonly RefusalRecord[];
  readonly dropped: number;
}

/** Records refusals up to the bound of their minute, and counts the rest. Never rejects a command. */
export const refusalDecider: Decider<RecordedRefusals, RecordRefusals, RefusalEvent, never> = {
  events: refusalEvents,
  initialState: { minute: '', recorded: 0 },
  evolve,
  decide: recordRefusals,
};

function evolve(state: RecordedRefusals, event: RefusalEvent): RecordedRefusals {
  switch (event.type) {
    case 'refusal.recorded.v1': {
      const { minute } = event.data;
      if (minute < state.minute) return state; // from an instance that was late
      return { minute, recorded: minute === state.minute ? state.recorded + 1 : 1 };
    }
    case 'refusals.dropped.v1':
      return state;
    default:
      return assertNever(event);
  }
}

function recordRefusals(
  { minute, refusals, dropped }: RecordRefusals,
  state: RecordedRefusals,
): Result<readonly RefusalEvent[], never> {
  const left = Math.max(0, REFUSALS_A_MINUTE - (minute === state.minute ? state.recorded : 0));
  const over = refusals.slice(left).reduce((sum, { count }) => sum + count, dropped);
  return ok([
    ...refusals.slice(0, left).map((refusal): RefusalEvent => ({
      type: 'refusal.recorded.v1',
      data: { ...refusal, minute },
    })),
    ...(over > 0 ? [{ type: 'refusals.dropped.v1', data: { minute, count: over } } as const] : []),
  ]);
}
