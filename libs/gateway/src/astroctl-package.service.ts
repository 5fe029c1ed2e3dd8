import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PublicFile } from '#http';

const here = dirname(fileURLToPath(import.meta.url));
/** Output of `npm run build`, relative to the built platform. */
const BUILT = join(here, '..', 'astroctl', 'astroctl.tgz');
/** Root of the repository, relative to this file. */
const ROOT = join(here, '..', '..', '..');

/** Returns the npm package of astroctl. A platform that runs from source builds it at the first request. */
async function read(): Promise<Uint8Array> {
  if (existsSync(BUILT)) return readFile(BUILT);
  const build = join(ROOT, 'tools', 'build.mjs');
  await promisify(execFile)(process.execPath, [build, 'apps/astroctl', 'dist', '--pack'], { cwd: ROOT });
  return readFile(join(ROOT, 'dist', 'apps', 'astroctl', 'astroctl.tgz'));
}

/** Downloads of astroctl, for `npx https://…/download/astroctl.tgz` and `npm install --global`. */
export const ASTROCTL_PACKAGE: readonly PublicFile[] = ['/download/astroctl.tgz', '/v1/download/astroctl.tgz'].map(
  (path) => ({ path, mediaType: 'application/gzip', read }),
);
