import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// File suffixes with additional rights. `spec` includes .spec, .engine.spec, .e2e.spec and .chaos.spec.
const EDGE = [
  'handlers',
  'queries',
  'service',
  'reactor',
  'sweep',
  'worker',
  'controller',
  'cli',
  'module',
  'thread',
  'spec',
];
/** Tests and their support files. */
const TESTS = [
  '**/*.{spec,fixture,cases}.ts',
  'libs/testing/**',
  'libs/*/{contract-suite,cases}/**',
  '**/{testing,testdata}/**',
  'tools/bench/**',
  'tools/recorded-data/**',
];
const BELOW = ['kind:kernel', 'kind:technical'];
const ENGINES = ['mongodb', 'mongoose', '@nats-io/*', '@kubernetes/*', '@eventstore/*', 'nodemailer'];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', '.nx', 'tools/clients', '**/*.mjs'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    plugins: { '@nx': nx },
    rules: {
      // Members that are destructured to omit them from the rest are not used.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { varsIgnorePattern: '^_', argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: [
            { sourceTag: 'kind:kernel', onlyDependOnLibsWithTags: ['kind:kernel'], bannedExternalImports: ['*'] },
            { sourceTag: 'kind:technical', onlyDependOnLibsWithTags: BELOW },
            { sourceTag: 'nest:never', bannedExternalImports: ['@nestjs/*'] },
            {
              sourceTag: 'kind:contract',
              onlyDependOnLibsWithTags: [...BELOW, 'kind:contract'],
              bannedExternalImports: ['@nestjs/*'],
            },
            {
              sourceTag: 'kind:service',
              onlyDependOnLibsWithTags: [...BELOW, 'kind:contract'],
              bannedExternalImports: ENGINES,
            },
            {
              sourceTag: 'kind:worker',
              onlyDependOnLibsWithTags: [...BELOW, 'kind:contract'],
              bannedExternalImports: ENGINES,
            },
            {
              sourceTag: 'kind:api',
              onlyDependOnLibsWithTags: [...BELOW, 'kind:contract'],
              bannedExternalImports: ENGINES,
            },
            {
              sourceTag: 'kind:gateway',
              onlyDependOnLibsWithTags: [...BELOW, 'kind:contract', 'kind:api'],
              bannedExternalImports: ENGINES,
            },
            { sourceTag: 'kind:app', onlyDependOnLibsWithTags: ['*'] },
          ],
        },
      ],
    },
  },
  {
    files: ['libs/*/{service,worker}/src/**/*.ts'],
    ignores: [...EDGE.map((suffix) => `**/*.${suffix}.ts`), '**/index.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: ':function[async=true]', message: 'A plain file decides; waiting belongs to an edge file.' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time is an argument.' },
      ],
    },
  },
  {
    // Split longer functions into classes or smaller functions. Suites and their support files count as tests.
    files: ['{apps,libs,tools}/**/*.{ts,tsx}'],
    ignores: TESTS,
    rules: { 'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }] },
  },
  {
    // Time and randomness come from `Clock` and `Ids`, so that tests can control them. Plain files of contexts have
    // stricter rules.
    files: ['libs/**/*.ts'],
    ignores: [
      ...TESTS,
      'libs/*/{contract,service,worker}/src/**/*.ts',
      'libs/runtime/system/src/system.ts', // implements that clock and randomness
      // Keys come from the operating system, since keys from a repeatable source could be guessed.
      'libs/bus/src/caller-keys.ts',
      'libs/vault/embedded/src/key-file.ts',
      'libs/sandbox-cluster/src/sandbox.ts',
      'libs/files/src/private-files.ts', // names of temporary files
    ],
    rules: {
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Use a Clock.' },
        { object: 'performance', property: 'now', message: 'Use a Clock.' },
        { object: 'AbortSignal', property: 'timeout', message: 'Use abortAfter of the kernel.' },
        { object: 'Math', property: 'random', message: 'Use chance of the kernel.' },
        { object: 'crypto', property: 'randomUUID', message: 'Use Ids.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:crypto', 'crypto'].map((name) => ({
            name,
            importNames: ['randomBytes', 'randomUUID', 'randomInt'],
            message: 'Use Ids.',
          })),
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Use a Clock.' },
      ],
    },
  },
);
