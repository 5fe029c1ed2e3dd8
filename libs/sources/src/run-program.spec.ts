import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '#runtime/system';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { runProgram, type ProgramRun } from './run-program.ts';
import { withTempFolder } from './temp-folder.ts';

const folder = temporaryFolder();

/** Runs a script of Node. */
const runScript = (script: string, more: Partial<ProgramRun> = {}) =>
  runProgram({
    program: process.execPath,
    args: ['-e', script],
    env: {},
    cwd: folder,
    timeoutMs: 60_000,
    maxOutputBytes: 1_000_000,
    signal: new AbortController().signal,
    clock: systemClock,
    ...more,
  });

/** Starts a child of its own that would run for an hour, and writes the ids of both processes to a file. */
const withChild = (file: string) => `
  const child = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 3600000)'], { stdio: 'inherit' });
  child.on('spawn', () => {
    require('node:fs').writeFileSync(${JSON.stringify(`${file}.new`)}, process.pid + ' ' + child.pid);
    require('node:fs').renameSync(${JSON.stringify(`${file}.new`)}, ${JSON.stringify(file)});
  });
  setTimeout(() => {}, 3600000);`;

/** Returns whether a process runs. A process that was killed but not yet waited for by its parent does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function expectEnded(file: string): Promise<void> {
  for (const pid of readFileSync(file, 'utf8').split(' ').map(Number))
    await eventually(() => expect([pid, isRunning(pid)]).toEqual([pid, false]));
}

describe('a program that is run', () => {
  it('gets its arguments, input and environment, and nothing else', async () => {
    const script = `let text = '';
      process.stdin.on('data', (chunk) => (text += chunk)).on('end', () =>
        console.log(JSON.stringify([process.argv.slice(1), text, Object.keys(process.env), process.cwd()])))`;
    const args = ['-e', script, '--', '$HOME', '; touch x'];
    const ran = await runScript('', { args, stdin: 'in', env: { ONLY: 'this' } });
    if (!ran.ok) throw new Error(ran.error.stderr);
    expect(JSON.parse(ran.value.stdout.toString())).toEqual([['$HOME', '; touch x'], 'in', ['ONLY'], folder]);
  });

  it('reports the exit code and what it wrote to standard error', async () =>
    expect(await runScript(`console.error('wrong'); process.exit(3)`)).toEqual({
      ok: false,
      error: { reason: 'exit', code: 3, stderr: 'wrong\n' },
    }));

  it('is reported as not installed if it does not exist', async () => {
    for (const program of [join(folder, 'absent'), '/etc/passwd'])
      expect(await runScript('', { program })).toEqual({ ok: false, error: { reason: 'not-installed', stderr: '' } });
  });

  it('may end without reading its input', async () =>
    expect(await runScript('process.exit(0)', { stdin: Buffer.alloc(5_000_000) })).toMatchObject({ ok: true }));

  it('is killed with its children when its time is over', async () => {
    const file = join(folder, 'timeout');
    const clock = manualClock();
    const ran = runScript(withChild(file), { clock, timeoutMs: 5_000 });
    await eventually(() => expect(existsSync(file)).toBe(true));
    clock.advance(5_000);
    expect(await ran).toMatchObject({ ok: false, error: { reason: 'timeout' } });
    await expectEnded(file);
  });

  it('is killed with its children when the work is canceled', async () => {
    const file = join(folder, 'canceled');
    const abort = new AbortController();
    const ran = runScript(withChild(file), { signal: abort.signal });
    await eventually(() => expect(existsSync(file)).toBe(true));
    abort.abort();
    expect(await ran).toMatchObject({ ok: false, error: { reason: 'aborted' } });
    await expectEnded(file);
    expect(await runScript('', { signal: abort.signal })).toMatchObject({ ok: false, error: { reason: 'aborted' } });
  });

  it('leaves no child when it ends itself', async () => {
    const file = join(folder, 'ended');
    const ran = await runScript(`${withChild(file)}; child.on('spawn', () => process.exit(0))`);
    expect(ran).toMatchObject({ ok: true });
    await expectEnded(file);
  });

  it('is killed when it writes more than its limit', async () =>
    expect(await runScript(`const more = () => process.stdout.write('x'.repeat(65536), more); more()`)).toMatchObject({
      ok: false,
      error: { reason: 'output' },
    }));

  it('keeps the end of a long standard error', async () => {
    const ran = await runScript(`process.stderr.write('x'.repeat(1000000) + 'last'); process.exitCode = 1`);
    expect(ran).toMatchObject({ ok: false, error: { reason: 'exit', stderr: expect.stringMatching(/^x+last$/) } });
    expect(ran.ok ? 0 : ran.error.stderr.length).toBe(65_536);
  });
});

const limits = existsSync('/usr/bin/prlimit') ? describe : describe.skip;

limits('the limits of a program (needs prlimit of util-linux)', () => {
  it('are of memory', async () =>
    expect(
      await runScript(`Buffer.alloc(3e9); console.log('allocated')`, { memoryBytes: 2 * 1024 ** 3 }),
    ).toMatchObject({ ok: false, error: { reason: 'exit' } }));

  it('are of the size of each file', async () => {
    const file = join(folder, 'large');
    const ran = await runScript(
      `const fs = require('node:fs'); const file = fs.openSync(${JSON.stringify(file)}, 'w');
       for (let i = 0; i < 100; i++) fs.writeSync(file, Buffer.alloc(1000));`,
      { fileBytes: 50_000 },
    );
    expect(ran).toMatchObject({ ok: false, error: { reason: 'exit' } });
    expect(statSync(file).size).toBeLessThanOrEqual(50_000);
  });
});

describe('a temporary folder', () => {
  it('is private, and is deleted afterwards, also after an error', async () => {
    let used = '';
    const failed = withTempFolder({ folder }, async (created) => {
      used = created;
      expect(statSync(created).mode & 0o777).toBe(0o700);
      await writeFile(join(created, 'file'), 'text');
      throw new Error('failed');
    });
    await expect(failed).rejects.toThrow('failed');
    expect(existsSync(used)).toBe(false);
    expect(await withTempFolder({ folder }, (created) => readdir(created))).toEqual([]);
  });
});
