import { replayRequest, type ReplayedObject } from '#audit/contract';
import { isCommandError, type Column, type Options, type Outcome, type Session } from '#cli';
import type { replayCommands } from './replay-commands.cli.ts';

const COLUMNS: readonly Column<ReplayedObject>[] = [
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ value }) => textOf(value['name'] ?? value['plan'] ?? value['email']) },
  { title: 'STATE', value: ({ value }) => textOf(value['status'] ?? value['state'] ?? value['role']) },
];

/** Runs `audit replay`: prints every object of the organization as the log says that it is, or was. */
export async function auditReplay(
  { until }: Options<typeof replayCommands.auditReplay>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const objects: ReplayedObject[] = [];
  for await (const object of session.stream(replayRequest, { org, ...(until !== undefined && { until }) }))
    objects.push(object);
  await session.print.list(objects, { columns: COLUMNS, name: ({ kind, id }) => `${kind}/${id}` });
  return 0;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
