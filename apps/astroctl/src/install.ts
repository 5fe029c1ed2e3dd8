import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { ExitCode, localError, type Options, type Outcome, type Session } from '#cli';
import { reasonOf } from '#files';
import type { installCommands } from './commands.ts';

/**
 * Runs `install`: copies this astroctl below the prefix, with a launcher that works from any folder. It is copied
 * because npx runs programs from a cache that it deletes.
 */
export async function install(options: Options<typeof installCommands.install>, session: Session): Promise<Outcome> {
  const { home, cwd, environment, program } = session.io;
  const prefix = resolve(cwd, options.prefix.replace(/^~(?=\/|$)/, home));
  const folder = join(prefix, 'bin');
  const launcher = join(folder, 'astroctl');
  try {
    const installed = isBuilt(program) ? copied(program, join(prefix, 'lib', 'astroctl'), session) : program;
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      launcher,
      `#!/bin/sh\nASTROPULSE_LAUNCHER='${shellText(launcher)}' exec '${shellText(process.execPath)}' '${shellText(installed)}' "$@"\n`,
    );
    chmodSync(launcher, 0o755);
  } catch (error) {
    return localError(
      ExitCode.Failed,
      `${launcher} cannot be written: ${reasonOf(error)}.`,
      'choose a folder that you can write: astroctl install --prefix ~/.local',
    );
  }
  session.print.note(`Installed ${launcher}.`);
  if (!(environment['PATH'] ?? '').split(delimiter).includes(folder))
    session.print.note(`${folder} is not on your PATH; add: export PATH="${folder}:$PATH"`);
  session.print.note('Next: astroctl auth login --api-url URL');
  return ExitCode.Success;
}

/** A bundled program has its files next to it. From source, it needs the clone. */
const isBuilt = (program: string): boolean => program.endsWith('.mjs');

/** Copies the folder of the program, replacing an existing one. @returns path of the program in the copy */
function copied(program: string, to: string, { io }: Session): string {
  const from = dirname(program);
  const copy = join(to, basename(program));
  if (resolve(from) === resolve(to)) return copy; // an installed astroctl installs itself again
  const draft = `${to}.${io.ids.uuid()}`;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, draft, { recursive: true, filter: (file) => !/\.(map|tgz)$/.test(file) });
  if (existsSync(to)) rmSync(to, { recursive: true });
  renameSync(draft, to);
  return copy;
}

const shellText = (path: string): string => path.replaceAll("'", `'\\''`);
