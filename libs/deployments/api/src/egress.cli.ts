import {
  ExitCode,
  hasTerminal,
  isCommandError,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { listEgressRequest, setEgressRequest, type EgressEntry } from '#deployments/contract';
import { meRequest } from '#identity/contract';
import { z } from 'zod';
import type { egressCommands } from './commands.cli.ts';

const COLUMNS: readonly Column<EgressEntry>[] = [
  { title: 'ENTRY', value: ({ entry }) => entry },
  { title: 'SOURCE', value: ({ source }) => (source === 'setting' ? 'ASTRO_EGRESS_ALLOW' : 'admin') },
  { title: 'BY', value: ({ by }) => by },
  { title: 'SINCE', value: ({ since }) => since },
];

/** Runs `admin egress list`. */
export async function egressList(
  _options: Options<typeof egressCommands.egressList>,
  session: Session,
): Promise<Outcome> {
  const listed = await session.list(listEgressRequest, {});
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: COLUMNS,
    name: ({ entry }) => `egress/${entry}`,
    empty: 'Public addresses only.',
  });
  return ExitCode.Success;
}

/** Runs `admin egress allow ENTRY`. */
export const egressAllow = ({ entry }: Options<typeof egressCommands.egressAllow>, session: Session) =>
  set(entry, true, session);

/** Runs `admin egress deny ENTRY`. */
export const egressDeny = ({ entry }: Options<typeof egressCommands.egressDeny>, session: Session) =>
  set(entry, false, session);

async function set(entry: string, allowed: boolean, session: Session): Promise<Outcome> {
  const done = await session.call(setEgressRequest, { entry, allowed });
  if (!done.ok) return done.failure;
  const name = `egress/${done.value.entry}`;
  await session.print.done(done.value, { text: `${name} ${allowed ? 'allowed' : 'denied'}`, name });
  return ExitCode.Success;
}

/** Error that contains the entry to allow, for programs. */
const refusal = z.object({ code: z.literal('clusters/egress-refused'), allow: z.string() });

/**
 * After a rejected address, asks a global admin in a terminal whether to allow it. `-y` does not confirm this question.
 * @returns whether the address is allowed now, or a failure of the request
 */
export async function offerToAllow(failure: CommandError, session: Session): Promise<boolean | CommandError> {
  const refused = refusal.safeParse(failure.problem);
  if (!refused.success || session.flags.yes || !hasTerminal(session.io)) return false;
  const me = await session.call(meRequest, {});
  if (!me.ok || me.value.globalRole !== 'admin') return false;
  const { allow } = refused.data;
  const sure = await session.confirm(`Allow the platform to connect to ${allow}, for all organizations?`);
  if (isCommandError(sure)) return false;
  const done = await set(allow, true, session);
  return isCommandError(done) ? done : true;
}
