import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration, VARIABLES } from '#runtime';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('settings of the server', () => {
  const configuration = read('libs/runtime/src/configuration.ts');
  const product = globSync('{apps,libs}/**/*.ts', { cwd: root })
    .filter((file) => !/\.spec\.ts$|\/runtime\/src\/(variables|configuration)\.ts$/.test(file))
    .map(read)
    .join('\n');

  it.each(Object.entries(VARIABLES).map(([key, { name }]) => [name, key]))(
    'have a member in the configuration: %s',
    (_name, key) => {
      expect(configuration).toMatch(new RegExp(`settings\\.${key}\\b`));
    },
  );

  it('are all read by the platform once they are in the configuration', () => {
    const embedded = readConfiguration({});
    const fields = embedded.ok ? Object.keys(embedded.value.configuration) : [];
    expect(fields).not.toHaveLength(0);
    expect(fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(product))).toEqual([]);
  });
});

describe('environment variables in the documentation', () => {
  const documents = globSync(['*.md', 'docs/**/*.md', 'libs/*/README.md'], { cwd: root }).filter(
    (file) => file !== 'CHANGELOG.md', // it names removed variables
  );
  /** Variables of the command line and of tests. All others belong to the server or to the compose file. */
  const others = [
    'ASTRO_TEST_CHROMIUM',
    'ASTRO_TEST_SEED',
    'ASTRO_TEST_',
    'ASTROPULSE_API_KEY',
    'ASTROPULSE_API_URL',
    'ASTROPULSE_CONFIG',
  ];

  it.each(documents)('exist: %s', (file) => {
    const names = new Set(read(file).match(/\bASTRO(?:PULSE)?_[A-Z_]+/g));
    const compose = read('deploy/compose.yaml').match(/\bASTRO_[A-Z_]+/g) ?? [];
    const known = new Set([...Object.values(VARIABLES).map(({ name }) => name), ...compose, ...others]);
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
  });
});
