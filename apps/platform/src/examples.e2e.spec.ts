import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loginAdmin, startPlatform, type Person, type Platform } from '#testing';
import { serveSandboxes, type ServedSandboxes } from './sandbox.fixture.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Returns the fenced blocks of one language, in order. */
const blocksOf = (file: string, language: string): readonly string[] =>
  [...read(file).matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);

/** Returns the manifests that a document applies, in order: files that it refers to, and those it contains. */
const manifestsOf = (file: string): readonly (readonly [string, string])[] => [
  ...blocksOf(file, 'sh').flatMap((text) =>
    [...text.matchAll(/app (?:profile )?apply -f (examples\/\S+)/g)].map(
      ([, named = '']) => [`${file}: ${named}`, read(named)] as const,
    ),
  ),
  ...blocksOf(file, 'yaml')
    .filter((text) => /^kind: Application/m.test(text))
    .map((text, index) => [`${file}: block ${index + 1}`, text] as const),
  ...blocksOf(file, 'yaml')
    .filter((text) => text.startsWith('# of a Job\n'))
    .map((text, index) => [`${file}: Job ${index + 1}`, applicationWith(text, `job-${index + 1}`)] as const),
];

/** Returns an application with one Job, of which a document shows only some fields. */
const applicationWith = (fields: string, name: string): string => {
  const spec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'images.acme.dev/main:1' }] };
  const job = `apiVersion: batch/v1\nkind: Job\n${fields}spec: ${JSON.stringify({ template: { spec } })}\n`;
  return JSON.stringify({ name, profileName: 'production', source: { type: 'yaml', yaml: { manifests: job } } });
};

describe('use-C6: the examples of the documentation, applied in order by one organization', () => {
  const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()];
  const manifests = [
    ...documents.flatMap(manifestsOf),
    ...globSync('examples/*.yaml', { cwd: root })
      .toSorted()
      .map((file) => [file, read(file)] as const),
  ];
  let platform: Platform;
  let sandboxes: ServedSandboxes;
  let ada: Person;
  beforeAll(async () => {
    platform = await startPlatform({ environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8' } });
    sandboxes = await serveSandboxes();
    ada = await loginAdmin(platform);
    const { kubeconfig } = await sandboxes.of('own');
    // the name in the documentation
    await ada.machine.run(`clusters register --cluster-name dev --from-file ${kubeconfig}`);
  }, 120_000);
  afterAll(async () => {
    await platform.stop();
    await sandboxes.stop();
  });

  it('are found', () => {
    const found = manifests.map(([where]) => where);
    expect(found).toEqual(
      expect.arrayContaining([
        'README.md: examples/hello-world.yaml',
        'docs/user-guide.md: block 2',
        'docs/user-guide.md: Job 1',
      ]),
    );
  });

  it('are all accepted, and change nothing when they are applied again', async () => {
    const done = [];
    for (const round of [1, 2])
      for (const [where, text] of manifests) {
        const { code, stderr, stdout } = await ada.machine.astroctl(['app', 'apply', '-f', '-'], { input: text });
        done.push(`${round} ${where}: ${code === 0 ? stdout.trim().split('\n').join(', ') : stderr.trim()}`);
      }
    const refused = done.filter((line) => !/(created|configured|unchanged)$/.test(line));
    expect(refused).toEqual([]);
    expect(done.filter((line) => line.startsWith('2 ') && !line.endsWith('unchanged'))).toEqual([]);
  }, 300_000);
});
