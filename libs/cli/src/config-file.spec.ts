import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { manualClock, sequenceIds, temporaryFolder } from '#testing';
import { openConfig, type ConfigFile } from './config-file.ts';
import { isCommandError } from './command-error.ts';
import type { Io } from './io.ts';

const root = temporaryFolder();
const address = 'http://127.0.0.1:8080';
const key = { id: 'id-1', slug: 'acme', key: 'astro_x', keyId: 'key-1', expiresAt: null };
let home: string;
let stderr: PassThrough;
let made = 0;
beforeEach(() => {
  home = join(root, `home-${made++}`);
  mkdirSync(home);
  stderr = new PassThrough();
});

const io = (environment: Io['environment'] = {}): Io => ({
  environment,
  stdin: Readable.from([]),
  stdout: new PassThrough(),
  stderr,
  home,
  hostname: 'laptop',
  cwd: home,
  self: 'astroctl',
  program: 'astroctl',
  clock: manualClock(),
  ids: sequenceIds(),
  pause: () => Promise.resolve(),
  openBrowser: () => false,
  interrupted: new AbortController().signal,
});

async function opened(environment: Io['environment'] = {}): Promise<ConfigFile> {
  const config = await openConfig(io(environment));
  if (isCommandError(config)) throw new Error(config.detail);
  return config;
}

function written(text: string, mode = 0o600): string {
  const path = join(home, 'config.yaml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('the configuration file', () => {
  it('is located where the environment specifies', async () => {
    expect((await opened()).path).toBe(join(home, '.config', 'astropulse', 'config.yaml'));
    expect((await opened({ XDG_CONFIG_HOME: '/xdg' })).path).toBe('/xdg/astropulse/config.yaml');
    expect((await opened({ XDG_CONFIG_HOME: '/xdg', ASTROPULSE_CONFIG: '/etc/c.yaml' })).path).toBe('/etc/c.yaml');
  });

  it('is created with access for its owner only', async () => {
    const config = await opened();
    await config.update(address, (api) => void (api.organizations = [key]));
    expect(statSync(config.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(config.path, '..')).mode & 0o777).toBe(0o700);
    expect((await opened()).api(address)).toEqual({ organizations: [key] });
  });

  it('separates the entries of API addresses', async () => {
    const config = await opened();
    await config.update(address, (api) => void (api.organizations = [key]));
    expect(config.api('https://elsewhere.dev')).toEqual({ organizations: [] });
  });

  it('preserves fields of a newer astroctl, and changes made by another one in the meantime', async () => {
    const path = written(`theme: dark\napis:\n  ${address}:\n    color: blue\n    organizations: []\n`);
    const environment = { ASTROPULSE_CONFIG: path };
    const [first, second] = [await opened(environment), await opened(environment)];
    await first.update(address, (api) => void (api.currentOrg = 'id-1'));
    await second.update(address, (api) => void (api.organizations = [key]));
    expect(readFileSync(path, 'utf8')).toMatch(/theme: dark[^]*color: blue/);
    expect((await opened(environment)).api(address)).toEqual({ currentOrg: 'id-1', organizations: [key] });
  });

  it('removes what a change deletes', async () => {
    const config = await opened();
    await config.update(address, (api) => {
      api.currentOrg = 'id-1';
      api.login = { accessToken: 'token', expiresAt: '2026-01-01T00:00:00Z' };
    });
    await config.update(address, (api) => {
      delete api.currentOrg;
      delete api.login;
    });
    expect((await opened()).api(address)).toEqual({ organizations: [] });
    expect(readFileSync(config.path, 'utf8')).not.toContain('token');
  });

  it('ignores entries that are not keys', async () => {
    const path = written(`apis:\n  ${address}:\n    organizations: [7, { id: x }]\n    login: { accessToken: 5 }\n`);
    expect((await opened({ ASTROPULSE_CONFIG: path })).api(address)).toEqual({ organizations: [] });
  });

  it.each([
    [0o660, 'chmod 600'],
    [0o602, 'chmod 600'],
  ])('is rejected when others can write to it (%o)', async (mode, fix) => {
    const path = written('{}', mode);
    expect(await openConfig(io({ ASTROPULSE_CONFIG: path }))).toMatchObject({ exit: 1, fix: `${fix} ${path}` });
  });

  it('is used with a warning when others can read it, and made private by the next write', async () => {
    const path = written('{}', 0o644);
    const config = await opened({ ASTROPULSE_CONFIG: path });
    expect(String(stderr.read())).toContain(`chmod 600 ${path}`);
    await config.update(address, (api) => void (api.organizations = [key]));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each(['{', 'a: b: c'])('is rejected when it is not YAML: %s', async (text) => {
    expect(await openConfig(io({ ASTROPULSE_CONFIG: written(text) }))).toMatchObject({ exit: 1 });
  });

  it('is rejected when it cannot be read', async () => {
    expect(await openConfig(io({ ASTROPULSE_CONFIG: home }))).toMatchObject({
      exit: 1,
      detail: expect.stringContaining(`${home} cannot be read`),
    });
  });

  it('use-C1: reports in one sentence that it cannot be written', async () => {
    const config = await opened({ ASTROPULSE_CONFIG: join(written('{}'), '..', 'c'.repeat(250)) });
    expect(() => config.assertWritable()).toThrow(/cannot be written: .*Nothing was changed\.$/);
    await expect(config.update(address, () => {})).rejects.toThrow(/cannot be written/);
  });
});
