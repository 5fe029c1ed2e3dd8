import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, runProgram, startPlatform, temporaryFolder, type Platform } from '#testing';

/** A user with Node and the address of a platform, but without a clone. */
describe('use-C0: astroctl without a clone', () => {
  const cache = temporaryFolder();
  let platform: Platform;
  beforeAll(async () => void (platform = await startPlatform()));
  afterAll(() => platform.stop());

  it.each(['/download/astroctl.tgz', '/v1/download/astroctl.tgz'])('is served without a login: %s', async (path) => {
    const response = await fetch(`${platform.url}${path}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/gzip']);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 2).toString('hex')).toBe('1f8b');
    expect((await call(platform.url, `POST ${path}`)).status).toBe(405);
  });

  it('runs with npx, installs itself for any folder, and logs in at an address that it remembers', async () => {
    const grace = platform.person('grace');
    const environment = {
      ...grace.environment,
      ASTROPULSE_API_URL: '',
      npm_config_cache: cache,
      npm_config_update_notifier: 'false',
    };
    const npx = (words: string) =>
      runProgram('npx', ['--yes', `${platform.url}/download/astroctl.tgz`, ...words.split(' ')], {
        environment,
        cwd: grace.home,
      });
    expect(await npx('version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^astroctl: +\d+\.\d+\.\d+$/m),
    });
    const installed = await npx('install');
    expect([installed.code, installed.stderr]).toEqual([0, expect.stringContaining('auth login --api-url')]);

    const astroctl = (words: string, input = '') =>
      runProgram(join(grace.home, '.local', 'bin', 'astroctl'), words.split(' '), {
        environment,
        input,
        cwd: grace.home,
      });
    const launcher = readFileSync(join(grace.home, '.local', 'bin', 'astroctl'), 'utf8');
    // npx deletes its cache from time to time
    expect(launcher).toContain(join(grace.home, '.local', 'lib', 'astroctl'));
    const login = await astroctl(
      `auth login --username ${platform.adminEmail} --password-stdin --api-url ${platform.url}`,
      platform.adminPassword,
    );
    expect([login.code, login.stderr]).toEqual([0, expect.stringContaining('Next: astroctl whoami')]);
    expect((await astroctl('whoami')).stdout).toContain(platform.url);
  }, 60_000);
});
