import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/**
 * A small copy of the workspace with its real configuration and one violation for each rule. Each entry has the file,
 * its text, and the rule that must report it. `allowed` files must not be reported.
 */
const root = join(import.meta.dirname, '..', '..');

const SKELETON: Readonly<Record<string, string>> = {
  'libs/kernel/src/index.ts': 'export const ok = 1;\n',
  'libs/access/src/index.ts': "export { ok } from '#kernel';\n",
  'libs/bus/src/index.ts': "export { ok } from '#kernel';\n",
  'libs/bus/contract/src/index.ts': "export { ok } from '#kernel';\n",
  'libs/bus/nats/src/index.ts': "export { ok } from '#bus';\n",
  'libs/event-store/src/index.ts': "export { ok } from '#kernel';\n",
  'libs/event-store/embedded/src/index.ts': "export { ok } from '#event-store';\n",
  'libs/event-sourcing/src/index.ts': "export { ok } from '#event-store';\n",
  'libs/alpha/contract/src/index.ts': "export { ok } from '#bus/contract';\n",
  'libs/alpha/service/src/index.ts': "export { ok } from '#alpha/contract';\n",
  'libs/alpha/api/src/rest.ts': "export { ok } from '#alpha/contract';\n",
  'libs/alpha/api/src/cli.ts': "export { ok } from '#alpha/contract';\n",
  'libs/alpha/worker/src/index.ts': "export { ok } from '#alpha/contract';\n",
  'libs/beta/contract/src/index.ts': "export { ok } from '#bus/contract';\n",
  'libs/beta/service/src/index.ts': "export { ok } from '#beta/contract';\n",
  'apps/gateway/src/main.ts': "export { ok } from '#alpha/service';\n",
};

interface Planted {
  readonly file: string;
  readonly text: string;
  readonly rule: string;
}

const PLANTED: readonly Planted[] = [
  {
    file: 'libs/kernel/src/planted.ts',
    text: "import { ok } from '#bus';\nexport const x = ok;\n",
    rule: 'kernel-imports-nothing',
  },
  {
    file: 'libs/kernel/src/planted-zod.ts',
    text: "import { z } from 'zod';\nexport const x = z;\n",
    rule: 'kernel-imports-nothing',
  },
  {
    file: 'libs/bus/src/planted.ts',
    text: "import { ok } from '#alpha/contract';\nexport const x = ok;\n",
    rule: '@nx/enforce-module-boundaries',
  },
  {
    file: 'libs/bus/src/planted-clock.ts',
    text: 'export const x = () => performance.now();\n',
    rule: 'no-restricted-properties',
  },
  {
    file: 'libs/bus/src/planted-timer.ts',
    text: 'export const x = () => setTimeout(() => {}, 1);\n',
    rule: 'no-restricted-globals',
  },
  {
    file: 'libs/bus/src/planted-random.ts',
    text: "import { randomUUID } from 'node:crypto';\nexport const x = randomUUID;\n",
    rule: 'no-restricted-imports',
  },
  {
    file: 'libs/bus/src/planted-long.ts',
    text: `export function x(): number[] {\n  return [\n${'    1,\n'.repeat(100)}  ];\n}\n`,
    rule: 'max-lines-per-function',
  },
  {
    file: 'libs/bus/contract/src/planted.ts',
    text: "import { Module } from '@nestjs/common';\nexport const x = Module;\n",
    rule: 'contracts-are-free-of-nest',
  },
  {
    file: 'libs/alpha/contract/src/planted.ts',
    text: "import { ok } from '#alpha/service';\nexport const x = ok;\n",
    rule: 'projects-meet-in-contracts',
  },
  {
    file: 'libs/alpha/contract/src/planted-log.ts',
    text: "import { ok } from '#event-store';\nexport const x = ok;\n",
    rule: 'log-belongs-to-service',
  },
  {
    file: 'libs/alpha/service/src/planted.handlers.ts',
    text: "import { ok } from '#beta/service';\nexport const x = ok;\n",
    rule: 'projects-meet-in-contracts',
  },
  {
    file: 'libs/alpha/service/src/planted-engine.module.ts',
    text: "import { ok } from '#event-store/embedded';\nexport const x = ok;\n",
    rule: 'runtime-chooses-the-engine',
  },
  {
    file: 'libs/alpha/service/src/planted-sqlite.queries.ts',
    text: "import { DatabaseSync } from 'node:sqlite';\nexport const x = DatabaseSync;\n",
    rule: 'sqlite-stays-in-its-adapter',
  },
  {
    file: 'libs/event-store/embedded/src/planted-sqlite.ts',
    text: "import type { DatabaseSync } from 'node:sqlite';\nexport type X = DatabaseSync;\n",
    rule: 'sqlite-stays-in-its-adapter',
  },
  {
    file: 'libs/alpha/service/src/planted-nats.queries.ts',
    text: "import { connect } from '@nats-io/transport-node';\nexport const x = connect;\n",
    rule: 'engines-stay-in-their-adapter',
  },
  {
    file: 'libs/alpha/service/src/planted-port.ts',
    text: "import { ok } from '#event-sourcing';\nexport const x = ok;\n",
    rule: 'plain-files-are-pure',
  },
  {
    file: 'libs/alpha/service/src/planted-edge.ts',
    text: "import { x } from './planted.handlers.ts';\nexport const y = x;\n",
    rule: 'plain-files-do-not-reach-edges',
  },
  {
    file: 'libs/alpha/service/src/planted-async.ts',
    text: 'export async function x(): Promise<number> {\n  return 1;\n}\n',
    rule: 'no-restricted-syntax',
  },
  {
    file: 'libs/alpha/service/src/planted-clock.ts',
    text: 'export const x = () => Date.now();\n',
    rule: 'no-restricted-properties',
  },
  {
    file: 'libs/alpha/service/src/planted-date.ts',
    text: 'export const x = () => new Date();\n',
    rule: 'no-restricted-syntax',
  },
  {
    file: 'libs/alpha/service/src/planted-random.ts',
    text: 'export const x = () => Math.random();\n',
    rule: 'no-restricted-properties',
  },
  {
    file: 'libs/alpha/service/src/planted-process.ts',
    text: 'export const x = process.env;\n',
    rule: 'no-restricted-globals',
  },
  {
    file: 'libs/alpha/worker/src/planted.worker.ts',
    text: "import { ok } from '#event-sourcing';\nexport const x = ok;\n",
    rule: 'log-belongs-to-service',
  },
  {
    file: 'libs/alpha/api/src/planted.controller.ts',
    text: "import { ok } from '#alpha/service';\nexport const x = ok;\n",
    rule: 'projects-meet-in-contracts',
  },
  {
    file: 'libs/alpha/api/src/planted.cli.ts',
    text: "import { Module } from '@nestjs/common';\nexport const x = Module;\n",
    rule: 'cli-starts-without-nest',
  },
  {
    file: 'libs/alpha/api/src/planted-app.controller.ts',
    text: "import { ok } from '../../../../apps/gateway/src/main.ts';\nexport const x = ok;\n",
    rule: '@nx/enforce-module-boundaries',
  },
  {
    file: 'libs/alpha/service/src/low/planted-slice.ts',
    text: "import type { High } from '../high/high.ts';\nexport type Low = High;\n",
    rule: 'slices-depend-one-way',
  },
  {
    file: 'libs/alpha/worker/src/below/planted-slice.ts',
    text: "import { above } from '../above/above.ts';\nexport const below = above;\n",
    rule: 'slices-depend-one-way',
  },
  {
    file: 'libs/alpha/service/src/low/planted-testing.ts',
    text: "import { fixture } from '../testing/fixture.ts';\nexport const x = fixture;\n",
    rule: 'tests-stay-in-tests',
  },
  {
    file: 'libs/beta/service/src/planted-cycle-two.ts',
    text: "import { x } from './planted-cycle.ts';\nexport const y = x;\n",
    rule: 'no-cycles',
  },
  {
    file: 'libs/beta/service/src/planted-lost.ts',
    text: "import { y } from './nowhere.ts';\nexport const x = y;\n",
    rule: 'no-unresolved',
  },
];
const HELPERS: Readonly<Record<string, string>> = {
  'libs/alpha/service/src/high/high.ts': 'export type High = 1;\n',
  'libs/alpha/service/src/testing/fixture.ts': 'export const fixture = 1;\n',
  'libs/alpha/worker/src/above/above.ts': 'export const above = 1;\n',
  'libs/alpha/README.md':
    '**Slices**, each of which may use those before it: `low`, `high`.\n\n' +
    '**Slices of the worker**, each of which may use those before it: `below`, `above`.\n',
  'libs/beta/service/src/planted-cycle.ts': "import { y } from './planted-cycle-two.ts';\nexport const x = y;\n",
};

const ALLOWED: Readonly<Record<string, string>> = {
  'libs/alpha/service/src/allowed.handlers.ts':
    "import { ok } from '#event-sourcing';\nimport { ok as other } from '#beta/contract';\nexport const x = async () => [ok, other];\n",
  'libs/alpha/service/src/allowed.ts':
    "import { ok } from '#kernel';\nimport { ok as contract } from '#beta/contract';\nexport const z = [ok, contract];\n",
  'libs/alpha/README.md': '**Slices**, each of which may use those before it: `low`, `high`.\n',
  'libs/alpha/service/src/low/low.ts': 'export const low = 1;\n',
  'libs/alpha/service/src/high/high.ts': "import { low } from '../low/low.ts';\nexport const high = low;\n",
  'libs/alpha/service/src/low/low.spec.ts': "import { high } from '../high/high.ts';\nexport const x = high;\n",
  'libs/alpha/api/src/allowed.cli.ts': "import { ok } from '#beta/contract';\nexport const x = ok;\n",
};

const bin = (name: string) => join(root, 'node_modules', '.bin', name);

/**
 * Lints a workspace of the skeleton and `files` with the real configuration.
 * @returns a line `file rule` per finding
 */
function findings(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'astro-boundaries-'));
  try {
    for (const name of [
      'package.json',
      'package-lock.json',
      'tsconfig.base.json',
      'tsconfig.json',
      'eslint.config.mjs',
      '.dependency-cruiser.mjs',
      'nx.json',
      '.swcrc',
      'jest.config.mjs',
      'tools/projects.mjs',
    ]) {
      cpSync(join(root, name), join(folder, name));
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [file, text] of Object.entries({ ...SKELETON, ...files })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const options = {
      cwd: folder,
      encoding: 'utf8' as const,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        NX_WORKSPACE_ROOT_PATH: folder,
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      },
    };
    execFileSync(bin('nx'), ['show', 'projects'], options);
    const eslint = spawnSync(bin('eslint'), ['.', '--format', 'json'], options);
    const cruised = spawnSync(
      bin('depcruise'),
      ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'apps', 'libs'],
      options,
    );
    if (!cruised.stdout || !eslint.stdout) throw new Error(`${eslint.stderr}\n${cruised.stderr}`);
    const linted = JSON.parse(eslint.stdout) as { filePath: string; messages: { ruleId: string }[] }[];
    const { summary } = JSON.parse(cruised.stdout) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    return [
      ...linted.flatMap(({ filePath, messages }) =>
        messages.map(({ ruleId }) => `${filePath.slice(filePath.indexOf('/', folder.length) + 1)} ${ruleId}`),
      ),
      ...summary.violations.map(({ from, rule }) => `${from} ${rule.name}`),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the rules of contexts', () => {
  let planted: readonly string[];
  let allowed: readonly string[];

  beforeAll(() => {
    planted = findings({ ...HELPERS, ...Object.fromEntries(PLANTED.map(({ file, text }) => [file, text])) });
    allowed = findings(ALLOWED);
  }, 180_000);

  it.each(PLANTED.map(({ file, rule }) => [rule, file] as const))('report %s in %s', (rule, file) =>
    expect(planted).toContain(`${file} ${rule}`),
  );

  it('fail for a slice that the README of its context does not list, and name it', () =>
    expect(() => findings({ 'libs/alpha/service/src/stray/stray.ts': 'export const x = 1;\n' })).toThrow(
      /libs\/alpha\/README\.md must list the slices of libs\/alpha\/service\/src.*: stray/,
    ));

  it('report nothing without a violation', () => expect(allowed).toEqual([]));
});
