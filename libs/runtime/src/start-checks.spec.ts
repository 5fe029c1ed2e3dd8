import type { CheckResult, ServiceState } from '#runtime/contract';
import { manualClock } from '#testing';
import { logStartChecks } from './start-checks.ts';

const check = (name: string, status: CheckResult['status']): CheckResult => ({
  name,
  status,
  message: `${name} is ${status}.`,
  fix: status === 'ok' ? null : `repair ${name}`,
});
const stateOf = (service: string): Promise<ServiceState> =>
  Promise.resolve({
    service,
    process: { name: 'platform', instance: 'p-1' },
    version: '1.0.0',
    time: '2026-11-24T12:00:00Z',
    checks: [check('bus', 'ok'), check('mail', 'failed')],
    ownChecks: [check(`of ${service}`, service === 'audit' ? 'warn' : 'ok')],
    projections: [],
  });

async function logged(more: Partial<Parameters<typeof logStartChecks>[1]> = {}) {
  const lines: unknown[] = [];
  const line = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message]);
  const log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const clock = manualClock();
  const done = logStartChecks(['identity', 'audit'], { stateOf, clock, log, isStopping: () => false, ...more });
  await new Promise(setImmediate);
  clock.advance(20_000);
  await done;
  return lines;
}

describe('the log of a start', () => {
  it('has what is wrong, and what to do: checks of the process once, and those of each of its parts', async () =>
    expect(await logged()).toEqual([
      ['error', { service: 'platform', check: 'mail', fix: 'repair mail' }, 'mail is failed.'],
      ['warn', { service: 'audit', check: 'of audit', fix: 'repair of audit' }, 'of audit is warn.'],
    ]));
  it('has nothing that failed only while other processes started', async () => {
    let calls = 0;
    const started = async (service: string) => {
      const state = await stateOf(service);
      return (calls += 1) > 2 ? { ...state, checks: [check('bus', 'ok')] } : state;
    };
    expect(await logged({ stateOf: started })).toEqual([
      ['warn', { service: 'audit', check: 'of audit', fix: 'repair of audit' }, 'of audit is warn.'],
    ]);
  });
  it('has nothing about a process that is stopped during the checks', async () =>
    expect(await logged({ isStopping: () => true })).toEqual([]));
  it('says that the process could not be checked', async () =>
    expect(await logged({ stateOf: () => Promise.reject(new TypeError('x')) })).toEqual([
      ['warn', { cause: 'TypeError' }, 'the process could not be checked'],
    ]));
});
