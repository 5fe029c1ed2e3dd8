import { assertNever, err, ok, type Result } from './result.ts';

describe('a result', () => {
  it('is a value or an error, distinguished by ok', () => {
    const read = (result: Result<number, string>): number | string => (result.ok ? result.value : result.error);
    expect([read(ok(1)), read(err('no'))]).toEqual([1, 'no']);
  });

  it('can contain a falsy value', () => {
    expect(ok(undefined)).toEqual({ ok: true, value: undefined });
    expect(err(0)).toEqual({ ok: false, error: 0 });
  });
});

describe('assertNever', () => {
  it('throws with the unhandled case', () => {
    const label = (state: 'open' | 'closed'): string => {
      switch (state) {
        case 'open':
          return 'Open';
        case 'closed':
          return 'Closed';
        default:
          return assertNever(state);
      }
    };
    expect(label('closed')).toBe('Closed');
    expect(() => label(JSON.parse('"ajar"'))).toThrow('ajar');
  });
});
