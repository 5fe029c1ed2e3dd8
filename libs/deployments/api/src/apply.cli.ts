import { ExitCode, isCommandError, usage, type CommandError, type Options, type Outcome, type Session } from '#cli';
import { applyApplicationRequest, applyProfileRequest, diffManifestRequest } from '#deployments/contract';
import { confirmingRemovals } from './confirm-removals.cli.ts';
import { diffLines } from './diff.cli.ts';
import { reasonIn, type applicationCommands } from './commands.cli.ts';
import { readManifestFiles, withPlaces, type Manifest } from './manifest-files.cli.ts';
import { timeoutOf, waitForRollout, type WaitFor } from './rollout-wait.cli.ts';

/** Runs `app apply`: applies profiles first, then applications. Tries all of them and prints one line per object. */
export async function appApply(
  options: Options<typeof applicationCommands.appApply>,
  session: Session,
): Promise<Outcome> {
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const read = await readManifestFiles(
    options.filename,
    options.recursive,
    'Application',
    ['Application', 'ApplicationProfile'],
    session.io,
  );
  if (isCommandError(read)) return read;
  if (options.plan !== undefined && read.manifests.length !== 1)
    return usage('--plan needs exactly one manifest.', 'apply the manifests one by one');
  if (options.plan !== undefined && read.manifests[0]?.kind !== 'Application')
    return usage('--plan needs an Application.', 'apply the profile without --plan');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  for (const warning of read.warnings) session.print.note(`Warning: ${warning}`);

  const how: How = {
    dryRun: options['dry-run'] || options.diff,
    diff: options.diff,
    failFast: options['fail-fast'],
    ...reasonIn(options),
    ...(options.plan !== undefined && { plan: options.plan }),
  };
  const ordered = inOrder(read.manifests);
  const failures: CommandError[] = [];
  const waits: Applied[] = [];
  for (const manifest of ordered) {
    const outcome = await applyOne(manifest, org, how, session);
    if (isCommandError(outcome)) failures.push(outcome);
    else if (outcome) waits.push(outcome);
  }
  const first = reportAllButLast(failures, session);
  if (options.wait && !how.dryRun) {
    for (const applied of waits) {
      const waited = await waitForRollout(session, { org, ...applied, goal: 'running', timeoutMs, narrate: true });
      if (isCommandError(waited)) return first ?? waited;
    }
  }
  if (!first) return ExitCode.Success;
  return ordered.length > 1 ? { ...first, exit: ExitCode.Failed } : first;
}

/** Returns the manifests with profiles first, and each application after those that it depends on. */
function inOrder(manifests: readonly Manifest[]): readonly Manifest[] {
  const ordered = new Set(manifests.filter(({ kind }) => kind !== 'Application'));
  const visiting = new Set<Manifest>();
  const visit = (manifest: Manifest): void => {
    if (visiting.has(manifest)) return; // the server rejects a cycle
    visiting.add(manifest);
    const names = manifest.kind === 'Application' ? (manifest.spec.dependsOn ?? []) : [];
    for (const other of manifests) if (other.kind === 'Application' && names.includes(other.spec.name)) visit(other);
    ordered.add(manifest);
  };
  for (const manifest of manifests) if (manifest.kind === 'Application') visit(manifest);
  return [...ordered];
}

/** Returns the name that `-o name` prints for a manifest. */
const nameOf = (manifest: Manifest): string => {
  switch (manifest.kind) {
    case 'Application':
      return `application/${manifest.spec.name}`;
    case 'ApplicationProfile':
      return `profile/${manifest.spec.profileName}`;
    case 'K8sClusterRegistration':
      return `cluster/${manifest.spec.clusterName}`;
  }
};

/** Prints all failures but the last. Returns the last one, which the program prints. */
function reportAllButLast(failures: readonly CommandError[], session: Session): CommandError | undefined {
  for (const failure of failures.slice(0, -1)) session.print.note(`Error: ${failure.detail}`);
  return failures.at(-1);
}

type Applied = Pick<WaitFor, 'name' | 'version' | 'attempt'>;

interface How {
  readonly dryRun: boolean;
  /** Whether to show what would change, field by field. */
  readonly diff: boolean;
  /** Whether to stop waiting at the first failure of the rollout. */
  readonly failFast?: boolean;
  readonly message?: string;
  /** The plan that nothing may differ from. */
  readonly plan?: string;
}

async function applyOne(
  manifest: Manifest,
  org: string,
  { dryRun, diff, failFast = false, ...more }: How,
  session: Session,
): Promise<Applied | undefined | CommandError> {
  const suffix = dryRun ? ' (dry run)' : '';
  if (manifest.kind === 'ApplicationProfile') {
    const name = manifest.spec.profileName;
    const applied = await session.call(applyProfileRequest, { org, name, manifest: manifest.spec }, { dryRun });
    if (!applied.ok) return withPlaces(applied.failure, manifest);
    const text = `profile/${name} ${applied.value.outcome}${suffix}`;
    await session.print.done(applied.value, { text, name: `profile/${name}` });
    return undefined;
  }
  if (manifest.kind !== 'Application')
    return usage(`${manifest.file} is not an Application.`, 'use: astroctl clusters register -f FILE');
  const { name } = manifest.spec;
  const input = { org, name, manifest: manifest.spec, ...(failFast && { failFast }), ...more };
  const applied = dryRun
    ? await session.call(applyApplicationRequest, input, { dryRun })
    : await confirmingRemovals(session, (allow) => session.call(applyApplicationRequest, { ...input, ...allow }));
  if (!applied.ok) return withPlaces(applied.failure, manifest);
  const { outcome, changes, application, moved, plan, removals, warnings = [] } = applied.value;
  if (removals !== undefined && dryRun) session.print.note(`Warning: ${removals}.`);
  for (const warning of warnings) session.print.note(`Warning: ${warning}.`);
  const differences = diff
    ? await session.call(diffManifestRequest, { org, name, manifest: manifest.spec })
    : undefined;
  if (differences && !differences.ok) return differences.failure;
  for (const warning of differences?.value.warnings ?? []) session.print.note(`Warning: ${warning}`);
  const result = differences ? { ...applied.value, diff: differences.value.changes } : applied.value;
  await session.print.done(result, {
    text: `application/${name} ${outcome}${moved === undefined ? '' : ` (${moved})`}${suffix}`,
    name: `application/${name}`,
  });
  if (differences) {
    if (['table', 'wide'].includes(session.print.format))
      for (const line of diffLines(differences.value)) session.print.line(line);
  } else if (outcome === 'configured' && changes.length > 0) {
    const { version } = application;
    const before = `v${Number(version.slice(1)) - 1}`;
    const see = dryRun ? '' : ` (see: astroctl app diff ${name} ${before} ${version})`;
    session.print.note(`${name} ${version}: ${changes.join('; ')}${see}`);
  } else if (outcome === 'created' && !dryRun) session.print.note(`Next: astroctl app status ${name}`);
  if (dryRun && plan !== undefined && outcome !== 'unchanged')
    session.print.note(`To deploy exactly this, apply it with --plan ${plan}`);
  if (outcome === 'configured' && application.status === 'PAUSED')
    session.print.note(
      `${name} is paused: ${application.version} is deployed when you run astroctl app resume ${name}`,
    );
  if (outcome === 'synced' && !dryRun)
    session.print.note(`${name} ${application.version} is deployed again, because the cluster had drifted.`);
  const { version, attempt } = application;
  return { name, version, ...(attempt && { attempt: attempt.number }) };
}

/**
 * Runs `app validate`: checks files without sending them. With `--online`, the server checks them too, and changes
 * nothing.
 */
export async function appValidate(
  options: Options<typeof applicationCommands.appValidate>,
  session: Session,
): Promise<Outcome> {
  const read = await readManifestFiles(
    options.filename,
    options.recursive,
    'Application',
    ['Application', 'ApplicationProfile', 'K8sClusterRegistration'],
    session.io,
  );
  if (isCommandError(read)) return read;
  if (!options.online) {
    for (const manifest of read.manifests) {
      const { file, kind } = manifest;
      const name = nameOf(manifest);
      await session.print.done({ file, kind, name, valid: true }, { text: `${file}: ${kind} is valid`, name });
    }
    return ExitCode.Success;
  }
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const failures: CommandError[] = [];
  for (const manifest of read.manifests) {
    const outcome = await applyOne(manifest, org, { dryRun: true, diff: false }, session);
    if (isCommandError(outcome)) failures.push(outcome);
  }
  return reportAllButLast(failures, session) ?? ExitCode.Success;
}
