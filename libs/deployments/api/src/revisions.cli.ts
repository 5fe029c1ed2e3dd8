import {
  ExitCode,
  isCommandError,
  localError,
  printable,
  usage,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  diffApplicationRequest,
  getRevisionRequest,
  listRevisionsRequest,
  rollbackRequest,
  type RevisionReceipt,
} from '#deployments/contract';
import { diffLines, revisionOf } from './diff.cli.ts';
import { reasonIn, type applicationCommands } from './commands.cli.ts';

/** Runs `app history NAME [VERSION]`. */
export async function appHistory(
  options: Options<typeof applicationCommands.appHistory>,
  session: Session,
): Promise<Outcome> {
  const { name, version, objects } = options;
  if (version !== undefined) return showRevision({ name, version, objects }, session);
  if (objects) return usage('--objects needs a version.', `astroctl app history ${name} v1 --objects`);
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.list(listRevisionsRequest, { org, name });
  if (!found.ok) return found.failure;
  type Row = (typeof found.value)[number];
  const columns: Column<Row>[] = [
    { title: 'VERSION', value: (row) => row.version },
    { title: 'STATE', value: (row) => row.state },
    { title: 'SOURCE', value: (row) => row.source },
    { title: 'BY', value: (row) => row.by },
    { title: 'WHEN', value: (row) => row.when },
    { title: 'ROLLBACK', value: (row) => row.rollback },
    { title: 'MESSAGE', value: (row) => row.message, wide: true },
  ];
  await session.print.list(found.value, { columns, name: (row) => `revision/${row.version}` });
  return ExitCode.Success;
}

async function showRevision(
  { name, version, objects }: { readonly name: string; readonly version: string; readonly objects: boolean },
  session: Session,
): Promise<Outcome> {
  const revision = revisionOf(version, name);
  if (isCommandError(revision)) return revision;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getRevisionRequest, { org, name, revision, ...(objects && { objects }) });
  if (!found.ok) return found.failure;
  const { receipt } = found.value;
  if (!receipt)
    return localError(ExitCode.Failed, `The receipt of ${name} ${version} is not available.`, 'try again in a minute');
  const all = [...(found.value.objects ?? [])];
  for (let { next } = found.value; next !== undefined;) {
    const more = await session.call(getRevisionRequest, { org, name, revision, objects, from: next });
    if (!more.ok) return more.failure;
    all.push(...(more.value.objects ?? []));
    next = more.value.next;
  }
  const { print } = session;
  const shown = { name, version: found.value.version, ...receipt };
  if (print.format === 'table' || print.format === 'wide') {
    const { stringify } = await import('yaml');
    if (objects)
      for (const object of all) print.line(`---\n${stringify(object, { version: '1.1', lineWidth: 0 }).trimEnd()}`);
    else for (const line of receiptLines(shown)) print.line(printable(line));
  } else
    await print.one(
      { ...shown, ...(objects && { objects: all }) },
      { lines: [], name: () => `revision/${found.value.version}` },
    );
  return ExitCode.Success;
}

/** Returns a receipt as lines: what was requested, followed by each attempt. */
function receiptLines(receipt: RevisionReceipt & { readonly name: string; readonly version: string }): string[] {
  const { source, profile, options, attempts, attemptCount } = receipt;
  const older = attemptCount - attempts.length;
  const { auto, prune, selfHeal, rollback, namespaceMode, dependsOn } = options;
  return [
    ...Object.entries({
      name: receipt.name,
      version: receipt.version,
      by: receipt.by,
      permission: receipt.permission && `${receipt.permission}${receipt.byAdmin ? ' as owner or admin' : ''}`,
      when: receipt.when,
      requestId: receipt.requestId,
      message: receipt.message,
      rollbackOf: receipt.rollbackOf,
      source: `${source.type} ${source.ref}`,
      commit: source.commit,
      digest: source.digest,
      profile: `${profile.name}, revision ${profile.revision}`,
      tier: receipt.tier,
      cluster: receipt.cluster,
      namespace: receipt.namespace,
      options: [
        prune ? 'prune' : 'no prune',
        ...(auto ? ['auto'] : []),
        ...(selfHeal ? ['selfHeal'] : []),
        ...(rollback ? ['rollback'] : []),
        ...(namespaceMode === 'preserve' ? ['namespaceMode preserve'] : []),
        ...(dependsOn.length > 0 ? [`dependsOn ${dependsOn.join(' ')}`] : []),
      ].join(', '),
      changes: receipt.changes.length > 0 ? receipt.changes.join('; ') : null,
    }).map(([key, value]) => `${`${key}:`.padEnd(17)}${value === null || value === '' ? '-' : value}`),
    ...(older > 0 ? [`${older} older attempts are not shown`] : []),
    ...attempts.flatMap(attemptLines),
  ];
}

function attemptLines(attempt: RevisionReceipt['attempts'][number]): string[] {
  const { number, cause, by, requestedAt, state, endedAt, result, changes, changeCount, objects, digest } = attempt;
  const details = [
    ...(attempt.message === null ? [] : [`message: ${attempt.message}`]),
    ...(attempt.failFast ? ['option: fail-fast'] : []),
    ...(attempt.allowRemovals ? ['option: delete most objects'] : []),
    ...(attempt.restart ? ['option: replace the pods'] : []),
    ...(attempt.fetched === null ? [] : [`source: ${attempt.fetched}`]),
    ...(objects === null ? [] : [`objects: ${objects}${digest === null ? '' : `, sha256:${digest.slice(0, 12)}`}`]),
    ...(changeCount === null ? [] : [`changed: ${changeCount}`]),
    ...changes.map(
      ({ object, action, fields }) => `  ${action} ${object}${fields.length > 0 ? `: ${fields.join(', ')}` : ''}`,
    ),
    ...attempt.warnings.map((warning) => `warning: ${warning}`),
    ...(result === null ? [] : [`result: ${result}`]),
    ...(attempt.code === null ? [] : [`code: ${attempt.code}`]),
    ...(attempt.fix === null ? [] : [`fix: ${attempt.fix}`]),
  ];
  return [
    '',
    `attempt ${number}: ${cause} by ${by} at ${requestedAt}, ${state}${endedAt === null ? '' : ` at ${endedAt}`}`,
    ...details.map((line) => `  ${line}`),
  ];
}

/**
 * Runs `app rollback NAME [--to v3]`: shows the change field by field, asks for confirmation, and deploys the earlier
 * content as a new revision.
 */
export async function appRollback(
  options: Options<typeof applicationCommands.appRollback>,
  session: Session,
): Promise<Outcome> {
  const { name } = options;
  const revision = options.to === undefined ? undefined : revisionOf(options.to, name);
  if (isCommandError(revision)) return revision;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const input = { org, name, ...reasonIn(options), ...(revision !== undefined && { to: revision }) };
  const plan = await session.call(rollbackRequest, input, { dryRun: true });
  if (!plan.ok) return plan.failure;
  const { rollbackOf, application, removals, warnings = [] } = plan.value;
  const target = rollbackOf ?? (revision === undefined ? 'the previous version' : `v${revision}`);
  const change = await changeTo(org, name, application.version, rollbackOf, session);
  if (isCommandError(change)) return change;
  for (const line of change) session.print.note(line);
  for (const warning of warnings) session.print.note(`Warning: ${warning}.`);
  if (removals !== undefined) session.print.note(`Warning: ${removals}.`);
  const sure = await session.confirm(`Roll ${name} back to ${target}?`);
  if (isCommandError(sure)) return sure;
  const isShown = removals !== undefined || session.flags.yes;
  const done = await session.call(rollbackRequest, { ...input, ...(isShown && { allowRemovals: true }) });
  if (!done.ok) return done.failure;
  await session.print.done(done.value, {
    text: `application/${name} ${done.value.outcome}`,
    name: `application/${name}`,
  });
  session.print.note(
    `${name} ${done.value.application.version} has the content of ${target}. Next: astroctl app wait ${name}`,
  );
  return ExitCode.Success;
}

/** @param planned version that the rollback would create */
async function changeTo(
  org: string,
  name: string,
  planned: string,
  target: string | undefined,
  session: Session,
): Promise<readonly string[] | CommandError> {
  const to = target === undefined ? undefined : revisionOf(target, name);
  const next = revisionOf(planned, name);
  if (to === undefined || isCommandError(to) || isCommandError(next)) return [];
  const diff = await session.call(diffApplicationRequest, { org, name, from: next - 1, to });
  if (!diff.ok) return diff.failure;
  return diff.value.changes.length > 0 ? diffLines(diff.value) : [`${name} would not change.`];
}
