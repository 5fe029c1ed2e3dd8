import { createPrivateKey, X509Certificate } from 'node:crypto';
import { domainError, err, ok, type DomainError, type Result } from '#kernel';
import { parseManifests } from '#kubernetes/yaml';
import { KubernetesUnreachableError } from './client.ts';
import { at, isRecord, list, text, type JsonRecord } from './objects.ts';
import { parseServer, type ClusterCredential } from './transport.ts';

/** Connection to one cluster as one identity, from a kubeconfig. It needs no local file or program. */
export interface Kubeconfig {
  readonly context: string;
  readonly server: string;
  /** PEM certificates. */
  readonly ca?: string;
  readonly tlsServerName?: string;
  readonly namespace?: string;
  /** Secret. Seal it, and never log it. */
  readonly credential: ClusterCredential;
  /** Expiry of the client certificate in RFC 3339; missing for tokens. */
  readonly expiresAt?: string;
}

export type KubeconfigError = DomainError<'clusters/invalid-kubeconfig'>;

const MAX_BYTES = 64 * 1024;
const refuse = (detail: string, fix?: string): { readonly ok: false; readonly error: KubeconfigError } =>
  err(domainError('clusters/invalid-kubeconfig', 'invalid', detail, fix === undefined ? {} : { fix }));

/** Fields that would run a program, read a local file, or weaken the connection, and the alternative to each. */
const REFUSED_USER: Readonly<Record<string, string>> = {
  exec: 'it would run a program on the platform',
  'auth-provider': 'it would run a program on the platform',
  tokenFile: 'it would read a file on the platform',
  'token-file': 'it would read a file on the platform',
  'client-certificate': 'it would read a file on the platform; set client-certificate-data',
  'client-key': 'it would read a file on the platform; set client-key-data',
  username: 'passwords are not supported; use a token',
  password: 'passwords are not supported; use a token',
  as: 'impersonation is not supported',
  'as-uid': 'impersonation is not supported',
  'as-groups': 'impersonation is not supported',
  'as-user-extra': 'impersonation is not supported',
};
const REFUSED_CLUSTER: Readonly<Record<string, string>> = {
  'certificate-authority': 'it would read a file on the platform; set certificate-authority-data',
  'insecure-skip-tls-verify': 'the server certificate must be verified; set certificate-authority-data',
  'proxy-url': 'connections are made directly to the server',
};
const KNOWN = {
  top: ['apiVersion', 'kind', 'clusters', 'users', 'contexts', 'current-context', 'preferences', 'extensions'],
  cluster: ['server', 'certificate-authority-data', 'tls-server-name', 'disable-compression', 'extensions'],
  user: ['token', 'client-certificate-data', 'client-key-data', 'extensions'],
  context: ['cluster', 'user', 'namespace', 'extensions'],
};

/**
 * Reads a kubeconfig from an untrusted sender. Opens no files and runs no programs: fields that require it are refused
 * by name, never ignored. Entries that the context does not use are checked as well.
 * @param context name of the context; required if there are several
 */
export function readKubeconfig(source: string, context?: string): Result<Kubeconfig, KubeconfigError> {
  if (Buffer.byteLength(source) > MAX_BYTES) return refuse(`The kubeconfig is longer than ${MAX_BYTES} bytes.`);
  const parsed = parseManifests(source, { maxBytes: MAX_BYTES, maxAliases: 0, maxDocuments: 2, maxDepth: 16 });
  if (!parsed.ok)
    return refuse(
      `The kubeconfig is not valid: line ${parsed.error[0]?.line ?? 1}: ${parsed.error[0]?.message ?? 'it cannot be read'}.`,
    );
  const [document, ...rest] = parsed.value.documents;
  const config = document?.value;
  if (!isRecord(config) || rest.length > 0)
    return refuse('A kubeconfig must be one document with clusters, users, and contexts.');
  if (config['kind'] !== undefined && config['kind'] !== 'Config')
    return refuse('Invalid kubeconfig: its kind is not Config.');

  const fault =
    unknownField(config, KNOWN.top, {}, '') ??
    entriesFault(config, 'clusters', 'cluster', KNOWN.cluster, REFUSED_CLUSTER) ??
    entriesFault(config, 'users', 'user', KNOWN.user, REFUSED_USER) ??
    entriesFault(config, 'contexts', 'context', KNOWN.context, {});
  if (fault !== undefined) return refuse(fault);

  const names = list(config['contexts']).map((entry) => String(at(entry, 'name')));
  if (context === undefined && names.length !== 1) {
    return refuse(
      names.length === 0 ? 'The kubeconfig has no context.' : `The kubeconfig has ${names.length} contexts.`,
      `choose one with --context ${names.slice(0, 3).join(' | ')}`,
    );
  }
  const chosen = context ?? names[0] ?? '';
  const entry = named(config, 'contexts', 'context', chosen);
  if (!entry) return refuse(`The kubeconfig has no context ${chosen}.`);
  const cluster = named(config, 'clusters', 'cluster', text(entry['cluster']) ?? '');
  if (!cluster) return refuse(`The context ${chosen} refers to a cluster that is not in the kubeconfig.`);
  const user = named(config, 'users', 'user', text(entry['user']) ?? '');
  if (!user) return refuse(`The context ${chosen} refers to a user that is not in the kubeconfig.`);

  return readConnection(
    {
      server: text(cluster['server']),
      certificateAuthorityData: text(cluster['certificate-authority-data']),
      tlsServerName: text(cluster['tls-server-name']),
      token: text(user['token']),
      clientCertificateData: text(user['client-certificate-data']),
      clientKeyData: text(user['client-key-data']),
    },
    { context: chosen, ...(typeof entry['namespace'] === 'string' && { namespace: entry['namespace'] }) },
  );
}

/** Connection data as in a kubeconfig or a registration. Certificates and keys are PEM in base64. */
export interface ConnectionParts {
  readonly server: string | undefined;
  readonly certificateAuthorityData?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly token?: string | undefined;
  readonly clientCertificateData?: string | undefined;
  readonly clientKeyData?: string | undefined;
}

/**
 * Validates connection data: the address, exactly one credential, valid PEM, and a key that matches the certificate.
 */
function readConnection(
  parts: ConnectionParts,
  about: { readonly context: string; readonly namespace?: string },
): Result<Kubeconfig, KubeconfigError> {
  if (parts.server === undefined) return refuse('The field server is missing.');
  try {
    parseServer(parts.server);
  } catch (error) {
    if (error instanceof KubernetesUnreachableError) return refuse(`server: ${error.message}`);
    throw error;
  }
  const ca = parts.certificateAuthorityData === undefined ? undefined : pemOf(parts.certificateAuthorityData);
  if (parts.certificateAuthorityData !== undefined && (ca === undefined || certificatesIn(ca) === undefined))
    return refuse('certificate-authority-data is not base64 of PEM certificates.');

  const credential = credentialOf(parts);
  if (!credential.ok) return credential;
  const certificate =
    'clientCertificate' in credential.value ? certificatesIn(credential.value.clientCertificate)?.[0] : undefined;
  return ok({
    ...about,
    server: parts.server,
    ...(ca !== undefined && { ca }),
    ...(parts.tlsServerName !== undefined && { tlsServerName: parts.tlsServerName }),
    credential: credential.value,
    ...(certificate && { expiresAt: new Date(certificate.validTo).toISOString() }),
  });
}

function credentialOf({
  token,
  clientCertificateData,
  clientKeyData,
}: ConnectionParts): Result<ClusterCredential, KubeconfigError> {
  const withCertificate = clientCertificateData !== undefined || clientKeyData !== undefined;
  if (token !== undefined && withCertificate)
    return refuse('The user has a token and a client certificate; remove one of them.');
  if (token !== undefined)
    return /^[\x21-\x7e]+$/.test(token) ? ok({ token }) : refuse('token contains invalid characters.');
  if (!withCertificate) return refuse('The user has neither token nor client-certificate-data and client-key-data.');
  const clientCertificate = pemOf(clientCertificateData ?? '');
  const clientKey = pemOf(clientKeyData ?? '');
  const certificate = clientCertificate === undefined ? undefined : certificatesIn(clientCertificate)?.[0];
  if (clientCertificate === undefined || !certificate)
    return refuse('client-certificate-data is not base64 of a PEM certificate.');
  try {
    if (clientKey !== undefined && certificate.checkPrivateKey(createPrivateKey(clientKey)))
      return ok({ clientCertificate, clientKey });
  } catch {
    return refuse('client-key-data is not base64 of a PEM private key.'); // the cause could contain part of the key
  }
  return refuse('client-key-data does not match client-certificate-data.');
}

/** Decodes PEM text from base64; undefined for anything else. */
function pemOf(data: string): string | undefined {
  const bare = data.replaceAll(/\s/g, '');
  if (bare === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(bare)) return undefined;
  const pem = Buffer.from(bare, 'base64').toString('latin1');
  return pem.includes('-----BEGIN ') ? pem : undefined;
}

function certificatesIn(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return blocks?.map((block) => new X509Certificate(block));
  } catch {
    return undefined; // the message of OpenSSL does not help the sender
  }
}

function entriesFault(
  config: JsonRecord,
  plural: string,
  singular: string,
  known: readonly string[],
  refused: Readonly<Record<string, string>>,
): string | undefined {
  const entries = config[plural];
  if (entries !== undefined && entries !== null && !Array.isArray(entries)) return `${plural} must be a list.`;
  for (const [index, entry] of list(entries).entries()) {
    const where = `${plural}[${index}]`;
    const inner = at(entry, singular);
    if (!isRecord(entry) || typeof entry['name'] !== 'string') return `${where} must have a name.`;
    const fault =
      unknownField(entry, ['name', singular], {}, where) ??
      (isRecord(inner)
        ? unknownField(inner, known, refused, `${where}.${singular}`)
        : `${where}.${singular} must be a map.`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function unknownField(
  value: JsonRecord,
  known: readonly string[],
  refused: Readonly<Record<string, string>>,
  where: string,
): string | undefined {
  for (const [field, content] of Object.entries(value)) {
    const path = where === '' ? field : `${where}.${field}`;
    if (field === 'insecure-skip-tls-verify' && content === false) continue;
    const why = refused[field];
    if (why !== undefined) return `${path} is not accepted: ${why}.`;
    if (!known.includes(field)) return `${path} is not accepted: unknown field.`;
  }
  return undefined;
}

function named(config: JsonRecord, plural: string, singular: string, name: string): JsonRecord | undefined {
  const entry = list(config[plural]).find((candidate) => at(candidate, 'name') === name);
  const inner = at(entry, singular);
  return isRecord(inner) ? inner : undefined;
}
