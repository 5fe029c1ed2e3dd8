import { domainError } from '#kernel';

/** Errors about clusters. */
export const clusterErrors = {
  clusterNotFound: (name: string, known: readonly string[]) =>
    domainError('deployments/cluster-not-found', 'not-found', `Cluster ${name} not found.`, {
      fix:
        known.length === 0
          ? 'register one: astroctl clusters register --cluster-name NAME'
          : `use one of: ${known.join(', ')}`,
    }),
  namespaceNotAllowed: (namespace: string, why: string, fix: string) =>
    domainError('deployments/namespace-not-allowed', 'invalid', `Namespace ${namespace} cannot be used: ${why}.`, {
      errors: [{ pointer: '/spec/namespace', message: `cannot be used: ${why}` }],
      fix,
    }),
  clusterTaken: (name: string) =>
    domainError(
      'deployments/cluster-taken',
      'conflict',
      `cluster/${name} is already registered by another organization.`,
      {
        fix: 'register another one, or ask that organization to remove it first',
      },
    ),
  otherCluster: (name: string) =>
    domainError(
      'deployments/other-cluster',
      'conflict',
      `The address for cluster/${name} belongs to another physical cluster.`,
      {
        fix: 'register it under another name: astroctl clusters register --cluster-name NAME',
      },
    ),
  sandboxStays: (what: string) =>
    domainError(
      'deployments/sandbox-stays',
      'conflict',
      `The cluster sandbox is managed by the platform and ${what}.`,
      {
        fix: 'register a cluster of your own: astroctl clusters register --cluster-name NAME',
      },
    ),
  credentialMissing: (name: string) =>
    domainError(
      'deployments/credential-missing',
      'invalid',
      `cluster/${name} requires a token, or a client certificate with its key.`,
      {
        fix: 'register with astroctl, which creates a token: astroctl clusters register --cluster-name NAME',
      },
    ),
  credentialNotNeeded: (name: string) =>
    domainError(
      'deployments/credential-not-needed',
      'invalid',
      `cluster/${name} is the cluster that the platform runs in; its registration has no credential and no certificate authority.`,
      { fix: `astroctl clusters register --cluster-name ${name} --in-cluster` },
    ),
  ownClusterPolicy: (name: string) =>
    domainError(
      'access/forbidden',
      'forbidden',
      `cluster/${name} is the one that the platform runs in. Only a global admin who is logged in can change its clusterScoped and podSecurity.`,
      { fix: 'ask a global admin' },
    ),
  serverInvalid: (what: string) =>
    domainError('deployments/server-invalid', 'invalid', `The address of the API server ${what}.`, {
      errors: [{ pointer: '/spec/server', message: what }],
      fix: 'use https://HOST:PORT',
    }),
  ingressAnnotations: (limit: number) =>
    domainError(
      'deployments/ingress-annotations',
      'invalid',
      `A cluster can have at most ${limit} ingress annotations.`,
      {
        errors: [
          { pointer: '/annotations', message: `must not be more than ${limit} together with those that are set` },
        ],
        fix: 'remove one with an empty value: astroctl clusters ingress set NAME --annotation KEY=',
      },
    ),
  accessEnding: (cluster: string) =>
    domainError(
      'deployments/access-ending',
      'unavailable',
      `Your earlier access to cluster/${cluster} is still being ended.`,
      { fix: `try again, or see why: astroctl clusters get ${cluster}`, retryAfterSeconds: 5 },
    ),
};
