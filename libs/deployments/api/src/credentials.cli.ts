import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  age,
  ExitCode,
  isCommandError,
  localError,
  readAll,
  usage,
  type Column,
  type CommandError,
  type Io,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  deleteCredentialRequest,
  listCredentialsRequest,
  setCredentialRequest,
  type CredentialView,
} from '#deployments/contract';
import { codeOf } from './error-code.ts';
import type { credentialCommands } from './commands.cli.ts';

const columnsAt = (now: number): readonly Column<CredentialView>[] => [
  { title: 'HOST', value: ({ host }) => host },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'USER', value: ({ user }) => user },
  { title: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint?.replace(/^fingerprint:/, '') ?? null },
  { title: 'CA', value: ({ certificateAuthority }) => (certificateAuthority ? 'yes' : null), wide: true },
  { title: 'KNOWN-HOSTS', value: ({ knownHosts }) => (knownHosts ? 'yes' : null), wide: true },
  { title: 'UPDATED', value: ({ updatedAt }) => age(updatedAt, now) },
];

const nameOf = ({ host, kind }: Pick<CredentialView, 'host' | 'kind'>): string => `credential/${kind}/${host}`;

/** Runs `credentials list`. */
export async function credentialsList(
  _options: Options<typeof credentialCommands.credentialsList>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const listed = await session.list(listCredentialsRequest, { org });
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: columnsAt(session.io.clock.now()),
    name: nameOf,
    empty: 'No credentials. Store one: astroctl credentials set HOST --kind git < token.txt',
  });
  return ExitCode.Success;
}

const LIMIT_BYTES = 20_000;
const FILE_BYTES = 200_000;

/** Runs `credentials set HOST`. The secret comes from standard input, so that no list of processes shows it. */
export async function credentialsSet(
  options: Options<typeof credentialCommands.credentialsSet>,
  session: Session,
): Promise<Outcome> {
  const { host, kind, user } = options;
  if (kind === undefined) return usage('--kind is required.', 'add --kind git, or --kind registry');
  const certificateAuthority = textOf(options.ca, session.io);
  if (isCommandError(certificateAuthority)) return certificateAuthority;
  const knownHosts = textOf(options['known-hosts'], session.io);
  if (isCommandError(knownHosts)) return knownHosts;
  const secret = await secretOf(session.io);
  if (secret === '' && certificateAuthority === undefined && knownHosts === undefined)
    return usage(
      'No secret on standard input.',
      `pipe it: astroctl credentials set ${host} --kind ${kind} < token.txt`,
    );
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const set = await session.call(setCredentialRequest, {
    org,
    host,
    kind,
    ...(user !== undefined && { user }),
    ...(secret !== '' && { secret }),
    ...(certificateAuthority !== undefined && { certificateAuthority }),
    ...(knownHosts !== undefined && { knownHosts }),
  });
  if (!set.ok) return set.failure;
  const name = nameOf(set.value.credential);
  await session.print.done(set.value, { text: `${name} ${set.value.outcome}`, name });
  return ExitCode.Success;
}

/** Runs `credentials delete HOST`. */
export async function credentialsDelete(
  { host, kind }: Options<typeof credentialCommands.credentialsDelete>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const sure = await session.confirm(
    `Delete the ${kind === undefined ? 'credentials' : `${kind} credential`} of ${host}? Applications from this host cannot be applied without it.`,
  );
  if (isCommandError(sure)) return sure;
  const done = await session.call(deleteCredentialRequest, { org, host, ...(kind !== undefined && { kind }) });
  if (!done.ok) return done.failure;
  const name = `credential/${host}`;
  await session.print.done(done.value, { text: `${name} deleted`, name });
  return ExitCode.Success;
}

/** Returns the secret without a line end at its end, unless it is a private key, which needs it. '' without one. */
async function secretOf({ stdin }: Io): Promise<string> {
  if (stdin.isTTY === true) return '';
  const text = await readAll(stdin, LIMIT_BYTES);
  return text.startsWith('-----BEGIN ') ? text : text.replace(/\r?\n$/, '');
}

function textOf(file: string | undefined, io: Io): string | undefined | CommandError {
  if (file === undefined) return undefined;
  try {
    const text = readFileSync(resolve(io.cwd, file), 'utf8');
    return text.length <= FILE_BYTES ? text : localError(1, `${file} is larger than 200 kB.`, 'check the file');
  } catch (error) {
    return localError(1, `${file} cannot be read (${codeOf(error)}).`, 'check the path');
  }
}
