import {
  EXIT_CODES,
  ExitCode,
  isCommandError,
  localError,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { clusterKubeconfigRequest } from '#deployments/contract';
import type { clusterCommands } from './commands.cli.ts';
import { changeKubeconfig, type Kubeconfig, type NamedEntry } from './kubeconfig-file.cli.ts';

/** User names that astroctl writes have this prefix, so that the file alone shows who created a context. */
const userName = (org: string, cluster: string): string => `astroctl-${org}-${cluster}`;

/**
 * Runs `clusters set-context NAME`: adds a context named after the cluster and makes it current. The file contains no
 * secret.
 */
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

  const user = userName(org, cluster);
  const changed = await changeKubeconfig(session.io, (own, all) => {
    const taken = foreign(all, context, user);
    if (taken) return taken;
    own.put('clusters', {
      name: user,
      cluster: {
        server,
        ...(certificateAuthorityData !== null && { 'certificate-authority-data': certificateAuthorityData }),
        ...(tlsServerName !== null && { 'tls-server-name': tlsServerName }),
      },
    });
    own.put('users', { name: user, user: { exec: credentialOf(cluster, org, session) } });
    own.put('contexts', { name: context, context: { cluster: user, user, ...(namespace !== null && { namespace }) } });
    own.setCurrentContext(context);
    return own;
  });
  if (isCommandError(changed)) return changed;
  session.print.note(`Switched to context ${context} in ${changed.path}. Next: kubectl get pods -A`);
  return ExitCode.Success;
}

/**
 * Configures kubectl to run this astroctl for each token (client.authentication.k8s.io), with the rights of the user's
 * role.
 */
const credentialOf = (cluster: string, org: string, { io, flags }: Session) => ({
  apiVersion: 'client.authentication.k8s.io/v1',
  command: io.self,
  args: ['kube-token', '--cluster', cluster, '--org', org, '--api-url', flags.apiUrl],
  installHint: `astroctl is required to authenticate to this cluster; install it: npx ${flags.apiUrl}/download/astroctl.tgz install`,
  interactiveMode: 'Never',
  provideClusterInfo: false,
});

/** Runs `clusters delete-context NAME`: removes the entries that `set-context` added, and nothing else. */
export async function deleteContext(
  options: Options<typeof clusterCommands.deleteContext>,
  session: Session,
): Promise<Outcome> {
  const context = options.name;
  const changed = await changeKubeconfig(session.io, (own, all) => {
    const file = all.find((one) => one.find('contexts', context)) ?? own;
    const found = file.find('contexts', context);
    if (!found)
      return localError(
        EXIT_CODES['not-found'],
        `${file.path} has no context ${context}.`,
        'kubectl config get-contexts',
      );
    const user = userOf(found);
    if (!user?.startsWith('astroctl-'))
      return localError(
        EXIT_CODES.conflict,
        `Context ${context} was not created by astroctl and is kept.`,
        `kubectl config delete-context ${context}`,
      );
    file.drop('contexts', context);
    if (!file.entries('contexts').some((other) => userOf(other) === user)) {
      file.drop('users', user);
      file.drop('clusters', user);
    }
    if (file.currentContext === context) file.setCurrentContext('');
    return file;
  });
  if (isCommandError(changed)) return changed;
  session.print.note(`Deleted context ${context} from ${changed.path}.`);
  return ExitCode.Success;
}

function userOf(context: NamedEntry): string | undefined {
  const inner = context['context'];
  return typeof inner === 'object' && inner !== null && 'user' in inner && typeof inner.user === 'string'
    ? inner.user
    : undefined;
}

/**
 * Returns an error when a context of that name was not created by astroctl or belongs to another organization's
 * cluster. Such a context is kept.
 */
function foreign(files: readonly Kubeconfig[], context: string, user: string): CommandError | undefined {
  const found = files.map((file) => file.find('contexts', context)).find((entry) => entry !== undefined);
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
