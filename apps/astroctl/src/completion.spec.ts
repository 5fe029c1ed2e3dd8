import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop } from '#cli/testing';
import { listClustersRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { listOrganizationsRequest } from '#organizations/contract';
import { temporaryFolder } from '#testing';
import { candidates } from './candidates.ts';
import { parts } from './parts.ts';

const folder = temporaryFolder();
const of = (...words: string[]) => candidates(words, parts);

describe('use-C8: shell completion', () => {
  it.each([
    [[''], ['app', 'auth', 'clusters']],
    [
      ['app', ''],
      ['apply', 'diff', 'profile'],
    ],
    [
      ['--org', 'acme', 'app', ''],
      ['apply', 'diff', 'profile'],
    ],
    [
      ['app', 'apply', '--'],
      ['--dry-run', '--filename', '--org', '--output', '--wait'],
    ],
    [
      ['app', 'get', '-o', ''],
      ['json', 'name', 'table', 'wide', 'yaml'],
    ],
    [
      ['app', 'get', '--output', '=', 'js'],
      ['json', 'yaml'],
    ],
    [
      ['app', 'wait', 'web', '--for', ''],
      ['running', 'healthy', 'deleted'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['org', 'set-role', 'grace@acme.dev', ''],
      ['viewer', 'editor', 'admin', 'owner'],
    ],
  ])('%j: words', (words, expected) => expect(of(...words)).toEqual({ words: expect.arrayContaining(expected) }));

  it.each([
    [['app', 'apply', '-f', ''], [':files']],
    [['app', 'apply', '-f', 'a.yaml', '-f', ''], [':files']],
    [['clusters', 'register', '--kubeconfig', ''], [':files']],
    [['app', 'logs', 'web', '--since', ''], []],
    [['app', 'status', 'web', ''], []],
  ])('%j: files, or nothing', (words, expected) => expect(of(...words)).toEqual({ words: expected }));

  it.each([
    [
      ['app', 'status', ''],
      ['app', 'get'],
    ],
    [
      ['app', 'wait', 'web', ''],
      ['app', 'get'],
    ],
    [
      ['app', 'rollback', 'web', '--to', ''],
      ['app', 'history', 'web'],
    ],
    [
      ['app', 'diff', 'web', 'v1', ''],
      ['app', 'history', 'web'],
    ],
    [
      ['app', 'profile', 'get', ''],
      ['app', 'profile', 'get'],
    ],
    [
      ['clusters', 'get', ''],
      ['clusters', 'list'],
    ],
    [
      ['app', 'get', '--org', ''],
      ['org', 'list'],
    ],
    [
      ['key', 'revoke', ''],
      ['key', 'list'],
    ],
  ])('%j: names that a command prints', (words, names) => expect(of(...words)).toEqual({ names }));

  it('requests names from the platform, and prints nothing when it is unavailable', async () => {
    const laptop = createLaptop(folder, parts);
    laptop.logIn(['acme']);
    laptop.on(listOrganizationsRequest, () => domainError('x/y', 'unavailable', 'No.'));
    expect(await laptop.run(['__complete', '--', 'org', 'use', ''])).toEqual({ exit: 0, stdout: '', stderr: '' });
    laptop.on(listClustersRequest, () => ({ items: [] }));
    expect(await laptop.run(['__complete', '--', 'clusters', 'get', ''])).toEqual({ exit: 0, stdout: '', stderr: '' });
    const { stdout } = await laptop.run(['__complete', '--', 'app', 'sta']);
    expect(stdout.split('\n')).toContain('status');
  });

  it('works in bash with the script', async () => {
    const laptop = createLaptop(folder, parts);
    const bin = join(laptop.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'astroctl'),
      '#!/bin/sh\ncase "$*" in *-f*) echo :files ;; *) printf "status\\nset\\n" ;; esac\n',
      { mode: 0o755 },
    );
    writeFileSync(join(laptop.folder, 'web.yaml'), '');
    const { stdout: script } = await laptop.run('completion bash');
    const complete = (...words: string[]) =>
      execFileSync(
        'bash',
        [
          '-c',
          `${script}\nCOMP_WORDS=(astroctl ${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=${words.length}\n_astroctl\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
        ],
        {
          env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
          cwd: laptop.folder,
          encoding: 'utf8',
        },
      ).trim();
    expect(complete('app', 'st')).toBe('status');
    expect(complete('app', 'apply', '-f', 'we')).toBe('web.yaml');
    for (const shell of ['zsh', 'fish'])
      expect((await laptop.run(`completion ${shell}`)).stdout).toContain('astroctl __complete --');
  });
});

describe('use-C8: help', () => {
  it.each([...parts.groups, ...parts.commands].map(({ path, examples }) => [path.join(' '), examples ?? []] as const))(
    'has examples: %s',
    (_path, examples) => expect(examples.length).toBeGreaterThan(0),
  );

  it('has a group for each level', () => {
    const levels = parts.commands.flatMap(({ path }) =>
      path.slice(0, -1).map((_, end) => path.slice(0, end + 1).join(' ')),
    );
    const known = [...parts.groups, ...parts.commands].map(({ path }) => path.join(' '));
    expect(levels.filter((level) => !known.includes(level))).toEqual([]);
  });

  it.each([
    ['app lst', 'unknown command: astroctl app lst', 'see: astroctl app -h'],
    ['app list', 'unknown command: astroctl app list', 'astroctl app get'],
    ['apply', 'unknown command: astroctl apply', 'astroctl app apply, or: astroctl app profile apply'],
    ['login', 'unknown command: astroctl login', 'astroctl auth login'],
  ])('suggests the nearest command, if any: %s', async (words, sentence, fix) =>
    expect(await createLaptop(folder, parts).run(words)).toEqual({
      exit: 2,
      stdout: '',
      stderr: `Error: ${sentence}\nFix:   ${fix}\n`,
    }),
  );
});
