import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { claimPort } from '#runtime';
import { startApp, temporaryFolder } from '#testing';

const readyzOf = (port: number): Promise<number> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ status }) => status,
    () => 0,
  );

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await pause(1);
}

/** Stops a process at any time. */
describe('use-L10: a SIGTERM ends the platform cleanly', () => {
  const folder = temporaryFolder();
  const start = (name: string, port: number) =>
    startApp('platform', { PORT: String(port), ASTRO_DATA_DIR: join(folder, name) });
  const lockOf = (name: string) => join(folder, name, 'platform.lock');

  it('as soon as it is ready', async () => {
    const port = await claimPort(0);
    const app = start('ready', port);
    await until(async () => (await readyzOf(port)) === 200);
    expect(await app.stop()).toBe(0);
    expect(app.output()).not.toContain('Error');
    expect(existsSync(lockOf('ready'))).toBe(false);
  });

  it('while it starts', async () => {
    const app = start('starting', 0);
    await until(() => existsSync(lockOf('starting')));
    expect(await app.stop()).toBe(0);
    expect(app.output()).toBe('');
    expect(existsSync(lockOf('starting'))).toBe(false);
  });
});
