import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const { $schema, ...swc } = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/tools'],
  // Files of `npm test`. The scripts test:e2e, test:engines and test:chaos select other suffixes with --testMatch. The
  // end-to-end tests that take longest run in .ci/run only, so that `npm test` ends within ten minutes.
  testMatch: ['**/*.spec.ts', '!**/*.{engine,chaos,long.e2e}.spec.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '^.+\\.tsx?$': ['@swc/jest', swc] },
  testTimeout: 120_000, // ends tests that hang; high, since a busy machine slows down all tests
  maxWorkers: Math.ceil(availableParallelism() * 1.5), // suites that start the platform mostly wait for it
  workerIdleMemoryLimit: '512MB', // each Nest test file leaks about 20 MB
  // For `npm run coverage`: includes files that no test loads.
  coverageProvider: 'v8',
  coverageDirectory: '<rootDir>/coverage',
  coverageReporters: ['text', 'text-summary', 'lcovonly'],
  collectCoverageFrom: [
    '{apps,libs,tools}/**/*.ts',
    '!**/*.{spec,fixture,bench,d}.ts',
    '!**/{testdata,testing,contract-suite}/**',
  ],
};
