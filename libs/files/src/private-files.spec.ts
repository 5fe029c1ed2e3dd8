import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { createPrivateFile, makePrivate, makePrivateFolder, reasonOf, writePrivateFile } from './index.ts';

const root = temporaryFolder();
const modeOf = (...path: string[]) => statSync(join(root, ...path)).mode & 0o7777;

describe('private files', () => {
  it('are created in folders that only their owner can access', () => {
    makePrivateFolder(join(root, 'a', 'b'));
    expect([modeOf('a'), modeOf('a', 'b')]).toEqual([0o700, 0o700]);
    chmodSync(join(root, 'a'), 0o755);
    makePrivateFolder(join(root, 'a'));
    expect(modeOf('a')).toBe(0o755);
  });

  it('lose the permissions of group and others, and keep those of their owner', () => {
    for (const [name, mode, then] of [
      ['one', 0o644, 0o600],
      ['two', 0o640, 0o600],
      ['three', 0o755, 0o700],
      ['four', 0o400, 0o400],
    ] as const) {
      writeFileSync(join(root, name), '');
      chmodSync(join(root, name), mode);
      expect(makePrivate(join(root, name))).toBeUndefined();
      expect(modeOf(name)).toBe(then);
    }
  });

  it('are replaced atomically, whatever mode the old file had', () => {
    const folder = join(root, 'replaced');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'old', { mode: 0o644 });
    writePrivateFile(join(folder, 'file'), 'new');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
    expect(modeOf('replaced', 'file')).toBe(0o600);
    expect(() => writePrivateFile(folder, 'a folder is there')).toThrow();
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readdirSync(root).filter((name) => name.startsWith('replaced'))).toEqual(['replaced']);
  });

  it('are created once: the first writer wins', () => {
    const folder = join(root, 'once');
    mkdirSync(folder);
    expect(createPrivateFile(join(folder, 'key'), 'first')).toBe(true);
    expect(createPrivateFile(join(folder, 'key'), 'second')).toBe(false);
    expect(readFileSync(join(folder, 'key'), 'utf8')).toBe('first');
    expect(modeOf('once', 'key')).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['key']);
  });

  it('report why they cannot be created', () => {
    const error = (() => {
      try {
        writePrivateFile(join(root, 'one', 'below a file'), '');
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(reasonOf(error)).toBe('part of the path is not a folder');
    expect(reasonOf(new Error('else'))).toBe('else');
  });
});
