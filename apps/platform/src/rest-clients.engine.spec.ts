import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loginAdmin, runProgram, openShop, startPlatform, type Person, type Platform } from '#testing';

/** Clients that common generators create from the OpenAPI document, with a running platform. */

const python = process.env['ASTRO_TEST_PYTHON_CLIENT'];
const typescript = process.env['ASTRO_TEST_TYPESCRIPT_CLIENT'];
const clients = join(import.meta.dirname, '..', '..', '..', 'tools', 'clients');

if (python ?? typescript) describe('use-E1: a generated client deploys, lists and deletes an application', tested);
skipped('Python', 'ASTRO_TEST_PYTHON_CLIENT', python);
skipped('TypeScript', 'ASTRO_TEST_TYPESCRIPT_CLIENT', typescript);

function skipped(language: string, variable: string, value: string | undefined): void {
  if (value === undefined)
    describe.skip(`a generated client in ${language}: ${variable} is not set; node tools/clients/main.mjs prints it`, () =>
      it('was not tested', () => {}));
}

function tested(): void {
  const folder = mkdtempSync(join(tmpdir(), 'astro-clients-'));
  let platform: Platform;
  let ada: Person;
  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    await openShop(ada);
    const document = await fetch(`${platform.url}/openapi.json`);
    writeFileSync(join(folder, 'openapi.json'), await document.text());
  });
  afterAll(async () => {
    await platform.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(command: string, args: readonly string[], cwd = folder): Promise<string> {
    const done = await runProgram(command, args, { cwd });
    if (done.code !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  if (python !== undefined)
    it('works in Python, with openapi-python-client', async () => {
      const bin = join(python, 'bin');
      const made = join(folder, 'python');
      mkdirSync(made);
      const config = join(folder, 'config.yaml');
      writeFileSync(config, 'project_name_override: astro-platform-client\npost_hooks: []\n');
      const source = ['--path', join(folder, 'openapi.json'), '--config', config, '--meta', 'none'];
      const output = join(made, 'astro_platform_client');
      await run(join(bin, 'openapi-python-client'), ['generate', ...source, '--output-path', output]);
      const args = [join(clients, 'python', 'deploy.py'), made, platform.url, ada.key, ada.organization.slug, 'shop'];
      expect(await run(join(bin, 'python'), args)).toBe(
        [
          'applied 201 created from-python',
          'applied 200 configured from-python',
          "listed ['from-python']",
          'missing True 404',
          'deleted 202 from-python',
          'left []',
          '',
        ].join('\n'),
      );
    });

  if (typescript !== undefined)
    it('works in TypeScript, with openapi-typescript and openapi-fetch, checked by the compiler', async () => {
      const made = join(folder, 'typescript');
      mkdirSync(made);
      cpSync(join(clients, 'typescript', 'deploy.ts'), join(made, 'deploy.ts'));
      writeFileSync(join(made, 'package.json'), '{ "type": "module" }');
      symlinkSync(join(typescript, 'node_modules'), join(made, 'node_modules'));
      const bin = join(made, 'node_modules', '.bin');
      await run(join(bin, 'openapi-typescript'), [join(folder, 'openapi.json'), '--output', 'api.d.ts'], made);
      const strict = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext'];
      await run(
        join(bin, 'tsc'),
        [...strict, '--lib', 'esnext,dom', '--allowImportingTsExtensions', 'deploy.ts'],
        made,
      );
      expect(
        await run(process.execPath, ['deploy.ts', platform.url, ada.key, ada.organization.slug, 'shop'], made),
      ).toBe(
        [
          'applied 201 created from-typescript',
          'applied 200 configured from-typescript',
          "listed [ 'from-typescript' ]",
          'missing deployments/application-not-found 404',
          'deleted 202 from-typescript',
          'left []',
          '',
        ].join('\n'),
      );
    });
}
