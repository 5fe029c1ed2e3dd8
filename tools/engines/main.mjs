// npm run engines [-- NAME… [--build|--detach FOLDER]]: builds and starts real engines on loopback and prints the
// environment variables for the test suites. NAME is nats, mongo, registry or kubernetes; all by default. Ctrl-C ends them;
// with --detach they run in FOLDER until `tools/engines/down.sh FOLDER/NAME`; with --build they are not started.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const ENGINES = {
  nats: { ports: 1, variable: 'ASTRO_TEST_NATS_URL' },
  mongo: { ports: 2, variable: 'ASTRO_TEST_MONGO_URL' },
  registry: { ports: 1, variable: 'ASTRO_TEST_REGISTRY_URL' },
  kubernetes: { ports: 6, variable: 'ASTRO_TEST_KUBECONFIG' },
};

const words = process.argv.slice(2);
const detachAt = words.indexOf('--detach');
const detached = detachAt === -1 ? undefined : words.splice(detachAt, 2)[1];
const buildAt = words.indexOf('--build');
if (buildAt !== -1) words.splice(buildAt, 1);
const unknown = words.filter((word) => !(word in ENGINES));
if (unknown.length > 0 || (detachAt !== -1 && !detached)) {
  console.error(`usage: npm run engines -- [${Object.keys(ENGINES).join('|')}]… [--build|--detach FOLDER]`);
  process.exit(2);
}
const names = words.length > 0 ? words : Object.keys(ENGINES);
const bin =
  process.env.ASTRO_ENGINES_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'astro-platform', 'engines');
run('build.sh', [bin, ...names]);
if (buildAt !== -1) process.exit();

const folder = detached ? resolve(detached) : mkdtempSync(join(tmpdir(), 'astro-engines-'));
mkdirSync(folder, { recursive: true });
chmodSync(folder, 0o755); // PostgreSQL runs as another user and must have access
const started = [];
try {
  for (const name of names) {
    const { ports, variable } = ENGINES[name];
    started.push(name);
    const value = run(`${name}/up.sh`, [bin, join(folder, name), String(await freePorts(ports))]).trim();
    console.log(`${detached ? '' : 'export '}${variable}=${value}`);
  }
} catch (error) {
  end();
  throw error;
}
if (!detached) {
  console.error(`Running in ${folder}; Ctrl-C ends them.`);
  const timer = setInterval(() => {}, 1 << 30);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      clearInterval(timer);
      end();
      process.exit(0);
    });
  }
}

function end() {
  for (const name of started) spawnSync(join(here, 'down.sh'), [join(folder, name)], { stdio: 'inherit' });
  if (!detached) rmSync(folder, { recursive: true, force: true });
}

function run(script, args) {
  const done = spawnSync(join(here, script), args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (done.status !== 0) {
    end();
    process.exit(done.status ?? 1);
  }
  return done.stdout;
}

/** Returns the first of `count` consecutive free ports on loopback. */
async function freePorts(count) {
  for (let tries = 0; tries < 200; tries++) {
    const first = 20_000 + Math.floor(Math.random() * 30_000);
    const all = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (all.every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row`);
}

function isFree(port) {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}
