import { applicationErrors } from './applications/application.errors.ts';
import { attemptErrors } from './attempts/attempt.errors.ts';
import { catalogErrors } from './catalog/catalog.errors.ts';
import { clusterErrors } from './clusters/cluster.errors.ts';
import { kubeconfigErrors } from './kubeconfigs/kubeconfig.errors.ts';
import { profileErrors } from './profiles/profile.errors.ts';
import { rolloutErrors } from './rollouts/rollout.errors.ts';
import { sharedErrors } from './shared/shared.errors.ts';

/**
 * Every refusal of this context; each slice has a table of its own. Texts name objects of the caller's organization and
 * never a value of a manifest.
 */
export const deploymentsErrors = {
  ...sharedErrors,
  ...catalogErrors,
  ...clusterErrors,
  ...profileErrors,
  ...attemptErrors,
  ...applicationErrors,
  ...rolloutErrors,
  ...kubeconfigErrors,
};

export type DeploymentsError = ReturnType<(typeof deploymentsErrors)[keyof typeof deploymentsErrors]>;
