import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { ExitCode, localError, type Options, type Outcome, type Session } from '#cli';
import type { installCommands } from './commands.ts';

/** `install`: a launcher that starts this astroctl from any folder. */
export async function install(options: Options<typeof installCommands.install>, session: Session): Promise<Outcome> {
  const { home, cwd, environment, program } = session.io;
  const prefix = options.prefix.replace(/^~(?=\/|$)/, home);
  const folder = join(resolve(cwd, prefix), 'bin');
  const launcher = join(folder, 'astroctl');
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      launcher,
      `#!/bin/sh\nASTROPULSE_LAUNCHER='${shellText(launcher)}' exec '${shellText(process.execPath)}' '${shellText(program)}' "$@"\n`,
    );
    chmodSync(launcher, 0o755);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
    return localError(
      1,
      `${launcher} cannot be written (${code}).`,
      'choose a folder that you can write: astroctl install --prefix ~/.local',
    );
  }
  session.print.note(`Installed ${launcher}.`);
  if (!(environment['PATH'] ?? '').split(delimiter).includes(folder))
    session.print.note(`${folder} is not on your PATH; add: export PATH="${folder}:$PATH"`);
  return ExitCode.Success;
}

const shellText = (path: string): string => path.replaceAll("'", `'\\''`);
