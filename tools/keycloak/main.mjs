// node tools/keycloak/main.mjs: starts a real Keycloak on loopback with the realm that docs/operations/login.md
// describes, starts a platform that trusts it, and logs a user in with astroctl. Requires Java 17 and Maven, takes
// a few minutes, and is not run by CI. The archive (150 MB) is downloaded from Maven Central and kept in the temporary
// folder. Exits with 0 on success.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const VERSION = '26.3.5';
const AUDIENCE = 'astro-platform';
const ADA = { email: 'ada@acme.dev', password: 'a long pass phrase' };
const root = join(import.meta.dirname, '..', '..');

const folder = mkdtempSync(join(tmpdir(), 'astro-keycloak-'));
const started = [];
try {
  await main();
} finally {
  for (const child of started.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    process.kill(-child.pid, 'SIGTERM');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  const keycloak = await startKeycloak();
  console.log(`Keycloak ${VERSION} serves ${keycloak}`);
  await login(keycloak, 'astroctl');
  await refused(keycloak, 'astroctl-without-mapper');
}

/** Logs a user in completely: device login, key, whoami. */
async function login(issuer, clientId) {
  const platform = await startPlatform(issuer, clientId);
  const done = await astroctlLogin(platform);
  if (done.code !== 0) throw new Error(`auth login failed:\n${done.stderr}`);
  const { stdout } = await astroctl(platform, ['whoami']).ended;
  console.log(stdout);
  if (!/^email: +ada@acme\.dev$/m.test(stdout) || !/^globalRole: +admin$/m.test(stdout))
    throw new Error('whoami does not show the admin ada@acme.dev');
  console.log('Logged in by the device grant: whoami shows the verified address of the token, and a global admin.');
}

/** Without the audience mapper, the login fails and the log explains why. */
async function refused(issuer, clientId) {
  const platform = await startPlatform(issuer, clientId);
  const done = await astroctlLogin(platform);
  const line = readFileSync(join(platform.dataDir, 'platform.log'), 'utf8')
    .split('\n')
    .find((text) => text.includes('an access token was refused'));
  if (done.code !== 4 || !line) throw new Error(`a token without the audience was not refused:\n${done.stderr}`);
  const { fault, found, fix } = JSON.parse(line);
  console.log(`Without the mapper: exit ${done.code}; platform.log: ${JSON.stringify({ fault, found, fix })}`);
  if (fault !== 'audience') throw new Error('the log names another reason');
}

async function startKeycloak() {
  const archive = join(tmpdir(), `keycloak-quarkus-dist-${VERSION}.zip`);
  if (!existsSync(archive))
    run('mvn', [
      '-q',
      '-B',
      'dependency:copy',
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`,
      `-DoutputDirectory=${tmpdir()}`,
    ]);
  run('jar', ['xf', archive], folder);
  const home = join(folder, `keycloak-${VERSION}`);
  mkdirSync(join(home, 'data', 'import'), { recursive: true });
  writeFileSync(join(home, 'data', 'import', 'acme-realm.json'), JSON.stringify(realm()));
  const port = await freePort();
  const child = start('sh', [
    join(home, 'bin', 'kc.sh'),
    'start-dev',
    '--import-realm',
    '--http-host=127.0.0.1',
    `--http-port=${port}`,
  ]);
  const issuer = `http://127.0.0.1:${port}/realms/acme`;
  await until(
    async () => (await fetch(`${issuer}/.well-known/openid-configuration`)).ok,
    () => `Keycloak does not answer; it printed:\n${child.printed()}`,
  );
  return issuer;
}

/** Returns the realm that the pages of the admin console create, as in docs/operations/login.md. */
function realm() {
  const device = { 'oauth2.device.authorization.grant.enabled': 'true' };
  const client = (clientId, protocolMappers) => ({
    clientId,
    publicClient: true,
    standardFlowEnabled: false,
    directAccessGrantsEnabled: false,
    attributes: device,
    protocolMappers,
  });
  const audience = {
    name: 'audience of the platform',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': AUDIENCE, 'access.token.claim': 'true' },
  };
  return {
    realm: 'acme',
    enabled: true,
    clients: [client('astroctl', [audience]), client('astroctl-without-mapper', [])],
    users: [
      {
        username: 'ada',
        email: ADA.email,
        emailVerified: true,
        enabled: true,
        firstName: 'Ada',
        lastName: 'Lovelace',
        credentials: [{ type: 'password', value: ADA.password }],
        realmRoles: ['default-roles-acme'],
      },
    ],
  };
}

async function startPlatform(issuer, clientId) {
  const dataDir = mkdtempSync(join(folder, 'platform-'));
  const child = start(
    process.execPath,
    ['tools/run.mjs', '--enable-source-maps', '--import', './tools/typescript.mjs', 'apps/platform/src/main.ts'],
    {
      PORT: '0',
      ASTRO_DATA_DIR: dataDir,
      ASTRO_OIDC_ISSUER: issuer,
      ASTRO_OIDC_AUDIENCE: AUDIENCE,
      ASTRO_OIDC_CLI_CLIENT_ID: clientId,
      ASTRO_ADMIN_EMAILS: ADA.email,
    },
  );
  let url;
  await until(
    () => (url = /ready at (http:\/\/\S+)/.exec(child.printed())?.[1]) !== undefined,
    () => `the platform is not ready; it printed:\n${child.printed()}`,
  );
  return { url, dataDir };
}

/** Runs `astroctl auth login`, and completes the pages of Keycloak in place of a user. */
async function astroctlLogin(platform) {
  const { child, ended } = astroctl(platform, ['auth', 'login', '--no-browser']);
  let prompt;
  await until(
    () => (prompt = /Open (\S+) and enter the code (\S+)/.exec(child.printed())) || child.exitCode !== null,
    () => `no code was shown:\n${child.printed()}`,
  );
  if (prompt) await goThroughPages(prompt[1], prompt[2]);
  return ended;
}

async function goThroughPages(address, code) {
  const cookies = new Map();
  const visit = async (url, form) => {
    const response = await fetch(url, {
      redirect: 'manual',
      method: form ? 'POST' : 'GET',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) return visit(new URL(location, url).href);
    return { url, text: await response.text() };
  };
  const submit = ({ url, text }, fields) => {
    const action = /<form[^>]* action="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    if (!action) throw new Error(`there is no form on the page ${url}:\n${text.slice(0, 2_000)}`);
    const hidden = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    return visit(new URL(action, url).href, {
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...fields,
    });
  };
  const signIn = await visit(`${address}?user_code=${code}`);
  const consent = await submit(signIn, { username: 'ada', password: ADA.password, credentialId: '' });
  await submit(consent, { accept: 'Yes' });
}

function astroctl({ url, dataDir }, args) {
  const child = start(join(root, 'node_modules', '.bin', 'astroctl'), args, {
    HOME: dataDir,
    XDG_CONFIG_HOME: join(dataDir, 'config'),
    ASTROPULSE_API_URL: url,
    ASTROPULSE_API_KEY: '',
  });
  const ended = once(child, 'close').then(([code]) => ({
    code,
    stdout: child.printed('stdout'),
    stderr: child.printed('stderr'),
  }));
  return { child, ended };
}

/** Starts a program in its own process group, so that its child processes end with it. */
function start(command, args, environment = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (part) => (texts[name] += part));
  child.on('error', (error) => (texts.stderr += String(error)));
  started.push(child);
  return Object.assign(child, { printed: (name) => (name ? texts[name] : texts.stdout + texts.stderr) });
}

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} failed (${error?.message ?? `exit ${status}`}); it is needed here`);
}

async function freePort() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function until(condition, sentence) {
  const endMs = Date.now() + 900_000; // on a busy machine, the first start of Keycloak takes several minutes
  while (Date.now() < endMs) {
    try {
      if (await condition()) return;
    } catch {
      // not ready yet
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(sentence());
}
