import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { eventually, runProgram, temporaryFolder } from '#testing';

const ONCE = pathToFileURL('tools/once.mjs').href;

describe('work that several processes need', () => {
  const parent = temporaryFolder();
  let folder: string;
  const file = (name: string) => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(parent, 'work-'));
  });

  /** Starts a process that wants `done` to be written. The one at work reports itself, and waits for the file `go`. */
  const start = () =>
    runProgram(process.execPath, [
      '--input-type=module',
      '-e',
      `import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
       import { once } from '${ONCE}';
       const [folder] = process.argv.slice(-1);
       appendFileSync(folder + '/started', 'x');
       await once(folder + '/lock', () => existsSync(folder + '/done'), async () => {
         appendFileSync(folder + '/worked', 'x');
         while (!existsSync(folder + '/go')) await new Promise((resolve) => setTimeout(resolve, 20));
         writeFileSync(folder + '/done', '');
       });`,
      folder,
    ]);
  const textOf = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');

  it('is done by one of them', async () => {
    const both = [start(), start()];
    await eventually(() => expect([textOf('started'), textOf('worked')]).toEqual(['xx', 'x']));
    writeFileSync(file('go'), '');
    expect((await Promise.all(both)).map(({ code }) => code)).toEqual([0, 0]);
    expect([textOf('worked'), existsSync(file('lock'))]).toEqual(['x', false]);
  });

  it('is done by the next one if the process at work has ended', async () => {
    const ended = await runProgram(process.execPath, ['-p', 'process.pid']);
    writeFileSync(file('lock'), ended.stdout);
    writeFileSync(file('go'), '');
    expect((await start()).code).toBe(0);
    expect([textOf('worked'), existsSync(file('lock'))]).toEqual(['x', false]);
  });
});
