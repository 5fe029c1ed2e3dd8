import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withTimeout, type Clock, type Logger } from '#kernel';

const here = dirname(fileURLToPath(import.meta.url));
/** Output of `npm run build`, relative to the built platform. */
const BUILT = join(here, '..', 'console');
/** Root of the repository, relative to this file. */
const ROOT = join(here, '..', '..', '..', '..');

/** The files of the console. */
export interface ConsoleFiles {
  /** Its page, with `%NONCE%` for the nonce of the response. */
  readonly page: string;
  /** Folder with the page and `assets`, whose names change with their content. */
  readonly folder: string;
}

/** Returns the console's files; `building` until they are there. */
export interface ConsoleBuild {
  files(): Promise<ConsoleFiles | 'building'>;
}

/** Milliseconds that a request waits for a build, which is short if the cache has it. */
const WAIT_MS = 1_000;

/** Reads the console that was built with the platform. A platform that runs from source builds it at the first request. */
export function createConsoleBuild({
  logger,
  clock,
}: {
  readonly logger: Logger;
  readonly clock: Clock;
}): ConsoleBuild {
  let reading: Promise<ConsoleFiles> | undefined;
  const read = (): Promise<ConsoleFiles> => {
    reading ??= readFiles().catch((error: unknown) => {
      reading = undefined;
      logger.error({ err: error }, 'the console cannot be built');
      throw error;
    });
    return reading;
  };
  return { files: () => withTimeout(clock, WAIT_MS, read(), () => 'building' as const) };
}

async function readFiles(): Promise<ConsoleFiles> {
  const folder = existsSync(join(BUILT, 'index.html')) ? BUILT : await build();
  return { folder, page: await readFile(join(folder, 'index.html'), 'utf8') };
}

/** Builds the console in a process of its own, unless the cache has it. Returns its folder. */
async function build(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'tools', 'console', 'build.mjs')], {
    cwd: ROOT,
  });
  return stdout.trim().split('\n').at(-1) ?? '';
}
