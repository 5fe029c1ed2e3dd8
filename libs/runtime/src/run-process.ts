import process from 'node:process';
import { readConfiguration, type Configuration } from './configuration.ts';
import { printError } from './print-error.ts';
import { StartError } from './start-error.ts';

/**
 * The life of a process: reads its settings from the environment, starts, and on SIGINT or SIGTERM stops cleanly (exit
 * code 0, or 1 with the reason). Settings that are wrong, and a start that fails, end it with code 1 and one sentence for
 * each mistake on standard error.
 * @param name what it is, in sentences: `the platform`
 * @returns what runs, once it does
 */
export async function runProcess<R extends { stop(): Promise<void> }>(
  name: string,
  start: (configuration: Configuration) => Promise<R>,
): Promise<R> {
  const read = readConfiguration(process.env, { dataDir: '.data' });
  if (!read.ok) {
    for (const sentence of read.error) printError(`Error: ${sentence}`);
    process.exit(1);
  }
  for (const warning of read.value.warnings) printError(`Warning: ${warning}`);
  const running = await start(read.value.configuration).catch((error: unknown) => {
    printError(
      `Error: ${error instanceof StartError ? error.message : `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`}`,
    );
    process.exit(1);
  });
  let stopping: Promise<void> | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping ??= running.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          printError(`Error: ${name} did not stop cleanly: ${String(error)}`);
          process.exit(1);
        },
      );
    });
  }
  return running;
}
