import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { CallerKeyring, loadOrCreateCallerKeys, parseCallerKeys } from './caller-keys.ts';

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
    const first = loadOrCreateCallerKeys(folder);
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

  it('differ by kind and by receiver', () => {
    const keys = parseCallerKeys(`k1:${base64(1)}`);
    if (!keys.ok) throw new Error('no keys');
    const ring = new CallerKeyring(keys.value);
    const derived = [ring.key('k1', 'person', 'a'), ring.key('k1', 'service', 'a'), ring.key('k1', 'person', 'b')].map(
      (key) => key?.export().toString('hex'),
    );
    expect(new Set(derived).size).toBe(3);
    expect(ring.key('k9', 'person', 'a')).toBeUndefined();
  });
});
