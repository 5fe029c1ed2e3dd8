import { request } from '#bus/contract';
import { PUBLIC } from '#access';
import { z } from 'zod';
import { isWithoutDigest, withDigest } from './command-id.ts';

const contract = request({
  subject: 'test.v1.set',
  permission: PUBLIC,
  input: z.strictObject({ key: z.string(), value: z.string() }),
  output: z.strictObject({}),
  timeoutMs: 1_000,
});
const withSecret = { ...contract, secretMembers: ['value'] };
const input = (value: string, key = 'A') => ({ key, value });

describe('use-D26, E16: the digest of a request, which the log contains', () => {
  it('differs for every input', () => {
    expect(withDigest('name.', contract, input('1'))).not.toBe(withDigest('name.', contract, input('2')));
    expect(isWithoutDigest(withDigest('name.', contract, input('1')))).toBe(false);
  });

  it('does not depend on a secret, which could be guessed from it', () => {
    expect(withDigest('name.', withSecret, input('1'))).toBe(withDigest('name.', withSecret, input('2')));
    expect(withDigest('name.', withSecret, input('1'))).not.toBe(withDigest('name.', withSecret, input('1', 'B')));
  });
});
