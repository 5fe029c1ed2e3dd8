import { chmodSync, readdirSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { loadOrCreateSealingKeys } from './key-file.ts';

const root = temporaryFolder();

describe('the file of sealing keys', () => {
  it('is created once, accessible to its owner only, and read again', () => {
    const folder = join(root, 'made');
    const made = loadOrCreateSealingKeys(folder);
    expect(made).toEqual([{ id: expect.stringMatching(/^local-[0-9a-f]{8}$/), key: expect.any(Uint8Array) }]);
    expect(made[0]?.key).toHaveLength(32);
    expect(loadOrCreateSealingKeys(folder)).toEqual(made);
    expect(readdirSync(folder)).toEqual(['sealing-keys']);
    expect(statSync(join(folder, 'sealing-keys')).mode & 0o777).toBe(0o600);
  });

  it('differs between installations', () => {
    expect(loadOrCreateSealingKeys(join(root, 'one'))[0]?.key).not.toEqual(
      loadOrCreateSealingKeys(join(root, 'other'))[0]?.key,
    );
  });

  it.each([0o640, 0o604, 0o620])('is refused when group or others can access it (%o)', (mode) => {
    const folder = join(root, `open-${mode}`);
    loadOrCreateSealingKeys(folder);
    chmodSync(join(folder, 'sealing-keys'), mode);
    expect(() => loadOrCreateSealingKeys(folder)).toThrow(/chmod 600/);
  });

  it('is refused with invalid content, which is neither quoted nor overwritten', () => {
    const folder = join(root, 'other-content');
    mkdirSync(folder);
    writeFileSync(join(folder, 'sealing-keys'), 'my-password', { mode: 0o600 });
    expect(() => loadOrCreateSealingKeys(folder)).toThrow(/^The file \S+ contains no sealing keys: (?!.*my-password)/);
    expect(() => loadOrCreateSealingKeys(folder)).toThrow();
  });
});
