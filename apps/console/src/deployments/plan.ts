import type { OutputOf } from '#bus/contract';
import type { applyApplicationRequest } from '#deployments/contract';

type Planned = Pick<OutputOf<typeof applyApplicationRequest>, 'plan'>;

/** Returns the plan of a dry run for the apply, so that nothing else is deployed. */
export const planIn = (outcome: Planned | undefined): { readonly plan?: string } =>
  outcome?.plan === undefined ? {} : { plan: outcome.plan };
