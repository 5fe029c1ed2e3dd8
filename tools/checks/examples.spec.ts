import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { parse } from 'yaml';
import { z } from 'zod';
import { runProgram, type Io } from '#cli';
import { manualClock, sequenceIds, temporaryFolder } from '#testing';
import { parts } from '../../apps/astroctl/src/parts.ts';
import { documentTexts } from './text/texts.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** YAML blocks of the README and the documentation, by location. */
const BLOCKS: readonly (readonly [string, string])[] = globSync(['README.md', '{docs,examples}/**/*.md'], {
  cwd: root,
}).flatMap((file) =>
  documentTexts(file, read(file))
    .filter(({ fence }) => fence === 'yaml' || fence === 'yml')
    .map(({ line, text }) => [`${file}:${line}`, text] as const),
);

/** Manifests of examples/ and of the documentation, by location. */
const EXAMPLES: readonly (readonly [string, string])[] = [
  ...globSync('examples/{*,*/*}.yaml', { cwd: root }).map((file) => [file, read(file)] as const),
  ...BLOCKS.filter(([, text]) => /^(?:kind|source):/m.test(text)),
];

/**
 * Which blocks each test uses: `blocks` is the same condition as in the test, and `quote` is a part of the test.
 * Blocks that are only a part of something say in their first line of what.
 */
const USED_BY: readonly { readonly test: string; readonly blocks: RegExp; readonly quote: string }[] = [
  { test: 'apps/platform/src/examples.e2e.spec.ts', blocks: /^kind: Application/m, quote: '^kind: Application' },
  { test: 'apps/platform/src/examples.e2e.spec.ts', blocks: /^# of a Job\n/, quote: '# of a Job' },
  {
    test: 'libs/sources/src/sources.long.e2e.spec.ts',
    blocks: /^name: (?![^]*^syncPolicy)[^]*^\s+(?:repo|repoURL):/m,
    quote: '### Charts and git repositories',
  },
  { test: 'tools/checks/examples.spec.ts', blocks: /^name: [^]*^syncPolicy/m, quote: 'are valid: %s' },
  {
    test: 'apps/platform/src/application-secrets.long.e2e.spec.ts',
    blocks: /^name: [^]*secret: /,
    quote: '### Secrets',
  },
  { test: 'libs/deployments/api/src/health.cli.spec.ts', blocks: /^kinds:\n/, quote: '```yaml\\n(kinds:' },
  { test: 'tools/deploy/installation.e2e.spec.ts', blocks: /^# values\n/, quote: "startsWith('# values')" },
  {
    test: 'tools/checks/examples.spec.ts',
    blocks: /^# configuration of Dex\n/,
    quote: "startsWith('# configuration of Dex",
  },
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

/** Part of the configuration of Dex. */
const dexSchema = z.strictObject({
  staticClients: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      secret: z.string().optional(),
      public: z.boolean().optional(),
      trustedPeers: z.array(z.string()).optional(),
    }),
  ),
});

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

describe('YAML blocks of the documentation', () => {
  it('are each used by exactly one test', () => {
    expect(BLOCKS.length).toBeGreaterThan(10);
    const uses = BLOCKS.map(
      ([where, text]) => [where, USED_BY.filter(({ blocks }) => blocks.test(text)).length] as const,
    );
    expect(uses.filter(([, count]) => count !== 1)).toEqual([]);
  });

  it.each(USED_BY)('are used by $test: $blocks', ({ test, blocks, quote }) => {
    expect(BLOCKS.filter(([, text]) => blocks.test(text)).length).toBeGreaterThan(0);
    expect(read(test)).toContain(quote);
  });

  it('contain a configuration of Dex for the settings of the platform below it', () => {
    const texts = documentTexts('login.md', read('docs/operations/login.md'));
    const at = texts.findIndex(({ text }) => text.startsWith('# configuration of Dex\n'));
    const { staticClients } = dexSchema.parse(parse(texts[at]?.text ?? ''));
    const settings = new Map(
      [...(texts[at + 1]?.text ?? '').matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    const clientOf = (name: string) => staticClients.find(({ id }) => id === settings.get(name));
    const cli = clientOf('ASTRO_OIDC_CLI_CLIENT_ID');
    expect(cli).toMatchObject({ public: true });
    expect(clientOf('ASTRO_OIDC_AUDIENCE')).toMatchObject({ trustedPeers: [cli?.id] });
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
