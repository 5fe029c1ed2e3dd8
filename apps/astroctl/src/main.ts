import { spawn } from 'node:child_process';
import { homedir, hostname, platform } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runProgram, type Io } from '#cli';
import { systemClock, systemIds } from '#runtime/system';
import { parts } from './parts.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => {
  interrupt.abort();
  process.once('SIGINT', () => process.exit(130)); // a second SIGINT ends the program immediately
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // as in `astroctl … | head`
  throw error;
});

const io: Io = {
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  home: homedir(),
  hostname: hostname(),
  cwd: process.env['ASTROPULSE_CALLED_FROM'] ?? process.cwd(),
  self: process.env['ASTROPULSE_LAUNCHER'] ?? process.argv[1] ?? 'astroctl',
  program: fileURLToPath(import.meta.url),
  clock: systemClock,
  ids: systemIds,
  pause: (ms, signal) =>
    new Promise((done) => {
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        done();
      });
    }),
  openBrowser(url) {
    const opener = { darwin: 'open', linux: 'xdg-open' }[platform() as 'darwin' | 'linux'];
    if (!opener || (platform() === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])) return false;
    const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
    child.on('error', () => {}); // the address is printed anyway
    child.unref();
    return true;
  },
  interrupted: interrupt.signal,
};

process.exitCode = await runProgram(process.argv.slice(2), io, parts);
