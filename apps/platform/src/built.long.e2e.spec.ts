import { join } from 'node:path';
import { runProgram, startPlatform, temporaryFolder, type Platform } from '#testing';

/** Output of `npm run build`, in a folder without access to packages. */
describe('the built programs', () => {
  const folder = temporaryFolder();
  let platform: Platform;
  beforeAll(async () => {
    for (const app of ['platform', 'astroctl']) {
      const built = await runProgram(process.execPath, ['tools/build.mjs', `apps/${app}`, folder]);
      if (built.code !== 0) throw new Error(`apps/${app} was not built: ${built.stderr}`);
    }
    platform = await startPlatform({ bundles: folder });
  });
  afterAll(() => platform.stop());

  it('deploy an application to a sandbox', async () => {
    const { environment } = platform.person('ada');
    const astroctl = (words: string, input = '') =>
      runProgram(process.execPath, [join(folder, 'apps', 'astroctl', 'main.mjs'), ...words.split(' ')], {
        environment,
        input,
      });
    const login = await astroctl(
      `auth login --username ${platform.adminEmail} --password-stdin`,
      platform.adminPassword,
    );
    expect([login.code, login.stderr]).toEqual([0, expect.stringContaining('Next: astroctl whoami')]);
    const applied = await astroctl('app apply -f examples/hello-world.yaml --wait');
    expect([applied.code, applied.stderr, applied.stdout]).toEqual([
      0,
      expect.stringContaining('RUNNING'),
      expect.stringContaining('application/hello-world created'),
    ]);
    expect((await astroctl('app get hello-world')).stdout).toMatch(/RUNNING/);

    const large = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: large }\ndata: { text: ${'x'.repeat(40_000)} }\n`;
    const manifest = { name: 'large', source: { type: 'yaml', yaml: { manifests: large } } };
    // in worker threads, which are separate files
    const read = await astroctl('app apply -f - --wait', JSON.stringify(manifest));
    expect([read.code, read.stderr, read.stdout]).toEqual([
      0,
      expect.stringContaining('RUNNING'),
      expect.stringContaining('application/large created'),
    ]);
  });

  it('install a launcher that works in any folder', async () => {
    const { environment, home } = platform.person('grace');
    const installed = await runProgram(
      process.execPath,
      [join(folder, 'apps', 'astroctl', 'main.mjs'), 'install', '--prefix', join(home, "it's mine")],
      { environment },
    );
    expect([installed.code, installed.stderr]).toEqual([0, expect.stringContaining(`Installed ${home}`)]);
    const version = await runProgram(join(home, "it's mine", 'bin', 'astroctl'), ['version'], {
      environment,
      cwd: home,
    });
    expect(version.stdout).toMatch(/^astroctl: +\d+\.\d+\.\d+\nplatform: +\d+\.\d+\.\d+/);
  });
});
