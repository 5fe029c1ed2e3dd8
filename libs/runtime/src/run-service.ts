import { relative } from 'node:path';
import process from 'node:process';
import { VERSION } from '#kernel';
import { systemClock } from '#runtime/system';
import { readConfiguration, type Configuration } from './configuration.ts';
import { printError } from './print-error.ts';
import { StartError } from './start-error.ts';
import { startService, type RunningService, type ServiceOptions } from './start-service.ts';

const print = (line = ''): void => void process.stdout.write(`${line}\n`);

/**
 * Runs a process: reads its settings from the environment, starts, reports where it is ready, and stops cleanly on
 * SIGINT or SIGTERM, even during startup (exit code 0, or 1 with the reason). Invalid settings and a failed startup end
 * it with exit code 1, and one sentence for each mistake on standard error.
 */
export async function runService(service: ServiceOptions): Promise<void> {
  const began = systemClock.monotonic();
  // Signal handlers are registered first, so that a process that is told to stop is never without one.
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const running = await startService(service, readSettings(service), stopping.signal).catch((error: unknown) => {
    if (stopping.signal.aborted) process.exit(0);
    printError(`Error: ${sentenceOf(error)}`);
    process.exit(1);
  });
  const stop = () =>
    void running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        printError(`Error: ${service.name} did not stop cleanly: ${String(error)}`);
        process.exit(1);
      },
    );
  if (stopping.signal.aborted) return stop();
  stopping.signal.addEventListener('abort', stop, { once: true });
  greet(service.name, running, (systemClock.monotonic() - began) / 1_000);
}

function readSettings({ edge }: ServiceOptions): Configuration {
  // Without the HTTP API, health and metrics use a free port.
  const read = readConfiguration(process.env, edge ? {} : { port: '0' });
  if (!read.ok) {
    for (const sentence of read.error) printError(`Error: ${sentence}`);
    process.exit(1);
  }
  for (const warning of read.value.warnings) printError(`Warning: ${warning}`);
  return read.value.configuration;
}

const sentenceOf = (error: unknown): string =>
  error instanceof StartError
    ? error.message
    : `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;

function greet(name: string, running: RunningService, seconds: number): void {
  const { settings, url, instance, logFile, greetings, problems } = running;
  const isWhole = settings.profile === 'embedded';
  const what = isWhole ? `Astro Platform ${VERSION}` : `Astro Platform ${VERSION}: ${name}`;
  const state = problems.length === 0 ? 'is ready' : 'is running but not ready';
  const log = logFile === undefined ? 'standard error' : relative(process.cwd(), logFile) || logFile;
  print(`${what} ${state} at ${isWhole ? settings.publicUrl : url} (${seconds.toFixed(1)} s)`);
  print();
  if (problems.length > 0) {
    for (const problem of problems) print(`  ${problem}`);
    return print('  See "A damaged log" and "Upgrade" in docs/operator-guide.md.');
  }
  for (const lines of greetings.filter(({ length }) => length > 0)) {
    for (const line of lines) print(line);
    print();
  }
  if (!isWhole) print(`  Instance ${instance}`);
  print(`  Log      ${log}      Ctrl-C stops the platform; the data is kept.`);
}
