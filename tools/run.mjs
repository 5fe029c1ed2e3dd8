// node tools/run.mjs ARGUMENTS: installs the packages of package-lock.json if necessary, then runs the Node that they
// include. Works with Node 18 and later. If two processes start at the same time, only one installs and the other one
// waits.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from './once.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const node = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node');
const stamp = join(root, 'node_modules', '.installed');
const lock = join(root, '.installing');
// The version of the platform is ignored, so that a release with the same packages installs nothing.
const pinned = readFileSync(join(root, 'package-lock.json'), 'utf8').replaceAll(
  /("name": "astro-platform",\s+"version": )"[^"]*"/g,
  '$1"0.0.0"',
);
const wanted = createHash('sha256').update(pinned).digest('hex');
const installed = () => existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

await once(lock, installed, install);
const child = spawn(node, process.argv.slice(2), {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: bin + delimiter + process.env.PATH },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGTERM' ? 143 : 130)));

function install() {
  console.error('Installing dependencies (once) ...');
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const done = spawnSync(npm[0], [...npm.slice(1), 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: npm.length === 1 && process.platform === 'win32',
  });
  if (done.status !== 0) {
    rmSync(lock, { force: true });
    process.exit(done.status ?? 1);
  }
  writeFileSync(stamp, wanted);
}
