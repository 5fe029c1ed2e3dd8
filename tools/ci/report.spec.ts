import { suitesToRepeat, summaryOf, type Report } from './report.ts';

const root = '/work';
const test = (fullName: string, failure?: string) => ({
  status: failure === undefined ? 'passed' : 'failed',
  title: fullName,
  fullName,
  ancestorTitles: [],
  failureMessages: failure === undefined ? [] : [failure],
});
const skipped = (title: string) => ({ ...test(title), status: 'pending' });

function suite(file: string, tests: readonly ReturnType<typeof test>[], { seconds = 10, message = '' } = {}) {
  const isFailed = tests.length === 0 || tests.some(({ status }) => status === 'failed');
  return {
    name: `${root}/${file}`,
    status: isFailed ? 'failed' : 'passed',
    message,
    startTime: 0,
    endTime: seconds * 1_000,
    assertionResults: [...tests],
  };
}
const reportOf = (...testResults: readonly ReturnType<typeof suite>[]): Report => ({ testResults: [...testResults] });

describe('the report of CI', () => {
  it('counts what passed and names what failed, and why', () => {
    const tests = reportOf(
      suite('a.spec.ts', [
        test('adds'),
        test('divides', '\n\u001b[31mby zero\u001b[39m\n\n  Expected: 1\n  > 2 | code\n  at a.ts'),
      ]),
    );
    const servers = reportOf(suite('b.engine.spec.ts', [], { message: 'cannot find a module' }));
    expect(summaryOf({ root, tests, servers })).toEqual({
      passed: 1,
      failed: ['a.spec.ts > divides: by zero Expected: 1', 'b.engine.spec.ts: cannot find a module'],
      unsteady: [],
      skipped: [],
    });
  });

  it('counts the last result of each test of a suite that was run again, and names those that are unsteady', () => {
    const servers = reportOf(
      suite('a.chaos.spec.ts', [test('heals', 'too late'), test('starts')]),
      suite('b.chaos.spec.ts', [test('keeps', 'lost 1'), test('answers', '503')]),
      suite('c.chaos.spec.ts', [test('ends')]),
    );
    const again = reportOf(
      suite('a.chaos.spec.ts', [test('heals'), test('starts')]),
      suite('b.chaos.spec.ts', [test('keeps', 'lost 2'), test('answers', '503')]),
    );
    expect(summaryOf({ root, servers, again })).toEqual({
      passed: 3,
      failed: ['b.chaos.spec.ts > keeps: lost 1; then: lost 2', 'b.chaos.spec.ts > answers: 503'],
      unsteady: ['a.chaos.spec.ts > heals: too late'],
      skipped: [],
    });
  });

  it('fails a test that failed only when its suite was run again', () => {
    const servers = reportOf(suite('a.chaos.spec.ts', [test('heals', 'too late'), test('starts')]));
    const again = reportOf(suite('a.chaos.spec.ts', [test('heals'), test('starts', 'no port')]));
    expect(summaryOf({ root, servers, again })).toMatchObject({
      passed: 1,
      failed: ['a.chaos.spec.ts > starts: no port'],
      unsteady: ['a.chaos.spec.ts > heals: too late'],
    });
  });

  it('names what was skipped once, unless it was run again on real servers', () => {
    const tests = reportOf(
      suite('a.spec.ts', [skipped('without helm'), skipped('without helm')]),
      suite('tour.e2e.spec.ts', [skipped('without NATS')]),
    );
    const servers = reportOf(suite('b.engine.spec.ts', [skipped('without EventStoreDB')]));
    expect(summaryOf({ root, tests, servers }).skipped).toEqual(['without helm', 'without EventStoreDB']);
  });

  it('runs the suites again that failed, as long as their durations fit', () => {
    const servers = reportOf(
      suite('a.chaos.spec.ts', [test('heals', 'too late')], { seconds: 60 }),
      suite('b.chaos.spec.ts', [test('keeps')]),
      suite('c.chaos.spec.ts', [test('ends', 'hangs')], { seconds: 600 }),
      suite('d.chaos.spec.ts', [], { seconds: 40 }),
    );
    expect(suitesToRepeat(servers, 100)).toEqual(['/work/a.chaos.spec.ts', '/work/d.chaos.spec.ts']);
    expect(suitesToRepeat(servers, 0)).toEqual([]);
  });
});
