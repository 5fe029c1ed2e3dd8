import { applicationErrors } from './applications/application.errors.ts';
import { webhookErrors } from './applications/webhook.errors.ts';
import { attemptErrors } from './attempts/attempt.errors.ts';
import { catalogErrors } from './catalog/catalog.errors.ts';
import { clusterErrors } from './clusters/cluster.errors.ts';
import { credentialErrors } from './credentials/credential.errors.ts';
import { egressErrors } from './egress/egress.errors.ts';
import { kubeconfigErrors } from './kubeconfigs/kubeconfig.errors.ts';
import { profileErrors } from './profiles/profile.errors.ts';
import { rolloutErrors } from './rollouts/rollout.errors.ts';
import { sharedErrors } from './shared/shared.errors.ts';

/**
 * All errors of deployments; each slice has a table of its own. Texts may name objects of the caller's organization,
 * but never contain values of a manifest.
 */
export const deploymentsErrors = {
  ...sharedErrors,
  ...catalogErrors,
  ...egressErrors,
  ...credentialErrors,
  ...clusterErrors,
  ...profileErrors,
  ...attemptErrors,
  ...applicationErrors,
  ...webhookErrors,
  ...rolloutErrors,
  ...kubeconfigErrors,
};

/** Any error of deployments. */
export type DeploymentsError = ReturnType<(typeof deploymentsErrors)[keyof typeof deploymentsErrors]>;
