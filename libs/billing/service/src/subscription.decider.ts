import { assertNever, err, ok, type Actor, type Decider, type Result } from '#kernel';
import type { Over } from './over.ts';
import { billingErrors, type BillingError } from './subscription.errors.ts';
import { subscriptionEvents, type SubscriptionEvent } from './subscription.events.ts';

/** State of an organization's subscription. */
export interface Subscription {
  /** Absent until the subscription starts: then the catalogue's default plan applies. */
  readonly plan: string | undefined;
  /** Target of the plan change in progress, during which some limits may be set already. */
  readonly changingTo: string | undefined;
  /** Revision of the event that started the change in progress. */
  readonly changingSince: number | undefined;
  /** The last refused change and the exceeded limits, until the next change starts. */
  readonly refused: { readonly to: string; readonly over: readonly string[] } | undefined;
  /** Whether the organization was deleted. */
  readonly hasEnded: boolean;
  /** Number of events. */
  readonly length: number;
}

export type SubscriptionCommand =
  | { readonly type: 'start'; readonly plan: string }
  | { readonly type: 'end'; readonly defaultPlan: string }
  | {
      readonly type: 'request-change';
      readonly plan: string;
      readonly defaultPlan: string;
      readonly known: readonly string[];
      /** Plans that owners can change to and from. */
      readonly selfService: readonly string[];
      /** Whom to ask about other plans. */
      readonly contact?: string | undefined;
      readonly pricingUrl: string;
    }
  | { readonly type: 'complete-change'; readonly plan: string; readonly defaultPlan: string }
  | {
      readonly type: 'refuse-change';
      readonly plan: string;
      readonly defaultPlan: string;
      readonly over: readonly Over[];
    };

const NOT_CHANGING = { changingTo: undefined, changingSince: undefined } as const;

/**
 * Decides changes of plan. A change is requested, then the limits are set in the streams that own the limited objects,
 * and then it is either completed, or refused after the previous limits were restored. Only one change can be in
 * progress, because two would mix their limits. A subscription ends with its organization, also during a change: the
 * limits of a deleted organization have no effect.
 */
export const subscriptionDecider: Decider<Subscription, SubscriptionCommand, SubscriptionEvent, BillingError> = {
  events: subscriptionEvents,
  initialState: { plan: undefined, ...NOT_CHANGING, refused: undefined, hasEnded: false, length: 0 },
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
      return { ...state, plan: event.data.to, ...NOT_CHANGING, refused: undefined };
    case 'subscription.change-refused.v1':
      return { ...state, ...NOT_CHANGING, refused: { to: event.data.to, over: event.data.over } };
    case 'subscription.ended.v1':
      return { ...state, plan: event.data.plan, ...NOT_CHANGING, hasEnded: true };
    default:
      return assertNever(event);
  }
}

function decide(
  command: SubscriptionCommand,
  state: Subscription,
  actor: Actor,
): Result<readonly SubscriptionEvent[], BillingError> {
  switch (command.type) {
    case 'start':
      return ok(state.plan === undefined ? [{ type: 'subscription.started.v1', data: { plan: command.plan } }] : []);
    case 'end':
      return ok(
        state.hasEnded ? [] : [{ type: 'subscription.ended.v1', data: { plan: state.plan ?? command.defaultPlan } }],
      );
    case 'request-change': {
      if (state.hasEnded) return err(billingErrors.ended());
      const from = state.plan ?? command.defaultPlan;
      if (!command.known.includes(command.plan)) return err(billingErrors.unknownPlan(command.known));
      if (state.changingTo !== undefined) return err(billingErrors.changeUnderWay());
      if (from === command.plan) return ok([]);
      const { contact, pricingUrl } = command;
      const reserved = [command.plan, from].find((plan) => !command.selfService.includes(plan));
      if (reserved !== undefined && !actor.isGlobalAdmin)
        return err(billingErrors.notSelfService(reserved, contact, pricingUrl));
      return ok([{ type: 'subscription.change-requested.v1', data: { from, to: command.plan } }]);
    }
    case 'complete-change':
      // The change took so long that it was ended in the meantime. The caller must restore the limits.
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
