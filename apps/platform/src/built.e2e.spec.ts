import { join } from 'node:path';
import { runProgram, startPlatform, temporaryFolder, type Platform } from '#testing';

/** What `npm run build` makes, in a folder that no package can be found from. */
describe('the built programs', () => {
  const folder = temporaryFolder();
  let platform: Platform;
  beforeAll(async () => {
    for (const app of ['platform', 'astroctl']) {
      const built = await runProgram(process.execPath, ['tools/build.mjs', `apps/${app}`, folder]);
      if (built.code !== 0) throw new Error(`apps/${app} was not built: ${built.stderr}`);
    }
    platform = await startPlatform({ program: join(folder, 'apps', 'platform', 'main.mjs') });
  });
  afterAll(() => platform.stop());

  it('deploy an application to a sandbox', async () => {
    const { environment } = platform.person('ada');
    const astroctl = (words: string, input = '') => runProgram(process.execPath, [join(folder, 'apps', 'astroctl', 'main.mjs'), ...words.split(' ')], { environment, input });
    expect(await astroctl(`auth login --username ${platform.adminEmail} --password-stdin`, platform.adminPassword)).toMatchObject({ code: 0 });
    const applied = await astroctl('app apply -f examples/hello-world.yaml --wait');
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringContaining('application/hello-world created') });
    expect((await astroctl('app get hello-world')).stdout).toMatch(/RUNNING/);
  });
});
