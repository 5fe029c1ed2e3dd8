import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { runProgram, type Io } from '#cli';
import { manualClock, sequenceIds, temporaryFolder } from '#testing';
import { parts } from '../../apps/astroctl/src/parts.ts';
import { documentTexts } from './text/texts.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Manifests of examples/ and of fenced blocks in the README and the documentation, by location. */
const EXAMPLES: readonly (readonly [string, string])[] = [
  ...globSync('examples/{*,*/*}.yaml', { cwd: root }).map((file) => [file, read(file)] as const),
  ...globSync(['README.md', 'docs/**/*.md'], { cwd: root }).flatMap((file) =>
    documentTexts(file, read(file))
      .filter(({ fence, text }) => fence === 'yaml' && /^kind:/m.test(text))
      .map(({ line, text }) => [`${file}:${line}`, text] as const),
  ),
];

/** Returns the output and exit code of `astroctl`, on a machine without a login or a platform. */
async function astroctl(words: readonly string[], folder: string): Promise<{ exit: number; said: string }> {
  const output = new PassThrough();
  const io: Io = {
    environment: { ASTROPULSE_CONFIG: join(folder, 'config.yaml') },
    stdin: Readable.from([]),
    stdout: output,
    stderr: output,
    home: folder,
    hostname: 'laptop',
    cwd: folder,
    self: 'astroctl',
    program: 'astroctl',
    clock: manualClock(0),
    ids: sequenceIds(),
    pause: () => Promise.resolve(),
    openBrowser: () => false,
    interrupted: new AbortController().signal,
  };
  const exit = await runProgram(words, io, parts);
  return { exit, said: String(output.read() ?? '') };
}

/** Test that deploys the files of each folder of examples. It contains the name of the folder. */
const DEPLOYED_BY: Readonly<Record<string, string>> = {
  '': 'apps/platform/src/examples.e2e.spec.ts',
  chart: 'libs/sources/src/examples.long.e2e.spec.ts',
  kustomization: 'libs/sources/src/examples.long.e2e.spec.ts',
  kafka: 'libs/sources/src/kafka.long.e2e.spec.ts',
};

describe('the files of examples', () => {
  const contains = (test: string, text: string) => read(test).includes(text);

  it('are each deployed by a test', () => {
    const files = globSync('examples/**/*.*', { cwd: root }).filter((file) => !file.endsWith('.md'));
    expect(files.length).toBeGreaterThan(15);
    const folderOf = (file: string): string => (file.split('/').length === 2 ? '' : (file.split('/')[1] ?? ''));
    expect(files.filter((file) => DEPLOYED_BY[folderOf(file)] === undefined)).toEqual([]);
    const missing = Object.entries(DEPLOYED_BY).filter(
      ([folder, test]) => !contains(test, folder === '' ? 'examples/*.yaml' : `${folder}/`),
    );
    expect(missing).toEqual([]);
    expect(read('examples/README.md')).toMatch(/\(hello-world\.yaml\)[^]*\(chart\)[^]*\(kustomization\)[^]*\(kafka\)/);
  });
});

describe('manifests of examples and docs', () => {
  const folder = temporaryFolder();

  it('are found', () => {
    expect(EXAMPLES.map(([where]) => where)).toEqual(
      expect.arrayContaining([
        join('examples', 'hello-world.yaml'),
        expect.stringContaining(join('docs', 'user-guide.md')),
      ]),
    );
  });

  it.each(EXAMPLES)('are valid: %s', async (_where, text) => {
    writeFileSync(join(folder, 'example.yaml'), text);
    const { exit, said } = await astroctl(['app', 'validate', '-f', 'example.yaml'], folder);
    expect(said).toMatch(/^example.yaml: \w+ is valid$/m);
    expect(exit).toBe(0);
  });

  it('are rejected by the same check when they are invalid', async () => {
    writeFileSync(join(folder, 'example.yaml'), read('examples/hello-world.yaml').replace('port: 8080', 'prot: 8080'));
    expect(await astroctl(['app', 'validate', '-f', 'example.yaml'], folder)).toEqual({
      exit: 1,
      said: expect.stringContaining('prot'),
    });
  });
});
