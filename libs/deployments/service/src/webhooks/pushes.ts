import type { PinnedSource, WebhookProvider } from '#deployments/contract';

/** What a delivery reports. */
export type Report =
  | { readonly type: 'ping' }
  | { readonly type: 'other' }
  /** `ref`: full name of a branch or tag. Without it, or without `repositories`, anything may have changed. */
  | { readonly type: 'push'; readonly ref?: string; readonly repositories?: readonly string[] };

type Json = Readonly<Record<string, unknown>>;

/** Reads a payload. @param event value of the header with the kind of the event, if the host sends one */
export function reportOf(provider: WebhookProvider, event: string | undefined, payload: Json): Report {
  switch (provider) {
    case 'github':
      if (event === 'ping') return { type: 'ping' };
      return event === 'push'
        ? push(payload, textsOf(payload['repository'], ['clone_url', 'ssh_url', 'git_url', 'html_url', 'url']))
        : { type: 'other' };
    case 'gitlab':
      return event === 'Push Hook' || event === 'Tag Push Hook'
        ? push(payload, textsOf(payload['project'], ['git_http_url', 'git_ssh_url', 'web_url', 'http_url', 'ssh_url']))
        : { type: 'other' };
    case 'generic':
      if (payload['event'] === 'ping') return { type: 'ping' };
      return push(payload, textsOf(payload, ['repository']));
  }
}

const push = ({ ref }: Json, repositories: readonly string[]): Report => ({
  type: 'push',
  ...(typeof ref === 'string' && { ref }),
  ...(repositories.length > 0 && { repositories }),
});

function textsOf(value: unknown, names: readonly string[]): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return names.flatMap((name) => {
    const text = (value as Json)[name];
    return typeof text === 'string' ? [text] : [];
  });
}

/** Returns why a push does not concern a source; undefined if it does. */
export function unrelated(
  { ref, repositories }: Extract<Report, { readonly type: 'push' }>,
  { from, pin }: PinnedSource,
): string | undefined {
  if (from.type === 'helm' || pin.type === 'helm') return undefined; // a chart may be built from any repository
  const place = placeOf(from.url);
  if (repositories && !repositories.some((url) => placeOf(url) === place)) return 'The push is to another repository.';
  if (ref === undefined || ref === pin.ref) return undefined;
  return 'The push is to another branch or tag.';
}

/** Returns host and path of a repository. Its scheme, port, and user differ between https and ssh. */
function placeOf(address: string): string | undefined {
  const [, user, host = '', path = ''] = /^(?:([^@/:]+)@)([^/:]+):(?!\/\/)(.+)$/.exec(address) ?? [];
  const url = user === undefined ? URL.parse(address) : URL.parse(`ssh://${host}/${path}`);
  if (!url) return undefined;
  const repository = url.pathname.replaceAll(/^\/+|\/+$/g, '').replace(/\.git$/, '');
  return `${url.hostname}/${repository}`.toLowerCase();
}
