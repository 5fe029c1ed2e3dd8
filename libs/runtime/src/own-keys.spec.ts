import { SERVICES_ONLY } from '#access';
import { callerKeyNames, CallerKeyring, deriveCallerKeys, parseCallerKeys, type CallerKeys } from '#bus';
import { EDGE, request } from '#bus/contract';
import { z } from 'zod';
import { requireKeys, requireOwnKeys, warnAboutUnneededKeys } from './own-keys.ts';

const base = { input: z.unknown(), output: z.unknown(), timeoutMs: 1 };
const listed = request({ ...base, subject: 'shop.v1.list', permission: 'self.read', route: 'GET /v1/shops' });
const internal = request({ ...base, subject: 'shop.v1.internal', permission: SERVICES_ONLY, callers: ['till'] });
const masters = `k2:${Buffer.alloc(32, 2).toString('base64')},k1:${Buffer.alloc(32, 1).toString('base64')}`;

function keysFrom(text: string): CallerKeys {
  const keys = parseCallerKeys(text);
  if (!keys.ok) throw new Error(keys.error.detail);
  return keys.value;
}

function keysOf(service: string, contracts: Parameters<typeof callerKeyNames>[1]): CallerKeys {
  const text = deriveCallerKeys(keysFrom(masters), service, callerKeyNames(service, contracts));
  if (!text.ok) throw new Error(text.error.detail);
  return keysFrom(text.value);
}

describe('the caller keys of a process', () => {
  const contracts = [listed, internal];
  const check = (service: string, keys: CallerKeys, needs = contracts) =>
    requireKeys(service, new CallerKeyring(keys), { parts: [service], contracts: needs });

  it('are accepted if they are derived for it by this release, or are master keys', () => {
    for (const service of ['shop', 'till', EDGE]) {
      expect(() => check(service, keysOf(service, contracts))).not.toThrow();
      expect(() => requireOwnKeys(service, keysOf(service, contracts))).not.toThrow();
      expect(() => check(service, keysFrom(masters))).not.toThrow();
    }
  });

  it('are rejected with one sentence if they are those of another service', () =>
    expect(() => requireOwnKeys('till', keysOf('shop', contracts))).toThrow(
      /^ASTRO_CALLER_KEYS: the keys k2\/… are those of shop; print those of till: npm run admin:caller-keys -- till\.$/,
    ));

  it('are rejected with one sentence if an older release without one of the contracts derived them', () => {
    expect(() => check('shop', keysOf('shop', [listed]))).toThrow(
      /^ASTRO_CALLER_KEYS lacks the key k2\/service\/shop\/till, which this release of shop needs; print its keys again: .+\.$/,
    );
    expect(() => check(EDGE, keysOf(EDGE, [internal]))).toThrow('k2/person/shop');
    expect(() => check('till', keysOf('till', [listed]), [internal])).toThrow('k2/service/shop/till');
  });

  it('cause a warning if they are master keys, as do sealing keys without a vault', () => {
    const warningsOf = (keys: CallerKeys, sealingKeys: string | undefined): string[] => {
      const warnings: string[] = [];
      const log = {
        debug: () => {},
        info: () => {},
        error: () => {},
        warn: (_: object, text: string) => void warnings.push(text),
      };
      warnAboutUnneededKeys('till', { keys, sealingKeys, hasVault: false, log });
      return warnings;
    };
    expect(warningsOf(keysOf('till', contracts), undefined)).toEqual([]);
    expect(warningsOf(keysFrom(masters), 'k1:x')).toEqual([
      expect.stringContaining('master caller keys'),
      expect.stringContaining('ASTRO_SEALING_KEYS is set, but till has no vault'),
    ]);
  });
});
