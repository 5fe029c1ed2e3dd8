import {
  ExitCode,
  isCommandError,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { diffApplicationRequest, listRevisionsRequest, rollbackRequest } from '#deployments/contract';
import { diffLines, revisionOf } from './diff.cli.ts';
import { reasonIn, type applicationCommands } from './commands.cli.ts';

/** Runs `app history NAME`. */
export async function appHistory(
  options: Options<typeof applicationCommands.appHistory>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.list(listRevisionsRequest, { org, name: options.name });
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
  const { rollbackOf, application } = plan.value;
  const target = rollbackOf ?? (revision === undefined ? 'the previous version' : `v${revision}`);
  const change = await changeTo(org, name, application.version, rollbackOf, session);
  if (isCommandError(change)) return change;
  for (const line of change) session.print.note(line);
  const sure = await session.confirm(`Roll ${name} back to ${target}?`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(rollbackRequest, input);
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
