// node deploy/secrets.mjs [FOLDER]: generates what deploy/compose.yaml needs, in deploy or in FOLDER: the file .env with keys and
// passwords, the file .master-keys, and the folder access with the caller keys and the NATS user of each service. Existing keys
// and passwords are kept, so run it again after an upgrade. Keep all three: without the sealing keys in .env, the vault cannot be
// decrypted.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = resolve(process.argv[2] ?? join(root, 'deploy'));
const access = join(folder, 'access');
const masterKeys = join(folder, '.master-keys');
const environmentFile = join(folder, '.env');
const CALLER_KEYS = '.caller-keys';

const password = () => randomBytes(24).toString('hex');
const key = () => `k1:${randomBytes(32).toString('base64')}`;

mkdirSync(access, { recursive: true, mode: 0o700 });
if (!existsSync(masterKeys)) writeFileSync(masterKeys, key(), { mode: 0o600 });
run(['admin:caller-keys', '--', '--to', access], { ASTRO_CALLER_KEYS: readFileSync(masterKeys, 'utf8').trim() });
writeFileSync(join(access, 'authorization.conf'), run(['admin:nats', '--', access]));
// The user in a container is not the owner; the folder keeps other users of this machine out.
for (const name of readdirSync(access)) if (name.endsWith('.nk')) chmodSync(join(access, name), 0o644);

const before = existsSync(environmentFile) ? readFileSync(environmentFile, 'utf8').split('\n') : [];
const isCallerKeys = (line) => line.startsWith('ASTRO_CALLER_KEYS_');
const has = (name) => before.some((line) => line.startsWith(`${name}=`));
const made = { ASTRO_ADMIN_PASSWORD: password(), ASTRO_MONGO_PASSWORD: password(), ASTRO_SEALING_KEYS: key() };
const lines = [
  ...before.filter((line) => line !== '' && !isCallerKeys(line)),
  ...Object.entries(made).flatMap(([name, value]) => (has(name) ? [] : [`${name}=${value}`])),
  ...readdirSync(access)
    .filter((name) => name.endsWith(CALLER_KEYS))
    .map((name) => {
      const service = name.slice(0, -CALLER_KEYS.length).toUpperCase().replaceAll('-', '_');
      return `ASTRO_CALLER_KEYS_${service}=${readFileSync(join(access, name), 'utf8').trim()}`;
    }),
];
// It has the only copy of the sealing keys, so it is replaced and never truncated.
writeFileSync(`${environmentFile}.new`, `${lines.join('\n')}\n`, { mode: 0o600, flush: true });
renameSync(`${environmentFile}.new`, environmentFile);
console.log(`Wrote ${environmentFile} and ${access}.`);

/** Runs a script of package.json. Returns its standard output. */
function run(script, environment = {}) {
  const done = spawnSync('npm', ['run', '--silent', ...script], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (done.status !== 0) process.exit(done.status ?? 1);
  return done.stdout;
}
