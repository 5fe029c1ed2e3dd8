// npm run mutants [-- SLICE…]: changes the sources of each slice in one place at a time, and runs the tests of the slice
// for each change. Writes the number of changes that a test detected, and those that none did, to
// docs/development/mutation-testing.yaml. A second run tests only what has changed since, and survivors; delete
// .nx/mutants to test everything again.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { percentKilled, readResults, resultProblems, resultsFile, withReasons } from './results.ts';
import { SLICE_NAMES, SLICES } from './slices.ts';

// Read by the tests and by setup.mjs.
process.env['ASTRO_TEST_SEED'] ??= '1';

const root = join(import.meta.dirname, '..', '..');
const words = process.argv.slice(2);
const unknown = words.find((word) => !Object.hasOwn(SLICES, word));
if (unknown !== undefined) {
  console.error(`There is no slice ${unknown}. Slices: ${SLICE_NAMES.join(', ')}.`);
  process.exit(2);
}
const selected = words.length === 0 ? SLICE_NAMES : SLICE_NAMES.filter((name) => words.includes(name));
for (const name of selected) {
  forgetSurvivors(incrementalFileOf(name));
  const mutants = await new Stryker(optionsOf(name, SLICES[name])).runMutationTest();
  const results = readResults(root);
  const survivors = withReasons(mutants.filter(hasSurvived).map(survivorOf), results[name]?.survivors ?? []);
  const result = { killed: mutants.filter(isKilled).length, survivors };
  const { path, text } = resultsFile(root, { ...results, [name]: result });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`${name}: ${percentKilled(result)} % of ${result.killed + survivors.length} mutants killed`);
}
const problems = resultProblems(root, readResults(root));
for (const problem of problems) console.error(problem);
console.log('Give each survivor a reason in docs/development/mutation-testing.yaml, then run npm run reference.');
process.exit(problems.length === 0 ? 0 : 1);

function optionsOf(name, { sources, tests }) {
  return {
    mutate: [...sources],
    testRunner: 'jest',
    plugins: ['@stryker-mutator/jest-runner'],
    testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    coverageAnalysis: 'perTest',
    jest: {
      projectType: 'custom',
      configFile: 'jest.config.mjs',
      // Imports of a slice lead to most tests of the repository, of which some start a whole platform.
      enableFindRelatedTests: false,
      config: {
        roots: [...new Set(tests.map((file) => `<rootDir>/${dirname(file)}`))],
        testMatch: tests.map((file) => `<rootDir>/${file}`),
        setupFiles: ['<rootDir>/tools/mutants/setup.mjs'],
      },
    },
    concurrency: 1,
    // Four times the duration of the tests, because other work may slow down the machine, and a constant part.
    timeoutFactor: 4,
    timeoutMS: 5_000,
    incremental: true,
    incrementalFile: incrementalFileOf(name),
    tempDirName: `.nx/mutants/${name}`,
    ignorePatterns: [
      '*',
      ...['package.json', 'jest.config.mjs', '.swcrc', 'tsconfig*.json', 'libs/**', 'docs/**', 'tools/mutants/**'].map(
        (pattern) => `!${pattern}`,
      ),
    ],
    disableTypeChecks: false,
    reporters: ['progress-append-only'],
    allowConsoleColors: false,
    warnings: false,
  };
}

function incrementalFileOf(name) {
  return `.nx/mutants/${name}.json`;
}

/** Has survivors tested again: Stryker does not notice that a new test covers code which runs when a file is loaded. */
function forgetSurvivors(file) {
  if (!existsSync(file)) return;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  for (const source of Object.values(report.files))
    source.mutants = source.mutants.filter((mutant) => !hasSurvived(mutant));
  writeFileSync(file, JSON.stringify(report));
}

/** A mutant on which the tests never end is detected too. */
function isKilled({ status }) {
  return status === 'Killed' || status === 'Timeout';
}

function hasSurvived({ status }) {
  return status === 'Survived' || status === 'NoCoverage';
}

function survivorOf({ fileName, location, mutatorName, replacement }) {
  const file = fileName.slice(fileName.indexOf('libs/'));
  const line = readFileSync(join(root, file), 'utf8').split('\n')[location.start.line - 1];
  return {
    file,
    line: (line ?? '').trim(),
    mutator: mutatorName,
    replacement: (replacement ?? '').replaceAll(/\s+/g, ' ').trim(),
    reason: '',
  };
}
