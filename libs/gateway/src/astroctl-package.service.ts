import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PublicFile } from '#http';

const here = dirname(fileURLToPath(import.meta.url));
/** Where `npm run build` puts it, seen from the built platform beside it. */
const BUILT = join(here, '..', 'astroctl', 'astroctl.tgz');
/** Where this file is in a clone. */
const ROOT = join(here, '..', '..', '..');

/** The npm package of astroctl. A platform that runs from source makes it at the first request, from the same source. */
async function read(): Promise<Uint8Array> {
  if (existsSync(BUILT)) return readFile(BUILT);
  const build = join(ROOT, 'tools', 'build.mjs');
  await promisify(execFile)(process.execPath, [build, 'apps/astroctl', 'dist', '--pack'], { cwd: ROOT });
  return readFile(join(ROOT, 'dist', 'apps', 'astroctl', 'astroctl.tgz'));
}

/** What `npx https://…/download/astroctl.tgz` runs and `npm install --global` takes. */
export const ASTROCTL_PACKAGE: readonly PublicFile[] = ['/download/astroctl.tgz', '/v1/download/astroctl.tgz'].map(
  (path) => ({ path, mediaType: 'application/gzip', read }),
);
