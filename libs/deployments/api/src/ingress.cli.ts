import { ExitCode, isCommandError, usage, type CommandError, type Options, type Outcome, type Session } from '#cli';
import { getClusterIngressRequest, setClusterIngressRequest, type IngressSettings } from '#deployments/contract';
import type { clusterCommands } from './commands.cli.ts';

const LINES = ['class', 'domain', 'tls', 'annotations'] as const;

/** Runs `clusters ingress get NAME`. */
export async function ingressGet(
  { name }: Options<typeof clusterCommands.ingressGet>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getClusterIngressRequest, { org, name });
  if (!found.ok) return found.failure;
  await print(name, found.value, session);
  return ExitCode.Success;
}

/** Runs `clusters ingress set NAME`: changes only the settings that are given. */
export async function ingressSet(
  options: Options<typeof clusterCommands.ingressSet>,
  session: Session,
): Promise<Outcome> {
  const { name, domain, tls } = options;
  const annotations = annotationsOf(options.annotation);
  if (isCommandError(annotations)) return annotations;
  const change = {
    ...(options.class !== undefined && { class: named(options.class) }),
    ...(domain !== undefined && { domain: named(domain) }),
    ...(tls !== undefined && { tls }),
    ...(options.annotation.length > 0 && { annotations }),
  };
  if (Object.keys(change).length === 0)
    return usage('Nothing to change.', 'add --class, --domain, --tls or --annotation');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const changed = await session.call(setClusterIngressRequest, { org, name, ...change });
  if (!changed.ok) return changed.failure;
  session.print.note(`Ingress settings of ${name} changed. They take effect when an application is applied again.`);
  await print(name, changed.value, session);
  return ExitCode.Success;
}

const named = (value: string): string | null => (value === 'none' ? null : value);

/** Parses `KEY=VALUE`. An empty value removes the annotation. */
function annotationsOf(given: readonly string[]): Readonly<Record<string, string | null>> | CommandError {
  const annotations: Record<string, string | null> = {};
  for (const text of given) {
    const at = text.indexOf('=');
    if (at < 1) return usage(`--annotation ${text} is not KEY=VALUE.`, 'see: astroctl clusters ingress set -h');
    annotations[text.slice(0, at)] = text.slice(at + 1) || null;
  }
  return annotations;
}

async function print(cluster: string, settings: IngressSettings, session: Session): Promise<void> {
  const isText = session.print.format === 'table' || session.print.format === 'wide';
  const annotations = Object.entries(settings.annotations).map(([key, value]) => `${key}=${value}`);
  const shown = { ...settings, annotations: annotations.length > 0 ? annotations.join(', ') : null };
  await session.print.one(isText ? shown : settings, { lines: LINES, name: () => `cluster/${cluster}` });
}
