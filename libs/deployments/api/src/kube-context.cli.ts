import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import {
  EXIT_CODES,
  ExitCode,
  isCommandError,
  localError,
  type CommandError,
  type Io,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { clusterKubeconfigRequest } from '#deployments/contract';
import { makePrivateFolder, writePrivateFile } from '#files';
import type { Document } from 'yaml';
import type { clusterCommands } from './commands.cli.ts';

/** Names that we write begin so: whose context it is can be told from the file alone. */
const userName = (org: string, cluster: string): string => `astroctl-${org}-${cluster}`;

interface Named {
  readonly name: string;
  readonly [part: string]: unknown;
}

/** `clusters set-context NAME`: a context named after the cluster, made current; no secret is in the file. */
export async function setContext(
  options: Options<typeof clusterCommands.setContext>,
  session: Session,
): Promise<Outcome> {
  const cluster = options.cluster;
  const context = options.name ?? cluster;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const issued = await session.call(clusterKubeconfigRequest, { org, name: cluster });
  if (!issued.ok) return issued.failure;
  const { server, certificateAuthorityData, tlsServerName, namespace } = issued.value;

  const path = kubeconfigPath(session.io);
  const document = await open(path);
  if (isCommandError(document)) return document;
  const user = userName(org, cluster);
  const taken = foreign(document, context, user);
  if (taken) return taken;
  put(document, 'clusters', {
    name: user,
    cluster: {
      server,
      ...(certificateAuthorityData !== null && { 'certificate-authority-data': certificateAuthorityData }),
      ...(tlsServerName !== null && { 'tls-server-name': tlsServerName }),
    },
  });
  put(document, 'users', {
    name: user,
    user: {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: session.io.self,
        args: ['kube-token', '--cluster', cluster, '--org', org, '--api-url', session.flags.apiUrl],
        installHint:
          'astroctl is required to authenticate to this cluster; in a clone of Astro Platform run: npx astroctl install',
        interactiveMode: 'Never',
        provideClusterInfo: false,
      },
    },
  });
  put(document, 'contexts', {
    name: context,
    context: { cluster: user, user, ...(namespace !== null && { namespace }) },
  });
  document.set('current-context', context);
  save(path, document);
  session.print.note(`Switched to context ${context} in ${path}. Next: kubectl get pods -A`);
  return ExitCode.Success;
}

/** `clusters delete-context NAME`: takes away what `set-context` put there, and nothing else. */
export async function deleteContext(
  options: Options<typeof clusterCommands.deleteContext>,
  session: Session,
): Promise<Outcome> {
  const context = options.name;
  const path = kubeconfigPath(session.io);
  const document = await open(path);
  if (isCommandError(document)) return document;
  const found = items(document, 'contexts').find(({ name }) => name === context);
  if (!found)
    return localError(EXIT_CODES['not-found'], `${path} has no context ${context}.`, 'kubectl config get-contexts');
  const user = userOf(found);
  if (!user?.startsWith('astroctl-'))
    return localError(
      EXIT_CODES.conflict,
      `Context ${context} was not created by astroctl and is kept.`,
      `kubectl config delete-context ${context}`,
    );
  drop(document, 'contexts', context);
  if (!items(document, 'contexts').some((other) => userOf(other) === user)) {
    drop(document, 'users', user);
    drop(document, 'clusters', user);
  }
  if (document.get('current-context') === context) document.set('current-context', '');
  save(path, document);
  session.print.note(`Deleted context ${context} from ${path}.`);
  return ExitCode.Success;
}

/** The first file of `KUBECONFIG`, else `~/.kube/config`, as kubectl writes. */
const kubeconfigPath = ({ environment, home }: Io): string =>
  environment['KUBECONFIG']?.split(delimiter).find(Boolean) ?? join(home, '.kube', 'config');

async function open(path: string): Promise<Document | CommandError> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(
    existsSync(path)
      ? readFileSync(path, 'utf8')
      : 'apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n',
  );
  return document.errors.length > 0
    ? localError(1, `${path} is not valid YAML and was not changed.`, 'fix the file, or set KUBECONFIG to another one')
    : document;
}

const items = (document: Document, section: string): Named[] => {
  const json: unknown = document.toJSON();
  const entries = typeof json === 'object' && json !== null ? new Map(Object.entries(json)).get(section) : undefined;
  return Array.isArray(entries)
    ? entries.filter(
        (entry): entry is Named => typeof entry === 'object' && entry !== null && typeof entry.name === 'string',
      )
    : [];
};

function userOf(context: Named): string | undefined {
  const inner = context['context'];
  return typeof inner === 'object' && inner !== null && 'user' in inner && typeof inner.user === 'string'
    ? inner.user
    : undefined;
}

/** A context of that name that is somebody else's, or another organization's, stays. */
function foreign(document: Document, context: string, user: string): CommandError | undefined {
  const found = items(document, 'contexts').find(({ name }) => name === context);
  if (!found || userOf(found) === user) return undefined;
  const whose = userOf(found)?.startsWith('astroctl-')
    ? "belongs to another organization's cluster"
    : 'was not created by astroctl';
  return localError(
    EXIT_CODES.conflict,
    `A context named ${context} already exists and ${whose}; it is kept.`,
    `choose another name: --name ${context}-2`,
    'cli/context-taken',
  );
}

function put(document: Document, section: string, entry: Named): void {
  const kept = items(document, section).filter(({ name }) => name !== entry.name);
  document.set(section, document.createNode([...kept, entry]));
}

function drop(document: Document, section: string, name: string): void {
  document.set(section, document.createNode(items(document, section).filter((entry) => entry.name !== name)));
}

function save(path: string, document: Document): void {
  makePrivateFolder(dirname(path));
  writePrivateFile(path, document.toString());
}
