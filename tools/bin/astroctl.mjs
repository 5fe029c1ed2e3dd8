#!/usr/bin/env node
// npx astroctl: runs the bundled command line with the Node of the install. Bundles it first if its sources are newer
// (0.3 s).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const node = join(root, 'node_modules', '.bin', 'node');
const bundle = join(root, 'dist', 'apps', 'astroctl', 'main.mjs');

if (!existsSync(node)) {
  console.error('Error: the dependencies are not installed.\nFix:   npm start');
  process.exit(1);
}
if (!existsSync(bundle) || newest(['apps/astroctl', 'libs', 'package.json']) > statSync(bundle).mtimeMs) {
  const built = spawnSync(node, [join(root, 'tools', 'build.mjs'), 'apps/astroctl'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
const environment = {
  ...process.env,
  ASTROPULSE_LAUNCHER: fileURLToPath(import.meta.url),
  PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
};
const run = spawnSync(node, [bundle, ...process.argv.slice(2)], { stdio: 'inherit', env: environment });
process.exit(run.status ?? (run.signal === 'SIGINT' ? 130 : 1));

/** Returns the time of the newest source below these folders, in milliseconds since 1970. */
function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const full = join(root, path);
    const info = statSync(full);
    if (info.isFile()) latest = Math.max(latest, info.mtimeMs);
    else
      for (const entry of readdirSync(full, { recursive: true, withFileTypes: true }))
        if (entry.isFile() && entry.name.endsWith('.ts'))
          latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return latest;
}
