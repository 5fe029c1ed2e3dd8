import process from 'node:process';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { startSandboxes } from '#sandbox-cluster/service';

// Serves one organization's sandbox in a separate process, for tests that kill it. Prints its address.
const sandboxes = await startSandboxes({
  folder: process.env['ASTRO_DATA_DIR'] ?? '.data',
  host: '127.0.0.1',
  preferredPort: 0,
  clock: systemClock,
  log: { ...silentLogger, error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`) },
});
process.stdout.write(`ready ${JSON.stringify(await sandboxes.connectionOf('org-kill'))}\n`);
