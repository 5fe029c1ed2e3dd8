import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import type { Over } from './over.ts';
import { billingErrors, type BillingError } from './subscription.errors.ts';
import { subscriptionEvents, type SubscriptionEvent } from './subscription.events.ts';

export interface Subscription {
  /** Absent until it was started: the catalogue's default plan holds. */
  readonly plan: string | undefined;
  /** The plan that is being changed to: limits may be half set. */
  readonly changingTo: string | undefined;
  /** Revision of the event with which the change under way began. */
  readonly changingSince: number | undefined;
  /** The last change that was refused, and what was over; until the next one begins. */
  readonly refused: { readonly to: string; readonly over: readonly string[] } | undefined;
  /** Number of events. */
  readonly length: number;
}

export type SubscriptionCommand =
  | { readonly type: 'start'; readonly plan: string }
  | {
      readonly type: 'request-change';
      readonly plan: string;
      readonly defaultPlan: string;
      readonly known: readonly string[];
    }
  | { readonly type: 'complete-change'; readonly plan: string; readonly defaultPlan: string }
  | {
      readonly type: 'refuse-change';
      readonly plan: string;
      readonly defaultPlan: string;
      readonly over: readonly Over[];
    };

const SETTLED = { changingTo: undefined, changingSince: undefined } as const;

/**
 * A change of plan has three moments: requested; limits set in the streams that own what is counted; changed, or, where
 * one of them refused, refused with the old limits back. Two changes at once would mix their limits, so there is one.
 */
export const subscriptionDecider: Decider<Subscription, SubscriptionCommand, SubscriptionEvent, BillingError> = {
  events: subscriptionEvents,
  initialState: { plan: undefined, ...SETTLED, refused: undefined, length: 0 },
  evolve: (state, event) => ({ ...evolve(state, event), length: state.length + 1 }),
  decide,
};

function evolve(state: Subscription, event: SubscriptionEvent): Subscription {
  switch (event.type) {
    case 'subscription.started.v1':
      return { ...state, plan: event.data.plan };
    case 'subscription.change-requested.v1':
      return { ...state, changingTo: event.data.to, changingSince: state.length, refused: undefined };
    case 'subscription.plan-changed.v1':
      return { ...state, plan: event.data.to, ...SETTLED, refused: undefined };
    case 'subscription.change-refused.v1':
      return { ...state, ...SETTLED, refused: { to: event.data.to, over: event.data.over } };
    default:
      return assertNever(event);
  }
}

function decide(command: SubscriptionCommand, state: Subscription): Result<readonly SubscriptionEvent[], BillingError> {
  switch (command.type) {
    case 'start':
      return ok(state.plan === undefined ? [{ type: 'subscription.started.v1', data: { plan: command.plan } }] : []);
    case 'request-change': {
      const from = state.plan ?? command.defaultPlan;
      if (!command.known.includes(command.plan)) return err(billingErrors.unknownPlan(command.plan, command.known));
      if (state.changingTo !== undefined) return err(billingErrors.changeUnderWay());
      return ok(
        from === command.plan ? [] : [{ type: 'subscription.change-requested.v1', data: { from, to: command.plan } }],
      );
    }
    case 'complete-change':
      // It took so long that it was ended in the meantime: whoever continues with it must put the limits back.
      if (state.changingTo !== command.plan)
        return state.plan === command.plan ? ok([]) : err(billingErrors.changeEnded());
      return ok([
        { type: 'subscription.plan-changed.v1', data: { from: state.plan ?? command.defaultPlan, to: command.plan } },
      ]);
    case 'refuse-change': {
      if (state.changingTo !== command.plan) return ok([]);
      const over = command.over.map(({ limit }) => limit);
      return ok([
        {
          type: 'subscription.change-refused.v1',
          data: { from: state.plan ?? command.defaultPlan, to: command.plan, over },
        },
      ]);
    }
    default:
      return assertNever(command);
  }
}
