import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, temporaryFolder } from '#testing';
import { parse } from 'yaml';

const folder = temporaryFolder();
const root = join(import.meta.dirname, '..', '..', '..', '..');
const CHANGES = 10;

/** A program that adds contexts of its own, one change at a time, like repeated calls of astroctl. */
const program = (own: number) => `
  import { setTimeout } from 'node:timers/promises';
  import { changeKubeconfig } from '${join(import.meta.dirname, 'kubeconfig-file.cli.ts')}';
  const io = { environment: {}, home: '${folder}', cwd: '/', interrupted: new AbortController().signal, pause: (ms) => setTimeout(ms) };
  for (let change = 0; change < ${CHANGES}; change++) {
    const changed = await changeKubeconfig(io, (file) => {
      file.put('contexts', { name: \`${own}-\${change}\`, context: { cluster: 'c', user: 'u' } });
      return file;
    });
    if (changed.failure) throw new Error(changed.detail);
  }`;

describe('use-C2: a kubeconfig that several programs change', () => {
  it('keeps the changes of five concurrent processes', async () => {
    const ended = await Promise.all(
      Array.from({ length: 5 }, (_, own) =>
        runProgram(
          process.execPath,
          ['--import', './tools/typescript.mjs', '--input-type=module', '--eval', program(own)],
          { cwd: root },
        ),
      ),
    );
    expect(ended.map(({ stderr }) => stderr)).toEqual(['', '', '', '', '']);
    const file = parse(readFileSync(join(folder, '.kube', 'config'), 'utf8')) as { contexts: { name: string }[] };
    expect(new Set(file.contexts.map(({ name }) => name)).size).toBe(5 * CHANGES);
  }, 60_000);
});
