import type { RegistrationSpec } from '#deployments/contract';
import { err, ok, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';

/** Address of a cluster's API server. */
export interface ServerAddress {
  readonly server: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Parses the address of an API server. Only https is allowed, or http on the loopback of this machine, without user
 * name, query or fragment.
 */
export function serverAddress(text: string): Result<ServerAddress, DeploymentsError> {
  if (!URL.canParse(text)) return err(deploymentsErrors.serverInvalid('is not a URL'));
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    return err(deploymentsErrors.serverInvalid('must not contain a user or password'));
  if (url.search !== '' || url.hash !== '')
    return err(deploymentsErrors.serverInvalid('must not contain a query or fragment'));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLoopback = host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    return err(deploymentsErrors.serverInvalid('must begin with https://'));
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return ok({ server: url.href.replace(/\/$/, ''), host, port });
}

/** Address of the API server in every cluster. Workers connect to the address in the environment of their pod instead. */
export const OWN_CLUSTER: ServerAddress = {
  server: 'https://kubernetes.default.svc',
  host: 'kubernetes.default.svc',
  port: 443,
};

/** Returns whether a registration is that of the cluster that the platform runs in. */
export const isOwnCluster = (registration: { readonly server: string } | null): boolean =>
  registration?.server === OWN_CLUSTER.server;

/** Credential of a registered cluster, as the worker reads it from the vault. */
export type RegisteredCredential =
  | { readonly token: string }
  | { readonly certificate: string; readonly key: string }
  /** The worker uses the ServiceAccount of its own pod. */
  | { readonly inCluster: true };

/** Secret part of a registration, parsed. */
export interface GivenCredentials {
  readonly credential: RegisteredCredential;
  /** PEM. */
  readonly certificateAuthority: string | null;
}

/** Returns the credentials of a registration. Base64, as in a kubeconfig, is decoded to PEM. */
export function credentialsOf(
  {
    clusterName,
    inCluster,
    token,
    tlsServerName,
    clientCertificateData,
    clientKeyData,
    certificateAuthorityData,
  }: RegistrationSpec,
  decode: (base64: string) => string,
): Result<GivenCredentials, DeploymentsError> {
  if (inCluster) {
    const given = [token, tlsServerName, clientCertificateData, clientKeyData, certificateAuthorityData];
    return given.every((value) => value === undefined)
      ? ok({ credential: { inCluster }, certificateAuthority: null })
      : err(deploymentsErrors.credentialNotNeeded(clusterName));
  }
  const authority = certificateAuthorityData === undefined ? null : pemOf(certificateAuthorityData, decode);
  if (authority === undefined) return err(pemExpected('certificateAuthorityData'));
  if (token !== undefined) return ok({ credential: { token }, certificateAuthority: authority });
  if (clientCertificateData === undefined || clientKeyData === undefined)
    return err(deploymentsErrors.credentialMissing(clusterName));
  const certificate = pemOf(clientCertificateData, decode);
  const key = pemOf(clientKeyData, decode);
  if (certificate === undefined) return err(pemExpected('clientCertificateData'));
  if (key === undefined) return err(pemExpected('clientKeyData'));
  return ok({ credential: { certificate, key }, certificateAuthority: authority });
}

function pemOf(data: string, decode: (base64: string) => string): string | undefined {
  const text = data.startsWith('-----BEGIN ') ? data : decode(data);
  return /^-----BEGIN [A-Z ]+-----\s/.test(text.trimStart()) ? text : undefined;
}

const pemExpected = (field: string): DeploymentsError =>
  deploymentsErrors.manifestInvalid('cluster', [
    { pointer: `/spec/${field}`, message: 'must be PEM text in base64, as in a kubeconfig' },
  ]);
