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
const BELOW = ['kind:kernel', 'kind:technical'];
const ENGINES = ['mongodb', 'mongoose', '@nats-io/*', '@kubernetes/*', '@eventstore/*'];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', '.nx', '**/*.mjs'] },
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
);
