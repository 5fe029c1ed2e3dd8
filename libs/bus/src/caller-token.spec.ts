import { actorOf, type Principal } from '#access';
import { CallerKeyring, parseCallerKeys } from './caller-keys.ts';
import { signCaller, unsignedCaller } from './caller-token.ts';

const NOW = Date.UTC(2026, 0, 1);
const keys = parseCallerKeys(`k1:${Buffer.alloc(32, 1).toString('base64')}`);

describe('the token of a message that stays in the process', () => {
  it.each<Principal>([
    { kind: 'login', userId: 'Jürgen' },
    { kind: 'service', service: 'deployments' },
  ])('has the size of a signed one for a caller of the kind $kind', (principal) => {
    if (!keys.ok) throw new Error('the keys are not valid');
    const keyring = new CallerKeyring(keys.value);
    const context = {
      principal,
      actor: actorOf(principal, false),
      commandId: 'c',
      correlationId: 'r',
      deadlineMs: NOW + 10_000,
    };
    const signed = signCaller(keyring, 'things.v1.get', '{"name":"x"}', context, NOW);
    const unsigned = unsignedCaller(keyring, 'things.v1.get', context, NOW);
    expect(unsigned).not.toBe(signed);
    expect(Buffer.byteLength(unsigned)).toBe(Buffer.byteLength(signed));
  });
});
