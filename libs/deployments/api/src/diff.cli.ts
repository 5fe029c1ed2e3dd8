import {
  ExitCode,
  isCommandError,
  usage,
  withErrorExit,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { diffApplicationRequest, diffManifestRequest, type ApplicationDiff } from '#deployments/contract';
import type { applicationCommands } from './commands.cli.ts';
import { readManifestFiles } from './manifest-files.cli.ts';

/** Exit codes as in diff(1): 0 for no difference, 1 for differences, 2 and above for an error. */
const DIFFERENT = 1;

/** Returns the number of a version: `3` for `v3`. */
export function revisionOf(version: string, application: string): number | CommandError {
  const revision = Number(/^v?(\d{1,9})$/.exec(version)?.[1]);
  return revision >= 1 ? revision : usage(`${version} is not a version.`, `see: astroctl app history ${application}`);
}

/**
 * Runs `app diff NAME [v1 [v2]]`: compares two revisions. With `-f FILE`, shows what applying the file would change;
 * with `--live`, what differs on the cluster.
 */
export async function appDiff(
  options: Options<typeof applicationCommands.appDiff>,
  session: Session,
): Promise<Outcome> {
  const { name, from, to, live, filename } = options;
  if ([filename.length > 0, live, from !== undefined].filter(Boolean).length > 1)
    return usage('Versions, -f, and --live cannot be combined.', 'see: astroctl app diff -h');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const diff =
    filename.length > 0
      ? await withFile(org, name, filename, session)
      : await withRevisions(org, name, { from, to, live }, session);
  if (isCommandError(diff)) return withErrorExit(diff);
  for (const warning of diff.warnings ?? []) session.print.note(`Warning: ${warning}`);
  if (session.print.format === 'table' || session.print.format === 'wide') {
    for (const line of diffLines(diff)) session.print.line(line);
    if (diff.changes.length === 0) session.print.note(`${headOf(diff)}: no differences.`);
  } else if (session.print.format !== 'name' || diff.changes.length > 0)
    await session.print.one(diff, { lines: [], name: (value) => `application/${value.name}` });
  return diff.changes.length === 0 ? ExitCode.Success : DIFFERENT;
}

async function withRevisions(
  org: string,
  name: string,
  { from, to, live }: { readonly from: string | undefined; readonly to: string | undefined; readonly live: boolean },
  session: Session,
): Promise<ApplicationDiff | CommandError> {
  const older = from === undefined ? undefined : revisionOf(from, name);
  if (isCommandError(older)) return older;
  const newer = to === undefined ? undefined : revisionOf(to, name);
  if (isCommandError(newer)) return newer;
  const found = await session.call(diffApplicationRequest, {
    org,
    name,
    live,
    ...(older !== undefined && { from: older }),
    ...(newer !== undefined && { to: newer }),
  });
  return found.ok ? found.value : found.failure;
}

async function withFile(
  org: string,
  name: string,
  files: readonly string[],
  session: Session,
): Promise<ApplicationDiff | CommandError> {
  const read = await readManifestFiles(files, false, 'Application', ['Application', 'ApplicationProfile'], session.io);
  if (isCommandError(read)) return read;
  const manifest = read.manifests.find((one) => one.kind === 'Application' && one.spec.name === name);
  if (!manifest)
    return usage(`${files.join(', ')} has no application ${name}.`, 'check the name and the path after -f');
  const found = await session.call(diffManifestRequest, { org, name, manifest: manifest.spec });
  return found.ok ? found.value : found.failure;
}

const headOf = ({ name, from, to }: ApplicationDiff): string => `${name} ${from ?? 'new'} -> ${to}`;

/**
 * Returns a heading, followed by one line per field: `~ image: web:1 -> web:2`, `+ replicas: 2`, `- host:
 * web.acme.dev`.
 */
export function diffLines(diff: ApplicationDiff): string[] {
  if (diff.changes.length === 0) return [];
  return [
    headOf(diff),
    ...diff.changes.map(({ object, path, change, before, after }) => {
      const at = [object, path].filter(Boolean).join(' ');
      if (change === 'added') return `+ ${at}: ${after ?? ''}`;
      if (change === 'removed') return `- ${at}: ${before ?? ''}`;
      return `~ ${at}: ${before ?? ''} -> ${after ?? ''}`;
    }),
    ...(diff.omitted === undefined ? [] : [`${diff.omitted} more changes are not shown`]),
  ];
}
