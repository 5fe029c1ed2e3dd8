import { isLinearizable, staleReads, type Model, type Operation } from './linearizable.fixture.ts';

type Command = `write ${string}` | 'read';

/** A register: a read returns the last value written. */
const register: Model<string, Command, string> = {
  initial: 'empty',
  apply: (state, command) =>
    command === 'read' ? { state, outcome: state } : { state: command.slice('write '.length), outcome: 'written' },
};
const write = (value: string, sentMs: number, answeredMs: number): Operation<Command, string> => ({
  command: `write ${value}`,
  outcome: 'written',
  sentMs,
  answeredMs,
});
const read = (outcome: string, sentMs: number, answeredMs: number): Operation<Command, string> => ({
  command: 'read',
  outcome,
  sentMs,
  answeredMs,
});
const lost = (value: string, sentMs: number): Operation<Command, string> => ({
  command: `write ${value}`,
  sentMs,
  answeredMs: Infinity,
});

describe('a history of concurrent operations', () => {
  it.each([
    ['no operation', []],
    ['reads after a write', [write('a', 0, 1), read('a', 2, 3), read('a', 2, 9)]],
    ['a read of either value during a write', [write('a', 0, 9), read('empty', 1, 2), read('a', 3, 4)]],
    [
      'two overlapping writes in the order that the reads show',
      [write('a', 0, 9), write('b', 0, 9), read('a', 10, 11)],
    ],
    ['a lost write that was carried out later', [lost('a', 0), read('empty', 5, 6), read('a', 7, 8)]],
    ['a lost write that was never carried out', [lost('a', 0), read('empty', 50, 60)]],
  ])('is linearizable: %s', (_what, operations) => expect(isLinearizable(register, operations)).toBe(true));

  it.each([
    ['a read of the former value after the write was answered', [write('a', 0, 1), read('empty', 2, 3)]],
    ['a read of a value that was never written', [write('a', 0, 9), read('b', 1, 2)]],
    ['a later read of the former value during a write', [write('a', 0, 9), read('a', 1, 2), read('empty', 3, 4)]],
    ['reads in two orders', [write('a', 0, 9), write('b', 0, 9), read('a', 10, 11), read('b', 12, 13)]],
    ['a lost write before it was sent', [read('a', 0, 1), lost('a', 2)]],
    ['a lost write that is undone', [lost('a', 0), read('a', 1, 2), read('empty', 3, 4)]],
  ])('is not linearizable: %s', (_what, operations) => expect(isLinearizable(register, operations)).toBe(false));

  it('is decided in reasonable time for many clients', () => {
    const operations = Array.from({ length: 40 }, (_, index) => write(`v${index % 3}`, index, index + 6));
    expect(isLinearizable(register, [...operations, read('v0', 100, 101)])).toBe(true);
    expect(isLinearizable(register, [...operations, read('v9', 100, 101)])).toBe(false);
  });
});

describe('stale reads', () => {
  const changes = [
    { value: 'viewer', sentMs: 10, answeredMs: 20 },
    { value: 'editor', sentMs: 30, answeredMs: 40 },
  ];
  it.each([
    ['owner', 0, 5, false],
    ['owner', 12, 15, false],
    ['viewer', 12, 15, false],
    ['owner', 21, 22, true],
    ['viewer', 21, 22, false],
    ['viewer', 5, 8, true],
    ['viewer', 35, 50, false],
    ['viewer', 41, 50, true],
    ['editor', 41, 50, false],
    ['editor', 21, 25, true],
    ['owner', 15, 35, false],
  ])('%s, read from %i to %i: %p', (value, sentMs, answeredMs, isStale) => {
    const found = { value, sentMs, answeredMs };
    expect(staleReads('owner', changes, [found])).toEqual(isStale ? [found] : []);
  });
});
