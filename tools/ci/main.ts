// For .ci/run, with the folder of the reports that Jest wrote:
// main.ts repeat FOLDER SECONDS: prints the suites on real servers that failed and that can be run again in this time.
// main.ts summary FOLDER FAILED_STEPS: prints what was skipped, what failed, and as the last line `N passed, N failed`.
// Exits with 1 if something failed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { report, suitesToRepeat, summaryOf, type Report } from './report.ts';

/** The log ends with the failures, so they must not fill it. */
const MOST_LINES = 20;

const [command, folder = '', number = '0'] = process.argv.slice(2);
const read = (name: string): Report | undefined => {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? report.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
};

if (command === 'repeat') {
  const servers = read('servers');
  for (const suite of servers ? suitesToRepeat(servers, Number(number)) : []) console.log(suite);
} else {
  const { passed, failed, unsteady, skipped } = summaryOf({
    root: process.cwd(),
    tests: read('tests'),
    servers: read('servers'),
    again: read('again'),
  });
  for (const name of skipped) console.log(`skipped: ${name}`);
  for (const line of unsteady.slice(0, MOST_LINES)) console.log(`unsteady: ${line}`);
  for (const line of failed.slice(0, MOST_LINES)) console.log(`failed: ${line}`);
  const failures = failed.length || Number(number);
  console.log(`${passed} passed, ${failures} failed`);
  process.exitCode = failures > 0 || passed === 0 ? 1 : 0;
}
