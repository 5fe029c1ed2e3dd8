import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { call, eventually, natsServerProgram, openIngress, runProgram, type Ingress } from '#testing';
import { startEventStoreStandIn, type EventStoreStandIn } from '#testing/eventstore';
import {
  dockerfile,
  makeSecrets,
  readCompose,
  ROOT,
  routesOf,
  type ComposeFile,
  type ComposeService,
} from './compose.fixture.ts';

/**
 * Starts the services that deploy/compose.yaml and deploy/Dockerfile declare, without Docker. The bundles are copied as in the
 * Dockerfile. Each service gets the declared command, environment, and files, and runs as the declared user if the test runs as
 * root. Instead of a container, each service has its own loopback address and folders. Host names in the settings, which
 * Docker would resolve, are replaced by these addresses.
 */
const nats = natsServerProgram();
const mongo = process.env['ASTRO_TEST_MONGO_URL'];

const isRoot = process.getuid?.() === 0;

if (nats && mongo) describe('the services of deploy/compose.yaml', () => composed(nats, mongo));
else
  describe.skip('the services of deploy/compose.yaml: nats-server was not built, or ASTRO_TEST_MONGO_URL is not set', () =>
    it('was not tested', () => {}));

interface Container {
  readonly name: string;
  readonly address: string;
  readonly root: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output(): string;
}

function composed(natsServer: string, mongoUrl: string): void {
  const image = dockerfile();
  const folder = mkdtempSync(join(tmpdir(), 'astro-compose-'));
  const containers = new Map<string, Container>();
  const servers: Container[] = [];
  let variables: Record<string, string>;
  let file: ComposeFile;
  let eventStore: EventStoreStandIn;
  let ingress: Ingress;
  let home: string;
  let before: readonly string[];

  const [user = '', group = ''] = image.user.split(':');
  const identity = isRoot ? { uid: Number(user), gid: Number(group) } : {};
  /** Returns the path on this machine of a path in a container. */
  const inside = (container: string, path: string) => join(folder, 'containers', container, path);
  const imageFolder = join(folder, 'image');
  const secretsFolder = join(folder, 'deploy');
  const node = join(imageFolder, 'usr', 'local', 'bin', 'node');
  const network = `127.${randomInt(64, 128)}.${randomInt(1, 255)}`;
  const addresses = new Map<string, string>();

  /** Returns the environment of a service, with addresses instead of host names. */
  const translated = (name: string, { environment }: ComposeService): Record<string, string> => {
    const mongoAddress = new URL(mongoUrl);
    const servers: readonly (readonly [RegExp, string])[] = [
      [/^nats:\/\/nats:4222$/, `nats://${addresses.get('nats')}:4222`],
      [/^esdb:\/\/eventstore:2113/, `esdb://127.0.0.1:${eventStore.port}`],
      // The test server has no users.
      [
        /^mongodb:\/\/astro:[^@]+@mongo:27017\/astro\?authSource=admin$/,
        `mongodb://${mongoAddress.host}/compose-${network.replaceAll('.', '-')}?directConnection=true`,
      ],
    ];
    const own = { ...image.environment, ...environment };
    return Object.fromEntries(
      Object.entries(own).map(([variable, text]) => {
        if (variable === 'ASTRO_HOST' && text === '0.0.0.0') return [variable, addresses.get(name) ?? ''];
        if (variable === 'ASTRO_SANDBOX_HOST') return [variable, addresses.get(text) ?? ''];
        if (text.startsWith('/')) return [variable, inside(name, text)];
        const server = servers.find(([pattern]) => pattern.test(text));
        return [variable, server ? text.replace(...server) : text];
      }),
    );
  };
  const environmentOf = (name: string, service: ComposeService) => ({
    PATH: dirname(node),
    TMPDIR: inside(name, 'tmp'),
    ...translated(name, service),
  });

  function start(name: string, service: ComposeService): Container {
    for (const path of ['tmp', 'var/lib/astro']) {
      mkdirSync(inside(name, path), { recursive: true });
      if (isRoot) chownSync(inside(name, path), Number(user), Number(group));
    }
    for (const { source, target } of service.secrets) {
      mkdirSync(inside(name, 'run/secrets'), { recursive: true });
      copyFileSync(join(secretsFolder, file.secrets[source]?.file ?? ''), inside(name, `run/secrets/${target}`));
    }
    const [program = '', ...args] = [...image.entrypoint, ...(service.command ?? image.command)];
    expect(program).toBe('node');
    return run(name, node, args, {
      cwd: join(imageFolder, image.workingFolder),
      env: environmentOf(name, service),
      ...identity,
    });
  }

  /** Starts the NATS server with the declared command and files. */
  function startNats(service: ComposeService): Container {
    for (const volume of service.volumes.filter((one) => one.startsWith('./'))) {
      const [source = '', target = ''] = volume.split(':');
      const from = [secretsFolder, join(ROOT, 'deploy')].map((place) => join(place, source)).find(existsSync) ?? source;
      mkdirSync(dirname(inside('nats', target)), { recursive: true });
      copyFileSync(from, inside('nats', target));
    }
    const args = (service.command ?? []).map((arg) => (arg.startsWith('/') ? inside('nats', arg) : arg));
    return run('nats', natsServer, [...args, '--addr', addresses.get('nats') ?? ''], {});
  }

  function run(name: string, program: string, args: readonly string[], options: SpawnOptions): Container {
    const root = inside(name, '');
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => (printed += part));
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (printed += part));
    const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
    return { name, address: addresses.get(name) ?? '', root, child, exited, output: () => printed };
  }

  /** Waits until the declared healthcheck succeeds. A service that exits is started again, as `restart` declares. */
  async function expectHealthy(name: string, service: ComposeService): Promise<void> {
    const [, program, ...args] = service.healthcheck?.test ?? [];
    expect([program, service.restart]).toEqual(['node', 'unless-stopped']);
    const address = addresses.get(name) ?? '';
    // A process for each try would keep the services from starting on a small machine.
    await eventually(() => {
      const container = containers.get(name) ?? start(name, service);
      containers.set(name, container.child.exitCode === null ? container : start(name, service));
      if (!container.output().includes(' is ready at '))
        throw new Error(`${name} is not ready; it said:\n${container.output()}`);
    }, 180_000);
    await eventually(async () => {
      const checked = await runProgram(
        node,
        args.map((arg) => arg.replace('127.0.0.1', address)),
      );
      expect([name, checked]).toEqual([name, expect.objectContaining({ code: 0 })]);
    });
  }

  const filesOf = (path: string): readonly string[] =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${join(entry.parentPath, entry.name)} ${statSync(join(entry.parentPath, entry.name)).mtimeMs}`)
      .toSorted();

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    const built = image.buildCommands.at(-1)?.split(' ') ?? [];
    expect(built).toEqual(['npm', 'run', 'build']);
    const done = await runProgram('npm', built.slice(1), { withinMs: 600_000 });
    if (done.code !== 0) throw new Error(`the bundles were not built:\n${done.stdout}${done.stderr}`);
    for (const { from, to } of image.copies)
      cpSync(join(ROOT, from.replace(`${image.buildFolder}/`, '')), join(imageFolder, to), { recursive: true });
    mkdirSync(dirname(node), { recursive: true });
    copyFileSync(process.execPath, node);
    before = filesOf(imageFolder);

    const secrets = await makeSecrets(secretsFolder);
    const routeOf = routesOf(readFileSync(join(ROOT, 'deploy', 'Caddyfile'), 'utf8'));
    ingress = await openIngress(0, (path) => {
      const [name = '', port = ''] = routeOf(path).split(':');
      return [`http://${addresses.get(name)}:${port}`];
    });
    variables = {
      ...secrets,
      ASTRO_PUBLIC_URL: ingress.url,
      ASTRO_EDGE_SUBNET: '127.0.0.0/8',
    };
    file = readCompose(variables);
    eventStore = await startEventStoreStandIn();
    home = join(folder, 'home');
    const services = Object.entries(file.services).filter(([, { build }]) => build !== undefined);
    for (const [index, name] of Object.keys(file.services).entries()) addresses.set(name, `${network}.${index + 1}`);
    const nats = file.services['nats'];
    if (!nats) throw new Error('there is no service nats');
    servers.push(startNats(nats));
    await eventually(() => expect(servers[0]?.output()).toContain('Server is ready'));
    await Promise.all(services.map(([name, service]) => expectHealthy(name, service)));
  }, 900_000);
  afterAll(async () => {
    const all = [...containers.values(), ...servers];
    for (const { child } of all) if (child.exitCode === null) child.kill('SIGKILL');
    await Promise.all(all.map(({ exited }) => exited));
    await ingress?.close();
    await eventStore?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const astroctl = (words: string, input?: string) =>
    runProgram(
      process.execPath,
      [join(imageFolder, image.workingFolder, 'apps', 'astroctl', 'main.mjs'), ...words.split(' ')],
      {
        environment: {
          HOME: home,
          XDG_CONFIG_HOME: home,
          ASTROPULSE_API_URL: ingress.url,
          ASTROPULSE_API_KEY: '',
          NO_COLOR: '1',
        },
        ...(input !== undefined && { input }),
      },
    );

  it('deploy an application to a sandbox through the ingress', async () => {
    // The gateway requests the keys of the issuer again some seconds after a request that failed.
    await eventually(async () => {
      const login = await astroctl(
        'auth login --username admin@astro.localhost --password-stdin',
        variables['ASTRO_ADMIN_PASSWORD'],
      );
      expect([login.code, login.stderr, containers.get('gateway')?.output()]).toEqual([
        0,
        expect.stringContaining('Next: astroctl whoami'),
        expect.any(String),
      ]);
    }, 60_000);
    const applied = await astroctl('app apply -f examples/hello-world.yaml --wait');
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringContaining('RUNNING')]);
    expect((await astroctl('app status hello-world --field status')).stdout.trim()).toBe('RUNNING');
    const { stdout } = await astroctl('clusters get sandbox -o json');
    expect(JSON.parse(stdout)).toMatchObject({
      server: expect.stringContaining(`https://${addresses.get('sandbox-cluster')}:808`),
      state: 'READY',
    });
  });

  it('serve the package of astroctl', async () =>
    expect((await call(ingress.url, 'GET /download/astroctl.tgz')).status).toBe(200));

  it('write only to the data folder and /tmp, and log to standard error', () => {
    expect(filesOf(imageFolder)).toEqual(before);
    for (const { name, root, output } of containers.values()) {
      expect([name, readdirSync(root, { recursive: true }).filter((path) => String(path).endsWith('.log'))]).toEqual([
        name,
        [],
      ]);
      expect([name, output()]).toEqual([name, expect.stringContaining(`${name} is ready at http://`)]);
    }
  });

  it('exit with code 0 on SIGTERM', async () => {
    for (const { name, child, exited, output } of containers.values()) {
      child.kill('SIGTERM');
      expect([name, await exited, output()]).toEqual([name, 0, expect.not.stringContaining('"level":50')]);
    }
  });
}
