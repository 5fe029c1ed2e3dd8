import type { OutputOf } from '#bus/contract';
import type { applyApplicationRequest } from '#deployments/contract';

type Planned = Pick<OutputOf<typeof applyApplicationRequest>, 'outcome' | 'plan'>;

/**
 * Returns the plan of a dry run for the apply, so that nothing else is deployed. A new application has none: its plan
 * contains its ID, and each request would give it another one.
 */
export const planIn = (outcome: Planned | undefined): { readonly plan?: string } =>
  outcome?.plan === undefined || outcome.outcome === 'created' ? {} : { plan: outcome.plan };
