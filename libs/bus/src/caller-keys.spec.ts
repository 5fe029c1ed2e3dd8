import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PUBLIC, SERVICES_ONLY } from '#access';
import { EDGE, request } from '#bus/contract';
import { temporaryFolder } from '#testing';
import { z } from 'zod';
import {
  callerKeyNames,
  CallerKeyring,
  deriveCallerKeys,
  loadCallerKeys,
  loadOrCreateCallerKeys,
  parseCallerKeys,
} from './caller-keys.ts';

const base64 = (fill: number): string => Buffer.alloc(32, fill).toString('base64');

describe('caller keys', () => {
  const folder = temporaryFolder();

  it('are parsed with the newest first', () => {
    expect(parseCallerKeys(`k2:${base64(2)}, k1:${base64(1)}\n`)).toMatchObject({
      ok: true,
      value: [{ id: 'k2' }, { id: 'k1' }],
    });
  });

  it.each(['', 'k1', `k1:${base64(1)},k1:${base64(2)}`, 'k1:c2hvcnQ=', `K 1:${base64(1)}`])(
    'are rejected without repeating a key: %j',
    (text) => {
      const parsed = parseCallerKeys(text);
      expect(parsed).toMatchObject({ ok: false, error: { code: 'bus/caller-keys-invalid' } });
      expect(JSON.stringify(parsed)).not.toContain(base64(1));
    },
  );

  it('are created once, and readable by their owner only', () => {
    expect(loadCallerKeys(folder)).toBeUndefined();
    const first = loadOrCreateCallerKeys(folder);
    expect(loadCallerKeys(folder)).toEqual(first);
    expect(first).toEqual(loadOrCreateCallerKeys(folder));
    expect(first.ok).toBe(true);
    expect(statSync(join(folder, 'caller-keys')).mode & 0o777).toBe(0o600);
  });

  it('are rejected if others can read the file, or it is damaged', () => {
    const file = join(folder, 'caller-keys');
    chmodSync(file, 0o644);
    expect(loadOrCreateCallerKeys(folder)).toMatchObject({
      ok: false,
      error: { detail: expect.stringContaining('chmod 600') },
    });
    chmodSync(file, 0o600);
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.slice(0, 20));
    expect(loadOrCreateCallerKeys(folder)).toMatchObject({ ok: false });
  });

  it('differ by kind, by receiver, and by the service that calls', () => {
    const ring = ringOf(`k1:${base64(1)}`);
    const derived = ['person/a', 'service/a/x', 'service/a/y', 'service/b/x', 'person/b'].map((name) =>
      ring.key('k1', name)?.export().toString('hex'),
    );
    expect(new Set(derived).size).toBe(5);
    expect(derived).not.toContain(undefined);
    expect(ring.key('k9', 'person/a')).toBeUndefined();
  });
});

const masters = `k2:${base64(2)},k1:${base64(1)}`;

function ringOf(text: string): CallerKeyring {
  const keys = parseCallerKeys(text);
  if (!keys.ok) throw new Error(keys.error.detail);
  return new CallerKeyring(keys.value);
}

function derive(service: string, names: readonly string[]): string {
  const keys = parseCallerKeys(masters);
  const text = keys.ok ? deriveCallerKeys(keys.value, service, names) : keys;
  if (!text.ok) throw new Error(text.error.detail);
  return text.value;
}

describe('the caller keys of one service', () => {
  const folder = temporaryFolder();
  const names = ['cursor', 'person/identity', 'service/identity/billing'];
  const text = derive('billing', names);
  const hex = (ring: CallerKeyring, id: string, name: string) => ring.key(id, name)?.export().toString('hex');

  it('have the values that follow from the master keys, newest first, and contain no others', () => {
    const [own, all] = [ringOf(text), ringOf(masters)];
    expect(own.newestId).toBe('k2');
    for (const id of ['k1', 'k2'])
      for (const name of names) expect(hex(own, id, name)).toBe(hex(all, id, name) ?? 'the master keys have all');
    expect(own.cursorKey).toEqual(all.cursorKey);
    for (const name of ['person/billing', 'service/identity/gateway', 'service/identity', 'for/billing'])
      expect(hex(own, 'k2', name)).toBeUndefined();
    expect(own.missing([...names, 'person/billing'])).toEqual(['k2/person/billing', 'k1/person/billing']);
    expect(all.missing(['person/billing'])).toEqual([]);
  });

  it('can be combined with an older master key, which verifies', () => {
    const old = `k1:${base64(1)}`;
    const mixed = ringOf(
      `${text
        .split(',')
        .filter((entry) => entry.startsWith('k2/'))
        .join('\n')}\n${old}`,
    );
    expect(mixed.newestId).toBe('k2');
    expect(hex(mixed, 'k1', 'person/anything')).toBeDefined();
    expect(hex(mixed, 'k2', 'person/anything')).toBeUndefined();
  });

  const entries = text.split(',');
  it.each([
    ['one is missing', entries.slice(1)],
    ['the last ones are missing', entries.slice(0, -2)],
    ['one is of another service', [...entries.slice(0, -1), ...derive('audit', names).split(',').slice(-1)]],
    ['one was changed', [entries[0]?.replace(/:.*/, `:${base64(9)}`), ...entries.slice(1)]],
    ['one of them is there twice', [...entries, entries[0]]],
    ['one id is a master key too', [...entries, `k1:${base64(1)}`]],
    ['they have a name that no key has', [...entries, `k1/a/b/c/d:${base64(1)}`]],
  ])('are rejected with one sentence if %s', (_what, list) => {
    const parsed = parseCallerKeys(list.join(','));
    expect(parsed).toMatchObject({ ok: false, error: { code: 'bus/caller-keys-invalid' } });
    expect(JSON.stringify(parsed)).not.toMatch(/[A-Za-z0-9+/]{43}=/);
  });

  it('are printed again if those in a file are incomplete, since a new file would contain others', () => {
    const file = join(folder, 'caller-keys');
    writeFileSync(file, entries.slice(1).join('\n'), { mode: 0o600 });
    expect(loadCallerKeys(folder)).toMatchObject({
      ok: false,
      error: {
        detail: `${file}: The derived caller keys k2/… are incomplete or were changed; print them again: npm run admin:caller-keys -- SERVICE.`,
      },
    });
  });

  it('cannot be derived from derived keys', () => {
    const keys = parseCallerKeys(text);
    if (!keys.ok) throw new Error('no keys');
    expect(deriveCallerKeys(keys.value, 'audit', names)).toMatchObject({
      ok: false,
      error: { detail: expect.stringContaining('not master keys') },
    });
  });
});

describe('the names of the keys that a service needs', () => {
  const base = { input: z.unknown(), output: z.unknown(), timeoutMs: 1 };
  const contracts = [
    request({ ...base, subject: 'a.v1.public', permission: PUBLIC, route: 'GET /v1/a', callers: ['b'] }),
    request({ ...base, subject: 'a.v1.internal', permission: SERVICES_ONLY, callers: ['b', 'a', EDGE] }),
    request({ ...base, subject: 'b.v1.internal', permission: SERVICES_ONLY, callers: ['a'] }),
  ];

  it.each([
    ['a', ['person/a', 'service/a/a', 'service/a/b', 'service/a/gateway', 'service/b/a']],
    ['b', ['service/a/b', 'service/b/a']],
    [EDGE, ['cursor', 'person/a', 'service/a/gateway']],
    ['stranger', []],
  ])('follow from the contracts: %s', (service, names) => expect(callerKeyNames(service, contracts)).toEqual(names));
});
