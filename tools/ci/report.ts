import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

const suite = z.looseObject({
  /** Absolute path of the file. */
  name: z.string(),
  status: z.string(),
  /** Why the file could not be run, or its failures. */
  message: z.string(),
  /** Milliseconds since 1970. */
  startTime: z.number(),
  endTime: z.number(),
  assertionResults: z.array(
    z.looseObject({
      status: z.string(),
      title: z.string(),
      fullName: z.string(),
      ancestorTitles: z.array(z.string()),
      failureMessages: z.array(z.string()).nullish(),
    }),
  ),
});

/** What `jest --json` writes, as far as it is read here. */
export const report = z.looseObject({ testResults: z.array(suite) });
export type Report = Readonly<z.infer<typeof report>>;
type Suite = Readonly<z.infer<typeof suite>>;

/** Reports of a run of CI. */
export interface Reports {
  /** Of the folder of the repository, to which paths are relative. */
  readonly root: string;
  /** Of `npm test`. */
  readonly tests?: Report | undefined;
  /** Of the suites on real servers. */
  readonly servers?: Report | undefined;
  /** Of the suites among them that failed and were run again. */
  readonly again?: Report | undefined;
}

export interface Summary {
  readonly passed: number;
  /** One line for each test whose last result is a failure, and for each file that could not be run. */
  readonly failed: readonly string[];
  /** One line for each test that failed and passed when it was run again. */
  readonly unsteady: readonly string[];
  /** Titles of what was skipped. */
  readonly skipped: readonly string[];
}

/**
 * Returns the suites to run again: those that failed, as long as their durations fit.
 *
 * @param seconds that are left
 */
export function suitesToRepeat({ testResults }: Report, seconds: number): readonly string[] {
  let left = seconds * 1_000;
  return testResults
    .filter(({ status }) => status === 'failed')
    .filter(({ startTime, endTime }) => {
      const fits = endTime - startTime <= left;
      if (fits) left -= endTime - startTime;
      return fits;
    })
    .map(({ name }) => name);
}

/** Sums up the reports. Of a suite that was run again, the last result of each test counts. */
export function summaryOf({ root, tests, servers, again }: Reports): Summary {
  const repeated = new Map(again?.testResults.map((one) => [one.name, one]));
  const first = servers?.testResults ?? [];
  const ofTests = tests?.testResults ?? [];
  const last = [...ofTests, ...first.map((one) => repeated.get(one.name) ?? one)];
  const failures = failuresIn(last, root);
  const former = failuresIn(first, root);
  // What is skipped in an end-to-end test of `npm test` was run again, on real servers.
  const shown = last.filter((one) => !ofTests.includes(one) || !one.name.endsWith('.e2e.spec.ts'));
  return {
    passed: last.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed').length,
    failed: [...failures].map(([test, reason]) => {
      const before = former.get(test) ?? reason;
      return `${test}: ${before}${before === reason ? '' : `; then: ${reason}`}`;
    }),
    unsteady: [...former].flatMap(([test, reason]) => (failures.has(test) ? [] : `${test}: ${reason}`)),
    skipped: skippedIn(shown),
  };
}

/** Returns the reason of each failure by `FILE > TEST`, or by the file if it could not be run. */
function failuresIn(suites: readonly Suite[], root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, status, message, assertionResults } of suites) {
    const file = name.slice(root.length + 1);
    const failing = assertionResults.filter((test) => test.status === 'failed');
    for (const { fullName, failureMessages } of failing)
      found.set(`${file} > ${fullName}`, reasonIn(failureMessages?.[0]));
    if (status === 'failed' && failing.length === 0) found.set(file, reasonIn(message));
  }
  return found;
}

function skippedIn(suites: readonly Suite[]): readonly string[] {
  const pending = suites
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending');
  return [...new Set(pending.map(({ ancestorTitles, title }) => ancestorTitles.join(' > ') || title))];
}

/** Returns what a failure says before its stack and the code in question, in one line without colors. */
function reasonIn(text = ''): string {
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const end = lines.findIndex((line) => /^(at |>? ?\d+ \|)/.test(line));
  return lines
    .slice(0, end === -1 ? undefined : end)
    .join(' ')
    .slice(0, 300);
}
