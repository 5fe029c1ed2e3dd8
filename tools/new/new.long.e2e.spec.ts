import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { wiredSources, wiringProblems } from '../checks/wiring/wiring.ts';
import { skeletonOf } from './command.ts';
import { writeCommand } from './main.ts';

const root = join(import.meta.dirname, '..', '..');
const COPIED = ['libs', 'apps', 'tools', 'package.json', 'tsconfig.json', 'tsconfig.base.json', 'jest.config.mjs'];

describe('npm run new -- command', () => {
  const copy = temporaryFolder();
  const program = (script: string, ...args: string[]) =>
    spawnSync(process.execPath, ['--experimental-vm-modules', join(root, 'node_modules', script), ...args], {
      cwd: copy,
      encoding: 'utf8',
    });
  const typeErrors = () => program('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json').stdout;
  const failedSpecs = (...specs: string[]) => {
    const { stdout } = program('jest/bin/jest.js', '--json', ...specs);
    const { testResults } = JSON.parse(stdout) as { testResults: { name: string; status: string }[] };
    expect(testResults).toHaveLength(specs.length);
    return testResults.flatMap(({ name, status }) => (status === 'failed' ? [name.slice(copy.length + 1)] : []));
  };
  const decision = 'libs/organizations/service/src/archive/archive-organization';
  beforeAll(async () => {
    for (const path of [...COPIED, '.swcrc', '.prettierrc.json'])
      cpSync(join(root, path), join(copy, path), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const words of [
      'organizations archive',
      'access-keys freeze',
      'billing pause',
      'deployments archive --of application',
    ])
      await writeCommand(copy, ['command', ...words.split(' ')]);
  });

  it('writes a skeleton that compiles in any context', () => expect(typeErrors()).toBe(''));

  it('leaves no code unwired', () => expect(wiringProblems(wiredSources(copy))).toEqual([]));

  it('writes a command that runs, and a spec that fails until the decision is written', () => {
    const specs = [`${decision}.spec.ts`, 'libs/organizations/api/src/archive.cli.spec.ts'];
    expect(failedSpecs(...specs)).toEqual([specs[0]]);
    const skeleton = readFileSync(join(copy, `${decision}.ts`), 'utf8');
    expect(skeleton).toContain('return ok([]);');
    const written = skeleton.replace('ok([])', "ok([{ type: 'organization.archived.v1', data: {} }])");
    writeFileSync(join(copy, `${decision}.ts`), written);
    expect(failedSpecs(...specs)).toEqual([]);
  });

  it('does not overwrite files', () =>
    expect(writeCommand(copy, ['command', 'organizations', 'archive'])).rejects.toThrow('exists already'));
});

describe('a new command', () => {
  it('requires --of when the context has several kinds of objects', () =>
    expect(() =>
      skeletonOf(new Map([['libs/shops/service/src/a/shop.decider.ts', '']]), { context: 'shops', name: 'open' }),
    ).toThrow('--of shop'));

  it.each(['Open', 'open_shop', 'open-', ''])('rejects the name %j', (name) =>
    expect(() => skeletonOf(new Map(), { context: 'shops', name })).toThrow('is not a name'),
  );

  it('reports the usage for missing arguments', () =>
    expect(writeCommand(root, ['command', 'organizations'])).rejects.toThrow('npm run new -- command CONTEXT NAME'));
});
