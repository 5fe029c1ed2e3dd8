import { PERMISSION_NAMES, type Permission } from '#access';
import {
  canRequest,
  explainAccessRequest,
  listPermissionsRequest,
  whoCanRequest,
  wayText,
  type AccessWay,
} from '#audit/contract';
import { isCommandError, usage, type Column, type CommandError, type Options, type Outcome, type Session } from '#cli';
import { nearestName } from '#kernel';
import type { accessCommands } from './access-commands.cli.ts';

const WAY_COLUMNS: readonly Column<AccessWay>[] = [
  { title: 'WHO', value: whoOf },
  { title: 'HOW', value: (way) => wayText(way) },
  { title: 'FROM', value: ({ from }) => from },
  { title: 'TO', value: ({ to }) => to },
  { title: 'GRANTED-BY', value: grantorOf },
  { title: 'EVENT', value: ({ grant }) => grant?.id ?? null },
  { title: 'POSITION', value: ({ grant }) => grant?.position ?? null, wide: true },
];

/** Runs `access can-i PERMISSION [TYPE/NAME]`: prints `yes` or `no`, and why. */
export async function accessCanI(
  options: Options<typeof accessCommands.accessCanI>,
  session: Session,
): Promise<Outcome> {
  const input = await questionOf(options, session);
  if (isCommandError(input)) return input;
  const found = await session.call(canRequest, input);
  if (!found.ok) return found.failure;
  if (isForPeople(session)) session.print.line(found.value.allowed ? 'yes' : 'no');
  else await session.print.one(found.value, { lines: [], name: nameOf });
  const { way, detail } = found.value;
  if (way) session.print.note(`${wayText(way)}, granted by ${grantorOf(way)} at ${way.grant?.recordedAt ?? way.from}`);
  else if (detail !== null) session.print.note(detail);
  return 0;
}

/** Runs `access who-can PERMISSION [TYPE/NAME]`: prints a row for each way in which somebody has or had a permission. */
export async function accessWhoCan(
  options: Options<typeof accessCommands.accessWhoCan>,
  session: Session,
): Promise<Outcome> {
  const input = await questionOf(options, session);
  if (isCommandError(input)) return input;
  const during = options.during;
  const listed = await session.list(whoCanRequest, { ...input, ...(during !== undefined && { during }) });
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: WAY_COLUMNS,
    name: ({ user }) => `member/${user}`,
    empty: `Nobody ${during === undefined ? 'has' : 'had'} ${options.permission}.`,
  });
  return 0;
}

/** Runs `access explain PERMISSION [TYPE/NAME]`: prints the rule, and all ways in which a user has the permission. */
export async function accessExplain(
  options: Options<typeof accessCommands.accessExplain>,
  session: Session,
): Promise<Outcome> {
  const input = await questionOf(options, session);
  if (isCommandError(input)) return input;
  const { user } = options;
  const found = await session.call(explainAccessRequest, { ...input, ...(user !== undefined && { user }) });
  if (!found.ok) return found.failure;
  const { ways, fix, grantedTo, with: credential, ...rest } = found.value;
  if (!isForPeople(session)) {
    await session.print.one(found.value, { lines: [], name: nameOf });
    return 0;
  }
  const shown = {
    ...rest,
    user: rest.email ?? rest.name ?? rest.user,
    grantedTo: grantedTo.join(', '),
    with: credential,
  };
  const lines = [
    'user',
    'permission',
    'object',
    'protected',
    'allowed',
    'detail',
    'grantedTo',
    'with',
    'time',
    'position',
    'rulesOf',
  ] as const;
  await session.print.one(shown, { lines });
  if (ways.length > 0) {
    session.print.line('');
    await session.print.list(ways, { columns: WAY_COLUMNS, name: ({ user: id }) => `member/${id}` });
  } else if (fix !== null) session.print.note(`Fix:   ${fix}`);
  return 0;
}

/** Runs `access permissions`. */
export async function accessPermissions(
  _options: Options<typeof accessCommands.accessPermissions>,
  session: Session,
): Promise<Outcome> {
  const listed = await session.list(listPermissionsRequest, {});
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: [
      { title: 'PERMISSION', value: ({ name }) => name },
      { title: 'WHO', value: ({ grantedTo }) => grantedTo.join(',') },
      { title: 'WITH', value: (permission) => permission.with },
      { title: 'ALLOWS', value: ({ allows }) => allows },
    ],
    name: ({ name }) => `permission/${name}`,
  });
  return 0;
}

const isForPeople = ({ print: { format } }: Session): boolean => format === 'table' || format === 'wide';

const nameOf = ({ permission }: { readonly permission: string }): string => `permission/${permission}`;

interface Asked {
  readonly permission: string;
  readonly object: string | undefined;
  readonly 'as-of': string | undefined;
  readonly rules: 'then' | 'current';
}

/** Returns the input of a question about the current organization. */
async function questionOf({ permission, object, 'as-of': asOf, rules }: Asked, session: Session) {
  const known = permissionNamed(permission);
  if (isCommandError(known)) return known;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  return {
    org,
    permission: known,
    rules,
    ...(object !== undefined && { object }),
    ...(asOf !== undefined && { asOf }),
  };
}

function permissionNamed(text: string): Permission | CommandError {
  const found = PERMISSION_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  const nearest = nearestName(text, PERMISSION_NAMES);
  return usage(
    `${text} is not a permission.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
    'list them: astroctl access permissions',
  );
}

function whoOf({ kind, email, name, user }: AccessWay): string {
  return kind === 'service' ? (name ?? user) : (email ?? user);
}

function grantorOf({ grant }: AccessWay): string | null {
  return grant && (grant.actorEmail ?? grant.actor);
}
