import { domainError } from '#kernel';
import type { Over } from './over.ts';

export const billingErrors = {
  unknownPlan: (known: readonly string[]) =>
    domainError('billing/unknown-plan', 'invalid', 'Plan not found.', {
      fix: `use one of: ${known.join(', ')}`,
    }),
  notSelfService: (plan: string, contact: string | undefined, pricingUrl: string) =>
    domainError('billing/not-self-service', 'forbidden', `The platform admin sets plan ${plan}.`, {
      fix: `ask ${contact ?? 'a global admin'}, or see ${pricingUrl}`,
      extra: { plan, pricingUrl },
    }),
  changeUnderWay: () =>
    domainError('billing/change-under-way', 'conflict', 'Another change of this plan is in progress.', {
      fix: 'try again in a minute',
      retryAfterSeconds: 60,
    }),
  changeEnded: () =>
    domainError('billing/change-ended', 'conflict', 'The change of plan took too long and was canceled.', {
      fix: 'try again; nothing was changed',
    }),
  ended: () =>
    domainError('billing/subscription-ended', 'not-found', 'The subscription ended with its organization.', {
      fix: 'choose another organization: astroctl org list',
    }),
  overNewLimits: (plan: string, over: readonly Over[]) =>
    domainError(
      'billing/over-new-limits',
      'conflict',
      `Plan ${plan} allows less than is in use: ${over.map(({ words }) => words).join(' ')}`,
      {
        fix: 'reduce usage first; nothing was changed',
        extra: { plan, over: over.map(({ limit, detail }) => ({ limit, ...detail })) },
      },
    ),
};

export type BillingError = ReturnType<(typeof billingErrors)[keyof typeof billingErrors]>;
