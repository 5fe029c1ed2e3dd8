import { domainError } from '#kernel';

/** Errors about kubeconfigs. */
export const kubeconfigErrors = {
  accessEnded: (cluster: string) =>
    domainError('deployments/access-ended', 'forbidden', `Your access to cluster/${cluster} has ended.`, {
      fix: 'see your role: astroctl org members',
    }),
  tokenUnavailable: (name: string, state: string) =>
    domainError('deployments/cluster-not-ready', 'unavailable', `cluster/${name} is ${state}.`, {
      fix: `see why: astroctl clusters get ${name}`,
      retryAfterSeconds: 10,
    }),
};
