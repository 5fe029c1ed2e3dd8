import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// A suffix buys a right. `spec` stands for .spec, .engine.spec, .e2e.spec and .chaos.spec.
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
/** What is a test, or what tests are made of. */
const TESTS = [
  '**/*.{spec,fixture,cases}.ts',
  'libs/testing/**',
  'libs/*/{contract-suite,cases}/**',
  '**/{testing,testdata}/**',
  'tools/bench/**',
  'tools/recorded-data/**',
];
const BELOW = ['kind:kernel', 'kind:technical'];
const ENGINES = ['mongodb', 'mongoose', '@nats-io/*', '@kubernetes/*', '@eventstore/*'];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', '.nx', 'tools/clients', '**/*.mjs'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      // What is taken out of an object to leave it behind is named, and not used.
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
    // Longer ones become classes or parts. Suites and what they are run with are tests.
    files: ['{apps,libs,tools}/**/*.ts'],
    ignores: TESTS,
    rules: { 'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }] },
  },
  {
    // Everything tells time and draws by `Clock` and `Ids`, so that tests can say what comes. In contexts plain files have stricter rules.
    files: ['libs/**/*.ts'],
    ignores: [
      ...TESTS,
      'libs/*/{contract,service,worker}/src/**/*.ts',
      'libs/runtime/system/src/system.ts', // is that clock, and that randomness
      // Secrets that are made once come from the operating system alone: a source that repeats would make keys that can be guessed.
      'libs/bus/src/caller-keys.ts',
      'libs/vault/embedded/src/key-file.ts',
      'libs/sandbox-cluster/src/sandbox.ts',
      'libs/files/src/private-files.ts', // names of drafts: nobody sees them
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
