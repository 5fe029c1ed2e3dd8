import { jest } from '@jest/globals';
import fs, { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { createLogger } from './logger.ts';

const root = temporaryFolder();
const linesIn = (file: string): { msg: string; lines?: number }[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Returns the operating system's error for a full disk. */
const noSpace = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('a log file', () => {
  afterEach(() => jest.restoreAllMocks());

  it('use-S16: is accessible to its owner only, even if an earlier release created it', () => {
    const made = join(root, 'made.log');
    const earlier = join(root, 'earlier.log');
    writeFileSync(earlier, '');
    chmodSync(earlier, 0o644);
    for (const file of [made, earlier]) {
      createLogger('test', { file, clock: manualClock() }).info({}, 'hello');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(linesIn(file)).toMatchObject([{ msg: 'hello' }]);
    }
  });

  it('use-L4: delays no process on a full disk, and contains every line when there is space again', async () => {
    const file = join(root, 'full.log');
    const clock = manualClock();
    const log = createLogger('test', { file, clock });
    log.info({}, 'before');
    const printed: string[] = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => (printed.push(String(text)), true));
    const write = jest.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw noSpace();
    });
    for (let n = 0; n < 10; n++) log.info({}, `during ${n}`);
    expect(write).toHaveBeenCalled();
    expect(printed).toEqual([
      `Warning: the log file ${file} cannot be written (the disk is full); the process continues.\n`,
    ]);
    write.mockRestore();
    const during = Array.from({ length: 10 }, (_, n) => `during ${n}`);
    clock.advance(1_000);
    expect(linesIn(file).map(({ msg }) => msg)).toEqual(['before', ...during]);
    log.info({}, 'after');
    expect(linesIn(file).map(({ msg }) => msg)).toEqual(['before', ...during, 'after']);
  });

  it('use-L4: buffers at most a megabyte in the meantime, and then reports how many lines are missing', async () => {
    const file = join(root, 'bounded.log');
    const log = createLogger('test', { file, clock: manualClock() });
    jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const write = jest.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw noSpace();
    });
    const text = 'x'.repeat(10_000);
    for (let n = 0; n < 150; n++) log.info({ text }, 'during');
    write.mockRestore();
    log.info({}, 'after');
    await eventually(() => {
      const lines = linesIn(file);
      const kept = lines.filter(({ msg }) => msg === 'during').length;
      expect(kept).toBeGreaterThan(90);
      expect(kept).toBeLessThan(110);
      expect(lines.map(({ msg }) => msg)).toContain('after');
      expect(lines.at(-1)).toMatchObject({
        msg: 'log lines were dropped while the file could not be written',
        lines: 150 - kept,
      });
    });
  });

  it('contains no value of a secret field', () => {
    const file = join(root, 'secret.log');
    createLogger('test', { file, clock: manualClock() }).info(
      { password: 'hunter2', at: { token: 'hunter2' } },
      'hello',
    );
    expect(readFileSync(file, 'utf8')).not.toContain('hunter2');
    expect(linesIn(file)).toHaveLength(1);
  });
});
