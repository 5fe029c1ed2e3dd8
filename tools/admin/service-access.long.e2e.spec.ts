import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallerKeyring, parseCallerKeys } from '#bus';
import { makeServiceAccess, natsServerProgram, runProgram, SERVICES, startApp, temporaryFolder } from '#testing';
import { generate } from 'selfsigned';

const tool = (name: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  runProgram(process.execPath, ['--import', './tools/typescript.mjs', `tools/admin/${name}.ts`, ...args], {
    environment,
  });
const base64 = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const masters = `k2:${base64(2)},k1:${base64(1)}`;

function ringOf(text: string): CallerKeyring {
  const keys = parseCallerKeys(text);
  if (!keys.ok) throw new Error(keys.error.detail);
  return new CallerKeyring(keys.value);
}

describe('npm run admin:caller-keys', () => {
  const folder = temporaryFolder();

  it('prints the keys of one service, or writes those of all services to private files', async () => {
    const environment = { ASTRO_CALLER_KEYS: masters };
    const printed = await tool('caller-keys', ['billing'], environment);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toMatch(/^k2\/\S+,k1\/\S+\n$/);
    expect(ringOf(printed.stdout).missing(['person/billing', 'service/audit/billing'])).toEqual([]);
    expect(printed.stdout).not.toContain(base64(2));

    const all = await tool('caller-keys', ['--to', join(folder, 'all')], environment);
    expect(all.stdout.trim().split('\n')).toHaveLength(SERVICES.length);
    for (const service of SERVICES) {
      const file = join(folder, 'all', `${service}.caller-keys`);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      if (service === 'billing') expect(readFileSync(file, 'utf8')).toBe(printed.stdout);
    }
  });

  it('uses the master keys in the data folder', async () => {
    writeFileSync(join(folder, 'caller-keys'), masters, { mode: 0o600 });
    expect(await tool('caller-keys', ['audit'], { ASTRO_DATA_DIR: folder })).toMatchObject({ code: 0 });
  });

  it.each([
    [['nobody'], masters, /^Error: No service is named nobody; .+deploy-worker.+\n$/],
    [[], masters, /^Error: Missing service; .+\n$/],
    [['audit'], undefined, /^Error: Missing master keys; .+openssl rand -base64 32.+\n$/],
    [['audit'], 'of the worker', /^Error: The caller keys k2\/… are those of deploy-worker, and not master keys\.\n$/],
  ])('prints one sentence for an error: %j', async (args, keys, sentence) => {
    const empty = join(folder, 'empty');
    const text =
      keys === 'of the worker'
        ? (await tool('caller-keys', ['deploy-worker'], { ASTRO_CALLER_KEYS: masters })).stdout.trim()
        : keys;
    const environment = { ASTRO_DATA_DIR: empty, ...(text !== undefined && { ASTRO_CALLER_KEYS: text }) };
    const done = await tool('caller-keys', args, environment);
    expect(done).toMatchObject({ code: 1, stdout: '' });
    expect(done.stderr).toMatch(sentence);
  });
});

describe('npm run admin:nats', () => {
  const folder = join(temporaryFolder(), 'nats');
  const users = (text: string) => [...text.matchAll(/# (\S+): (\S+)\n[^}]*?nkey: (U[A-Z2-7]{55})/g)];

  it('creates a seed for each service once, and prints a user for each, without the seeds', async () => {
    const first = await tool('nats', [folder]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(users(first.stdout).map(([, service]) => service)).toEqual([...SERVICES].toSorted());
    expect(first.stdout).not.toMatch(/SU[A-Z2-7]{56}/);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect((await tool('nats', [folder])).stdout).toBe(first.stdout);
  });

  it('prints the previous user as well while a seed is replaced', async () => {
    renameSync(join(folder, 'billing.nk'), join(folder, 'billing.old.nk'));
    const both = users((await tool('nats', [folder])).stdout).filter(([, service]) => service === 'billing');
    expect(both.map(([, , file]) => file)).toEqual([join(folder, 'billing.nk'), join(folder, 'billing.old.nk')]);
    expect(new Set(both.map(([, , , key]) => key)).size).toBe(2);
  });

  it('prints one sentence for an error', async () => {
    expect(await tool('nats', [])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: Missing folder; .+\n$/),
    });
    writeFileSync(join(folder, 'audit.nk'), 'nothing');
    expect(await tool('nats', [folder])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Error: .+audit\.nk contains no seed of a NATS user; .+\n$/),
    });
  });
});

describe('the section of the operator guide about keys and NATS users', () => {
  const folder = join(temporaryFolder(), 'etc');
  const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operator-guide.md'), 'utf8');
  const [, section = ''] = /^## Keys and NATS users\n([\s\S]*?)^## /m.exec(guide) ?? [];
  const fenced = (language: string): string =>
    new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(section)?.[1] ?? '';
  const here = (text: string) => text.replaceAll('/etc/astro', folder);

  it('contains commands that create every file in its table', async () => {
    const done = await runProgram('bash', ['--norc', '-euc', here(fenced('sh'))]);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    const listed = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, file = '']) => file);
    expect(listed).toContain('access/SERVICE.nk');
    for (const file of listed)
      for (const service of SERVICES)
        expect(statSync(join(folder, file.replace('SERVICE', service))).mode & 0o077).toBe(0);
  });

  const server = natsServerProgram();
  (server === undefined ? it.skip : it)('contains a valid configuration of nats-server', async () => {
    const config = join(folder, 'nats.conf');
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
    writeFileSync(join(folder, 'tls.crt'), cert);
    writeFileSync(join(folder, 'tls.key'), key);
    writeFileSync(
      config,
      fenced('text').replaceAll('/etc/nats', folder).replaceAll('/var/lib/nats', join(folder, 'js')),
    );
    expect(await runProgram(server ?? '', ['-t', '-c', config])).toMatchObject({ code: 0 });
  });
});

describe('a service with the keys of another', () => {
  const folder = temporaryFolder();

  it('does not start, and prints whose keys they are', async () => {
    const access = await makeServiceAccess(join(folder, 'access'), masters);
    const nowhere = 'nats://127.0.0.1:1';
    const app = startApp('billing', {
      ...access.environmentOf('audit', { natsUser: true }),
      ASTRO_DATA_DIR: folder,
      ASTRO_BUS: nowhere,
      PORT: '0',
    });
    expect(await app.exited).toBe(1);
    expect(app.output()).toBe(
      'Error: ASTRO_CALLER_KEYS: the keys k2/… are those of audit; print those of billing: npm run admin:caller-keys -- billing.\n',
    );
  });
});
