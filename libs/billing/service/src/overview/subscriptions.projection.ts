import { idOf, REMOVED, type Projection } from '#kernel';
import { subscriptionEvents, type SubscriptionEvent } from '../subscription.events.ts';

/** Response document of `GET /v1/organizations/{org}/subscription`, one per organization. */
export interface SubscriptionDocument {
  readonly plan: string;
  readonly since: string;
  readonly isChanging: boolean;
  readonly changingTo: string | null;
  readonly changingSince: string | null;
}

const NOT_CHANGING = { isChanging: false, changingTo: null, changingSince: null } as const;

export const subscriptionsProjection: Projection<SubscriptionEvent, SubscriptionDocument> = {
  name: 'subscriptions.v2',
  events: subscriptionEvents,
  indexes: ['isChanging'],
  documentId: ({ metadata }) => idOf(metadata.stream),
  apply(subscription, { event, metadata: { recordedAt } }) {
    switch (event.type) {
      case 'subscription.started.v1':
        return { plan: event.data.plan, since: recordedAt, ...NOT_CHANGING };
      case 'subscription.change-requested.v1':
        return {
          plan: event.data.from,
          since: subscription?.since ?? recordedAt,
          isChanging: true,
          changingTo: event.data.to,
          changingSince: recordedAt,
        };
      case 'subscription.plan-changed.v1':
        return { plan: event.data.to, since: recordedAt, ...NOT_CHANGING };
      case 'subscription.change-refused.v1':
        return subscription ? { ...subscription, ...NOT_CHANGING } : REMOVED;
      case 'subscription.ended.v1':
        return REMOVED;
    }
  },
};
