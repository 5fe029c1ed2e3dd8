import { domainError, ERROR_KINDS } from './errors.ts';

describe('a domain error', () => {
  it('has a code, a kind, and a sentence, and omits absent members', () => {
    expect(Object.entries(domainError('key/unknown', 'unauthenticated', 'Unknown access key.'))).toEqual([
      ['code', 'key/unknown'],
      ['kind', 'unauthenticated'],
      ['detail', 'Unknown access key.'],
    ]);
  });

  it('includes what the caller can act on', () => {
    const more = {
      fix: 'astroctl org plan list',
      errors: [{ pointer: '/name', message: 'is required' }],
      extra: { limit: 5, used: 5 },
      retryAfterSeconds: 2,
    };
    expect(domainError('organization/seat-limit', 'limit', 'All seats are taken.', more)).toEqual({
      code: 'organization/seat-limit',
      kind: 'limit',
      detail: 'All seats are taken.',
      ...more,
    });
  });
});

describe('the kinds of errors', () => {
  it('are seven, each once', () => {
    expect(new Set(ERROR_KINDS).size).toBe(ERROR_KINDS.length);
    expect(ERROR_KINDS).toHaveLength(7);
  });
});
