// node tools/clients/main.mjs [go|transparency|python|typescript|chromium]…: prepares clients in other languages in the
// cache folder, from Go modules, PyPI and npm, and the browser, from Debian, and prints the environment variables for the
// test suites. If a toolchain is missing, the client is omitted with a line on standard error, and its suite is skipped.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
/** A program in Go, whose folder has its name. */
const goClient = (variable, name) => ({
  variable,
  needs: 'go',
  sources: name,
  make: (from, to) => run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(to, name), '.'], from),
  value: (folder) => join(folder, name),
});
const CLIENTS = {
  go: goClient('ASTRO_TEST_GO_CLIENT', 'operator'),
  transparency: goClient('ASTRO_TEST_TRANSPARENCY_CLIENT', 'transparency'),
  python: {
    variable: 'ASTRO_TEST_PYTHON_CLIENT',
    needs: 'python3',
    sources: 'python',
    make(from, to) {
      run('python3', ['-m', 'venv', to], from);
      run(
        join(to, 'bin', 'pip'),
        ['install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
        from,
      );
    },
    value: (folder) => folder,
  },
  typescript: {
    variable: 'ASTRO_TEST_TYPESCRIPT_CLIENT',
    needs: 'npm',
    sources: 'typescript',
    make(from, to) {
      cpSync(from, to, { recursive: true });
      run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], to);
    },
    value: (folder) => folder,
  },
};

const names = [...Object.keys(CLIENTS), 'chromium'];
const words = process.argv.slice(2);
if (words.some((word) => !names.includes(word))) {
  console.error(`usage: node tools/clients/main.mjs [${names.join('|')}]…`);
  process.exit(2);
}
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'astro-platform', 'clients');
for (const name of words.length > 0 ? words : names) {
  if (name === 'chromium') {
    const program = chromium();
    console[program ? 'log' : 'error'](
      program ? `ASTRO_TEST_CHROMIUM=${program}` : 'chromium: it is not there, so its suite is skipped',
    );
    continue;
  }
  const { variable, needs, sources, make, value } = CLIENTS[name];
  const from = join(here, sources);
  const folder = join(cache, `${name}-${hashOf(from)}`);
  if (!existsSync(folder)) {
    if (!isThere(needs)) {
      console.error(`${name}: ${needs} is not there, so its suite is skipped`);
      continue;
    }
    console.error(`preparing the client of ${name} ...`);
    prepare(folder, (to) => make(from, to));
  }
  console.log(`${variable}=${value(folder)}`);
}

/**
 * Runs in the final folder, since a virtual environment of Python cannot be moved. The folder is deleted after a
 * failure.
 */
function prepare(folder, make) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    make(folder);
  } catch (error) {
    renameSync(folder, `${folder}.failed-${process.pid}`);
    rmSync(`${folder}.failed-${process.pid}`, { recursive: true, force: true });
    throw error;
  }
}

function hashOf(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}

function pathOf(program) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

function isThere(program) {
  return pathOf(program) !== undefined;
}

/** Returns the path of Chromium, which root installs from Debian. */
function chromium() {
  if (!isThere('chromium') && process.getuid?.() === 0 && isThere('apt-get')) {
    console.error('installing chromium ...');
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core']);
  }
  return pathOf('chromium');
}

function run(program, args, cwd) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const done = spawnSync(program, args, { cwd, env, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${done.status ?? done.error}`);
}
