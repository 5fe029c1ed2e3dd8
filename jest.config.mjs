import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const { $schema, ...swc } = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/tools'],
  // What `npm test` runs; the scripts test:e2e, test:engines and test:chaos choose another suffix with --testMatch.
  testMatch: ['**/*.spec.ts', '!**/*.{engine,chaos}.spec.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '^.+\\.tsx?$': ['@swc/jest', swc] },
  testTimeout: 120_000, // ends what hangs; a busy machine makes every test slow, and none is about speed
  maxWorkers: Math.ceil(availableParallelism() * 1.5), // suites that start the platform mostly wait for it
  workerIdleMemoryLimit: '512MB', // each Nest file leaks about 20 MB
  // For `npm run coverage`: files that no test loads count as well.
  coverageProvider: 'v8',
  coverageDirectory: '<rootDir>/coverage',
  coverageReporters: ['text', 'text-summary', 'lcovonly'],
  collectCoverageFrom: [
    '{apps,libs,tools}/**/*.ts',
    '!**/*.{spec,fixture,bench,d}.ts',
    '!**/{testdata,testing,contract-suite}/**',
  ],
};
