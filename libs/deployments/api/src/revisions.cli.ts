import { ExitCode, isCommandError, usage, type Column, type Options, type Outcome, type Session } from '#cli';
import { listRevisionsRequest, rollbackRequest } from '#deployments/contract';
import type { applicationCommands } from './commands.cli.ts';

/** `app history NAME`. */
export async function appHistory(
  options: Options<typeof applicationCommands.appHistory>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(listRevisionsRequest, { org, name: options.name });
  if (!found.ok) return found.failure;
  type Row = (typeof found.value.items)[number];
  const columns: Column<Row>[] = [
    { title: 'VERSION', value: (row) => row.version },
    { title: 'STATE', value: (row) => row.state },
    { title: 'SOURCE', value: (row) => row.source },
    { title: 'BY', value: (row) => row.by },
    { title: 'WHEN', value: (row) => row.when },
    { title: 'ROLLBACK', value: (row) => row.rollback },
  ];
  await session.print.list(found.value.items, { columns, name: (row) => `revision/${row.version}` });
  return ExitCode.Success;
}

/** `app rollback NAME [--to v3]`: shows what changes, asks, and deploys the old content as a new revision. */
export async function appRollback(
  options: Options<typeof applicationCommands.appRollback>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  const to = options.to;
  const revision = to === undefined ? undefined : Number(/^v?(\d{1,9})$/.exec(to)?.[1]);
  if (revision !== undefined && !(revision >= 1))
    return usage(`${to} is not a version.`, `see: astroctl app history ${name}`);
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const input = { org, name, ...(revision !== undefined && { to: revision }) };
  const plan = await session.call(rollbackRequest, input, { dryRun: true });
  if (!plan.ok) return plan.failure;
  for (const change of plan.value.changes) session.print.note(`  ${change}`);
  const sure = await session.confirm(`Roll ${name} back${to === undefined ? '' : ` to ${to}`}?`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(rollbackRequest, input);
  if (!done.ok) return done.failure;
  session.print.line(`application/${name} ${done.value.outcome}`);
  session.print.note(
    `${name} ${done.value.application.version} has the content of ${to ?? 'the version before'}. Next: astroctl app wait ${name}`,
  );
  return ExitCode.Success;
}
