import type { EventFamily, Fact } from '#kernel';

/** Events of an organization's plan. Stream: `subscription-<organization id>`. */
export type SubscriptionEvent =
  | Fact<'subscription.started.v1', { readonly plan: string }>
  /** Recorded before the first limit is set, so that an interrupted change is found after a crash. */
  | Fact<'subscription.change-requested.v1', { readonly from: string; readonly to: string }>
  | Fact<'subscription.plan-changed.v1', { readonly from: string; readonly to: string }>
  /** Recorded after the limits of the previous plan were restored. */
  | Fact<
      'subscription.change-refused.v1',
      { readonly from: string; readonly to: string; readonly over: readonly string[] }
    >
  /** The organization was deleted. `plan`: its last plan. Nothing follows. */
  | Fact<'subscription.ended.v1', { readonly plan: string }>;

export type ChangeRequested = Extract<SubscriptionEvent, { readonly type: 'subscription.change-requested.v1' }>;

export const subscriptionEvents: EventFamily<SubscriptionEvent> = {
  categories: ['subscription'],
  types: {
    'subscription.started.v1': true,
    'subscription.change-requested.v1': true,
    'subscription.plan-changed.v1': true,
    'subscription.change-refused.v1': true,
    'subscription.ended.v1': true,
  },
};

/** Returns the stream of an organization's subscription. */
export const subscriptionStream = (organizationId: string): string => `subscription-${organizationId}`;
