import { jest } from '@jest/globals';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { temporaryFolder } from '#testing';
import { DataFolderInUseError, openDataFolder } from './data-folder.ts';

const root = temporaryFolder();
const modeOf = (path: string) => statSync(path).mode & 0o777;

/** Creates a data folder like an earlier release, or `mkdir`. */
function folderWith(name: string, ...files: readonly string[]): string {
  const path = join(root, name);
  mkdirSync(path);
  for (const file of files) writeFileSync(join(path, file), '');
  chmodSync(path, 0o755);
  return path;
}

describe('the data folder', () => {
  let printed: string[];
  beforeEach(() => {
    printed = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => (printed.push(String(text)), true));
  });
  afterEach(() => jest.restoreAllMocks());

  it('use-S16: is accessible to its owner only, whether new or from an earlier release', () => {
    const made = openDataFolder(join(root, 'made', 'below'), 'platform');
    const earlier = openDataFolder(
      folderWith('earlier', 'events.sqlite', 'events.sqlite-wal', 'sealing-keys', 'sandbox', 'platform.log'),
      'platform',
    );
    expect([made.path, earlier.path].map(modeOf)).toEqual([0o700, 0o700]);
    expect(printed).toEqual([]);
    made.release();
    earlier.release();
  });

  it('use-S16: keeps its mode if it contains other files, and the startup reports why', () => {
    const path = folderWith('home', 'events.sqlite', 'thesis.txt');
    openDataFolder(path, 'platform').release();
    expect(modeOf(path)).toBe(0o755);
    expect(printed).toEqual([
      `Warning: The data folder ${path} has mode 755 and contains other files, so its mode is not changed; use a separate folder, or run chmod 700 ${path}.\n`,
    ]);
  });

  it('is used by one process of a name at a time', () => {
    const path = join(root, 'held');
    const first = openDataFolder(path, 'platform');
    expect(() => openDataFolder(path, 'platform')).toThrow(DataFolderInUseError);
    const other = openDataFolder(path, 'deploy-worker-1');
    first.release();
    openDataFolder(path, 'platform').release();
    other.release();
  });
});
