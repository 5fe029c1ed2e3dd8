// node --import ./tools/console/start.mjs …: builds the console in the background while the platform starts.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

spawn(process.execPath, [fileURLToPath(new URL('build.mjs', import.meta.url))], { stdio: 'ignore' })
  .on('error', () => {}) // the platform builds it at the first request, and says why it cannot
  .unref();
