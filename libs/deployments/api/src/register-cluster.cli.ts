import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  ExitCode,
  isCommandError,
  localError,
  usage,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { API_VERSION, readRegistration, registerClusterRequest, type RegistrationSpec } from '#deployments/contract';
import { codeOf } from './error-code.ts';
import { readManifestFiles } from './manifest-files.cli.ts';
import type { clusterCommands } from './commands.cli.ts';

const NAMESPACE = 'astro-system';
const ACCOUNT = 'astro-platform';
const TOKEN_SECRET = 'astro-platform-token';

/**
 * Objects that the platform needs on a cluster: its own service account, and a Secret from which kubectl can read the
 * token.
 */
const OBJECTS = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { 'app.kubernetes.io/managed-by': 'astroctl' } },
  },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: NAMESPACE } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: ACCOUNT },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }],
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: {
      name: TOKEN_SECRET,
      namespace: NAMESPACE,
      annotations: { 'kubernetes.io/service-account.name': ACCOUNT },
    },
  },
] as const;

/**
 * Runs `clusters register`: creates a service account on the cluster with the user's own kubeconfig, on their machine.
 * Sends only the address, the CA and the token of that account. `-f` reads a registration, `--from-file` a kubeconfig
 * that contains a token. `--in-cluster` registers the cluster that the platform runs in, and sends no credential.
 */
export async function clustersRegister(
  options: Options<typeof clusterCommands.clustersRegister>,
  session: Session,
): Promise<Outcome> {
  if (options['dry-run']) return printObjects(session);
  const files = options.filename;
  if (files.length > 0) {
    const read = await readManifestFiles(
      files,
      false,
      'K8sClusterRegistration',
      ['K8sClusterRegistration'],
      session.io,
    );
    if (isCommandError(read)) return read;
    for (const manifest of read.manifests) {
      if (manifest.kind !== 'K8sClusterRegistration')
        return usage(`${manifest.file} is not a K8sClusterRegistration.`, 'use: astroctl app apply -f FILE');
      const sent = await send(manifest.spec, session);
      if (sent !== ExitCode.Success) return sent;
    }
    return ExitCode.Success;
  }
  const clusterName = options['cluster-name'];
  if (clusterName === undefined)
    return usage('Missing --cluster-name.', 'astroctl clusters register --cluster-name NAME');
  const kubeconfigPath = options['from-file'];
  const other = (['kubeconfig', 'context', 'from-file'] as const).find((name) => options[name] !== undefined);
  if (options['in-cluster'] && other !== undefined)
    return usage(
      `--in-cluster and --${other} cannot be combined: the platform has its own credential for the cluster that it runs in.`,
      `omit --${other}`,
    );
  const access = options['in-cluster']
    ? ({ inCluster: true } as const)
    : kubeconfigPath === undefined
      ? await makeAccount(options, session)
      : await fromFile(resolve(session.io.cwd, kubeconfigPath), options.context);
  if (isCommandError(access)) return access;
  const region = options.region;
  const provider = options.provider;
  const spec = readRegistration({
    apiVersion: API_VERSION,
    kind: 'K8sClusterRegistration',
    spec: {
      clusterName,
      ...(region !== undefined && { region }),
      ...(provider !== undefined && { provider }),
      ...access,
    },
  });
  if (!spec.ok)
    return usage(
      `Invalid registration: ${spec.error.map(({ pointer, message }) => `${pointer.replace('/spec/', '')} ${message}`).join('; ')}.`,
      'see: astroctl clusters register -h',
    );
  return send(spec.value, session);
}

async function printObjects(session: Session): Promise<Outcome> {
  const { stringify } = await import('yaml');
  session.print.line(
    OBJECTS.map((object) => stringify(object, { version: '1.1' }))
      .join('---\n')
      .trimEnd(),
  );
  session.print.note('(dry run: these objects would be created on the cluster; nothing was changed)');
  return ExitCode.Success;
}

/**
 * Registers the cluster. Clusters of kind, k3d and minikube have loopback or private addresses, which a global admin
 * can allow during the registration.
 */
async function send(spec: RegistrationSpec, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const register = () =>
    session.call(registerClusterRequest, { org, name: spec.clusterName, manifest: spec }, { timeoutMs: 30_000 });
  let sent = await register();
  if (!sent.ok) {
    const { offerToAllow } = await import('./egress.cli.ts');
    const isAllowed = await offerToAllow(sent.failure, session);
    if (isCommandError(isAllowed)) return isAllowed;
    if (isAllowed) sent = await register();
  }
  if (!sent.ok) return sent.failure;
  const { cluster, outcome } = sent.value;
  const name = `cluster/${cluster.name}`;
  await session.print.done(sent.value, { text: `${name} ${outcome}`, name });
  session.print.note(
    `${cluster.name} is ${cluster.state}${cluster.reason === null ? '' : ` (${cluster.reason})`}${cluster.version === null ? '' : `, Kubernetes ${cluster.version}`}. Next: astroctl app profile apply -f FILE`,
  );
  return ExitCode.Success;
}

type Access = Pick<
  RegistrationSpec,
  'server' | 'certificateAuthorityData' | 'tlsServerName' | 'token' | 'clientCertificateData' | 'clientKeyData'
>;

/** Reads a kubeconfig that contains a token. Rejects entries that would run programs or read files, and names them. */
async function fromFile(path: string, context: string | undefined): Promise<Access | CommandError> {
  const { readKubeconfig } = await import('#kubernetes');
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    return localError(1, `${path} cannot be read (${codeOf(error)}).`, 'check the path after --from-file');
  }
  const read = readKubeconfig(content, context);
  if (!read.ok) return localError(1, read.error.detail, read.error.fix, read.error.code);
  const { server, ca, tlsServerName, credential } = read.value;
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  return {
    server,
    ...(ca !== undefined && { certificateAuthorityData: base64(ca) }),
    ...(tlsServerName !== undefined && { tlsServerName }),
    ...('token' in credential
      ? { token: credential.token }
      : { clientCertificateData: base64(credential.clientCertificate), clientKeyData: base64(credential.clientKey) }),
  };
}

/** Creates the account with kubectl and the user's kubeconfig, and reads back the address, the CA and the token. */
async function makeAccount(
  options: Options<typeof clusterCommands.clustersRegister>,
  session: Session,
): Promise<Access | CommandError> {
  const kubeconfig = options.kubeconfig;
  const context = options.context;
  const where = [
    ...(kubeconfig !== undefined ? ['--kubeconfig', resolve(session.io.cwd, kubeconfig)] : []),
    ...(context !== undefined ? ['--context', context] : []),
  ];
  const kubectl = (args: readonly string[], input?: string) => runKubectl([...where, ...args], input, session);

  const view = await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']);
  if (isCommandError(view)) return view;
  const cluster = clusterIn(view);
  if (!cluster)
    return localError(1, 'The kubeconfig has no cluster.', 'choose another with --kubeconfig and --context');
  if (cluster.insecure)
    return localError(
      1,
      'The kubeconfig sets insecure-skip-tls-verify, which is not supported.',
      'add the certificate authority of the cluster to it',
    );

  const applied = await kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: OBJECTS }),
  );
  if (isCommandError(applied)) return applied;
  for (let tries = 0; tries < 100; tries++) {
    const secret = await kubectl(['get', 'secret', TOKEN_SECRET, '-n', NAMESPACE, '-o', 'jsonpath={.data.token}']);
    if (isCommandError(secret)) return secret;
    if (secret !== '') {
      const token = Buffer.from(secret, 'base64').toString('utf8');
      return {
        server: cluster.server,
        ...(cluster.authority !== undefined && { certificateAuthorityData: cluster.authority }),
        ...(cluster.tlsServerName !== undefined && { tlsServerName: cluster.tlsServerName }),
        token,
      };
    }
    await session.io.pause(100);
  }
  return localError(
    1,
    `The cluster did not issue a token for ${NAMESPACE}/${ACCOUNT}.`,
    'register with a kubeconfig that contains a token: --from-file F',
  );
}

function clusterIn(
  view: string,
): { server: string; authority: string | undefined; tlsServerName: string | undefined; insecure: boolean } | undefined {
  const json: unknown = JSON.parse(view);
  const member = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined;
  const clusters = member(json, 'clusters');
  const cluster = Array.isArray(clusters) ? member(clusters[0], 'cluster') : undefined;
  const server = member(cluster, 'server');
  if (typeof server !== 'string') return undefined;
  const authority = member(cluster, 'certificate-authority-data');
  const tlsServerName = member(cluster, 'tls-server-name');
  return {
    server,
    authority: typeof authority === 'string' ? authority : undefined,
    tlsServerName: typeof tlsServerName === 'string' ? tlsServerName : undefined,
    insecure: member(cluster, 'insecure-skip-tls-verify') === true,
  };
}

/**
 * Runs kubectl without a shell.
 * @returns the standard output of kubectl
 */
function runKubectl(
  args: readonly string[],
  input: string | undefined,
  { io }: Session,
): Promise<string | CommandError> {
  return new Promise((done) => {
    const child = spawn('kubectl', args, { env: { ...io.environment }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let errorText = '';
    child.stdout.on('data', (part) => (out += String(part)));
    child.stderr.on('data', (part) => (errorText += String(part)));
    child.on('error', () =>
      done(
        localError(
          1,
          'kubectl was not found on this machine.',
          'install kubectl, or register with a kubeconfig that contains a token: --from-file F',
        ),
      ),
    );
    child.stdin.on('error', () => {}); // if kubectl exits early, its own message explains why
    child.on('close', (code) =>
      done(
        code === 0
          ? out
          : localError(
              1,
              `kubectl failed: ${errorText.trim().split('\n').at(-1) ?? `exit ${code}`}`,
              'check --kubeconfig and --context: kubectl get nodes',
            ),
      ),
    );
    child.stdin.end(input ?? '');
  });
}
