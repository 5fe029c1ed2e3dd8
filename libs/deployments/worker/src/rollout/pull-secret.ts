import type { HostSettings } from '#sources';

/**
 * Returns the content of a Secret of type `kubernetes.io/dockerconfigjson` for one registry, or undefined if the settings
 * of its host contain no user and secret.
 * @param record JSON of the settings, from the vault
 * @param registry name of the registry, such as `images.acme.dev`
 */
export function dockerConfigOf(record: string, registry: string): string | undefined {
  const { credential } = JSON.parse(record) as HostSettings; // written by deployments
  if (credential?.user === undefined) return undefined;
  const { user: username, secret: password } = credential;
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return JSON.stringify({ auths: { [registry]: { username, password, auth } } });
}
