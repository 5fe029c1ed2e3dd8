/**
 * Returns what is wrong with the address of a source, or undefined. An address with a password is refused, since
 * manifests are shown to everyone who may read the application.
 *
 * @param schemes such as `https` and `oci`
 */
export function sourceUrlProblem(text: string, schemes: readonly string[]): string | undefined {
  const wanted = `must be an address with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return 'must not contain spaces or control characters';
  if (/^[^/:@]+@[^/:]+:/.test(text)) return `${wanted}, such as ssh://${text.replace(':', '/')}`;
  if (!URL.canParse(text)) return wanted;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (!schemes.includes(protocol.slice(0, -1)) || !text.toLowerCase().startsWith(`${protocol}//`)) return wanted;
  if (hostname === '') return 'must contain a host';
  if (password !== '' || (username !== '' && protocol !== 'ssh:'))
    return 'must not contain a user or password; store them with: astroctl credentials set HOST';
  if (search !== '' || hash !== '') return 'must not contain ? or #';
  return undefined;
}

/** Default ports of the schemes of sources. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'oci:': '443', 'ssh:': '22' };

/** Returns the host of an address in lower case, with the port unless it is the default one of the scheme. */
export function sourceHost(text: string): string {
  const { protocol, hostname, port } = new URL(text);
  return port === '' || port === DEFAULT_PORTS[protocol] ? hostname.toLowerCase() : `${hostname.toLowerCase()}:${port}`;
}
