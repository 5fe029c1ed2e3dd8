import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Connection to the Kubernetes cluster that this process runs in. */
export interface OwnCluster {
  readonly server: string;
  /** PEM text. */
  readonly ca: string;
  /** Token of the pod's ServiceAccount. Kubernetes replaces it before it expires. */
  readonly token: string;
}

/**
 * Reads the in-cluster configuration that Kubernetes gives to every pod: the address from the environment, and the token and
 * the certificate authority from the files of the ServiceAccount. Reads the files on each call, so that a replaced token is
 * used immediately.
 * @param root folder that contains `/var/run/secrets/kubernetes.io/serviceaccount`; `''` in a pod
 * @returns undefined if this process does not run in a cluster, or its pod has no token
 */
export async function ownCluster(root: string): Promise<OwnCluster | undefined> {
  // Loaded only when needed, and without the classes of all kinds, which are 16 MB of code.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  config.loadFromCluster(root);
  const { server, caFile } = config.getCurrentCluster() ?? {};
  const tokenFile: unknown = config.getCurrentUser()?.authProvider?.config?.tokenFile;
  if (server === undefined || !URL.canParse(server) || caFile === undefined || typeof tokenFile !== 'string')
    return undefined;
  if (!existsSync(tokenFile) || !existsSync(caFile)) return undefined;
  const [ca, token] = await Promise.all([readFile(caFile, 'utf8'), readFile(tokenFile, 'utf8')]);
  return { server, ca, token: token.trim() };
}
