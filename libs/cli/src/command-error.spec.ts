import { domainError, ERROR_KINDS } from '#kernel';
import { commandErrorText, localError, serverError, usage } from './command-error.ts';
import { EXIT_CODES } from './exit-codes.ts';

describe('the exit code of an error', () => {
  it.each(ERROR_KINDS.map((kind) => [kind, EXIT_CODES[kind]] as const))('depends on its kind: %s is %i', (kind, exit) =>
    expect(serverError(domainError('x/y', kind, 'No.'), 422, 'r').exit).toBe(exit),
  );
  it('differs for every kind', () => expect(new Set(Object.values(EXIT_CODES)).size).toBe(ERROR_KINDS.length));
  it('is 9 for limits and rates of any kind', () => {
    expect(serverError(domainError('http/rate', 'unavailable', 'Slow down.'), 429, 'r').exit).toBe(9);
    expect(serverError(domainError('x/seat-limit', 'forbidden', 'Full.'), 403, 'r').exit).toBe(9);
  });
  it.each([400, 413, 500])('is 1 for the statuses of the HTTP edge and of defects: %i', (status) =>
    expect(serverError(domainError('x/y', 'unavailable', 'No.'), status, 'r').exit).toBe(1),
  );
  it('is 2 for wrong usage', () => expect(usage('No.').exit).toBe(2));
});

describe('the text of an error', () => {
  const refused = serverError(domainError('x/y', 'conflict', 'It is taken.', { fix: 'choose another' }), 409, 'req-1');
  it('contains the error, the fix, and the reference', () =>
    expect(commandErrorText(refused, false)).toBe(
      'Error: It is taken.\nFix:   choose another\nRef:   x/y  request req-1\n',
    ));
  it('does not repeat a fault that the sentence contains already', () => {
    const errors = [
      { pointer: '/a', message: 'is too long' },
      { pointer: '/b', message: 'is missing' },
    ];
    const invalid = domainError('x/y', 'invalid', 'web: /a is too long.', { errors });
    expect(serverError(invalid, 422, 'r').detail).toBe('web: /a is too long: /b is missing.');
  });
  it('is the problem document with -o json', () =>
    expect(JSON.parse(commandErrorText(refused, true))).toMatchObject({
      status: 409,
      code: 'x/y',
      requestId: 'req-1',
    }));
  it('is also JSON for errors found on this machine', () =>
    expect(JSON.parse(commandErrorText(localError(1, 'No.', 'do'), true))).toEqual({
      detail: 'No.',
      fix: 'do',
      exit: 1,
    }));
  it('escapes control characters', () =>
    expect(commandErrorText(usage('a\u001b[2Jb'), false)).toBe('Error: a\\u001b[2Jb\n'));
});
