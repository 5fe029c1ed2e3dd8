import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { OutputOf } from '#bus/contract';
import {
  age,
  ExitCode,
  isCommandError,
  localError,
  readBytes,
  usage,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  listSecretsRequest,
  SECRET_VALUE_BYTES,
  secretKey,
  SECRETS_BYTES,
  setSecretRequest,
  setSecretsRequest,
  unsetSecretRequest,
  type SecretView,
} from '#deployments/contract';
import { codeOf } from './error-code.ts';
import type { secretCommands } from './commands.cli.ts';
import { timeoutOf, waitForRollout } from './rollout-wait.cli.ts';

type Changed = OutputOf<typeof setSecretRequest>;
type Changing = Pick<Options<typeof secretCommands.secretsSet>, 'name' | 'wait' | 'timeout' | 'dry-run'>;

/**
 * Runs `app secrets set NAME KEY`, with the value on standard input, or `app secrets set NAME --from-env-file F`. The
 * value is never an argument, which other users of the machine could read.
 */
export async function secretsSet(
  options: Options<typeof secretCommands.secretsSet>,
  session: Session,
): Promise<Outcome> {
  const { name, key } = options;
  const file = options['from-env-file'];
  if ((key === undefined) === (file === undefined))
    return usage(
      'Either a KEY or --from-env-file is required.',
      `astroctl app secrets set ${name} KEY < FILE, or: astroctl app secrets set ${name} --from-env-file FILE`,
    );
  const given = key === undefined ? fromEnvFile(file ?? '', session) : await fromStdin(name, key, session);
  if (isCommandError(given)) return given;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const dryRun = options['dry-run'];
  const done =
    key === undefined
      ? await session.call(setSecretsRequest, { org, name, secrets: given }, { dryRun })
      : await session.call(setSecretRequest, { org, name, key, value: given[key] ?? '' }, { dryRun });
  return done.ok ? shown(done.value, Object.keys(given), { ...options, org }, session) : done.failure;
}

/** Runs `app secrets unset NAME KEY`. */
export async function secretsUnset(
  options: Options<typeof secretCommands.secretsUnset>,
  session: Session,
): Promise<Outcome> {
  const { name, key } = options;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const done = await session.call(unsetSecretRequest, { org, name, key }, { dryRun: options['dry-run'] });
  return done.ok ? shown(done.value, [key], { ...options, org }, session) : done.failure;
}

/** Runs `app secrets list NAME`. */
export async function secretsList(
  { name }: Options<typeof secretCommands.secretsList>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(listSecretsRequest, { org, name });
  if (!found.ok) return found.failure;
  const now = session.io.clock.now();
  const columns: Column<SecretView>[] = [
    { title: 'KEY', value: ({ key }) => key },
    { title: 'VERSION', value: ({ version }) => `v${version}` },
    { title: 'UPDATED', value: ({ updatedAt }) => age(updatedAt, now) },
    { title: 'BY', value: ({ by }) => by },
  ];
  await session.print.list(found.value.items, { columns, name: ({ key }) => `secret/${key}` });
  return ExitCode.Success;
}

/** Prints a line for each key, and what is deployed because of the change. */
async function shown(
  done: Changed,
  keys: readonly string[],
  options: Changing & { readonly org: string },
  session: Session,
): Promise<Outcome> {
  const { name, org, wait } = options;
  const { application, changed, changes, attemptId, dryRun } = done;
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const lines = keys.map((key) => {
    const change = changed.find((other) => other.key === key);
    const word = !change ? 'unchanged' : change.version === null ? 'removed' : `set (v${change.version})`;
    return `secret/${key} ${word}${dryRun ? ' (dry run)' : ''}`;
  });
  await session.print.done(done, { text: lines.join('\n'), name: keys.map((key) => `secret/${key}`).join('\n') });
  if (!application) {
    session.print.note(`${name} does not exist yet. The first revision of ${name} can use its secrets.`);
    return ExitCode.Success;
  }
  if (changes.length === 0) return ExitCode.Success;
  session.print.note(`${name} ${application.version}: ${changes.join('; ')}`);
  if (dryRun || attemptId === null) return ExitCode.Success;
  if (!wait) {
    session.print.note(`Next: astroctl app wait ${name}`);
    return ExitCode.Success;
  }
  const { version } = application;
  return waitForRollout(session, { org, name, version, goal: 'running', timeoutMs, narrate: true });
}

/** Reads the value of one secret. One line break at its end is removed, as `echo` and editors add it. */
async function fromStdin(
  name: string,
  key: string,
  { io }: Session,
): Promise<Readonly<Record<string, string>> | CommandError> {
  const command = `astroctl app secrets set ${name} ${key} < FILE`;
  const wrong = keyError(key);
  if (wrong !== undefined) return usage(wrong, command);
  if (io.stdin.isTTY === true) return usage('The value is read from standard input.', command);
  try {
    const value = textOf(await readBytes(io.stdin, SECRET_VALUE_BYTES + 2))?.replace(/\r?\n$/, '');
    if (value === undefined)
      return localError(ExitCode.Failed, 'The value is not UTF-8 text. Nothing was sent.', command);
    if (value === '') return usage('No value on standard input.', command);
    return { [key]: value };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return localError(
      ExitCode.Failed,
      `The value is larger than ${SECRET_VALUE_BYTES / 1_024} KiB. Nothing was sent.`,
      'store large files in a volume',
    );
  }
}

/**
 * Reads `KEY=VALUE` lines by the rules of Node.js (`util.parseEnv`): comments, quotes, values over several lines in
 * quotes, `export`. Lines of another form are ignored.
 */
function fromEnvFile(path: string, { io }: Session): Readonly<Record<string, string>> | CommandError {
  const check = 'check the path after --from-env-file';
  const absolute = resolve(io.cwd, path);
  try {
    if (statSync(absolute).size > SECRETS_BYTES)
      return localError(
        ExitCode.Failed,
        `${path} is larger than ${SECRETS_BYTES / 1_024} KiB. Nothing was sent.`,
        'set its secrets in several steps',
      );
    const text = textOf(readFileSync(absolute));
    if (text === undefined) return localError(ExitCode.Failed, `${path} is not UTF-8 text. Nothing was sent.`, check);
    const entries = Object.entries(parseEnv(text)).map(([key, value]) => [key, value ?? ''] as const);
    if (entries.length === 0) return localError(ExitCode.Failed, `${path} has no KEY=VALUE lines.`, check);
    const wrong = entries.flatMap(([key]) => keyError(key) ?? [])[0];
    return wrong === undefined
      ? Object.fromEntries(entries)
      : localError(ExitCode.Failed, `${path}: ${wrong} Nothing was sent.`, 'rename the key');
  } catch (error) {
    return localError(ExitCode.Failed, `${path} cannot be read (${codeOf(error)}).`, check);
  }
}

function keyError(key: string): string | undefined {
  const parsed = secretKey.safeParse(key);
  return parsed.success ? undefined : `The key ${key.slice(0, 60)} ${parsed.error.issues[0]?.message ?? 'is invalid'}.`;
}

/** Returns the text without a byte order mark, or undefined if the bytes are not UTF-8 text. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
