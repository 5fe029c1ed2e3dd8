import { makePrivate, reasonOf } from '#files';
import type { Clock, Logger, Timer } from '#kernel';
import { destination, pino } from 'pino';
import { printError } from './print-error.ts';

/** Names of fields whose values are never logged, at any depth. */
const SECRET_FIELDS = [
  'password',
  'token',
  'secret',
  'authorization',
  'email',
  'manifest',
  'key',
  'credential',
  'cookie',
];

/** Maximum size of the buffer while a log file cannot be written. Further lines are dropped and counted. */
const KEPT_BYTES = 1024 * 1024;
const RETRY_MS = 1_000;

/**
 * Creates a logger that writes JSON lines for operators. If the file cannot be written, as on a full disk, lines are
 * buffered and written later, without delaying the process.
 *
 * @param service the process or context that logs
 * @param file path of a file to append to, accessible to its owner only. Default: standard error.
 */
export function createLogger(
  service: string,
  { clock, file, level = 'info' }: { readonly clock: Clock; readonly file?: string; readonly level?: string },
): Logger {
  const log = pino(
    {
      level,
      base: { service },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    file === undefined
      ? destination({ dest: 2, sync: true })
      : fileDestination(file, clock, (lines) => reportDropped(lines)),
  );
  const reportDropped = (lines: number): void =>
    log.warn({ lines }, 'log lines were dropped while the file could not be written');
  return log;
}

function fileDestination(
  file: string,
  clock: Clock,
  recovered: (droppedLines: number) => void,
): ReturnType<typeof destination> {
  const stream = destination({ dest: file, sync: true, mkdir: true, mode: 0o600, maxLength: KEPT_BYTES });
  const reason = makePrivate(file);
  if (reason !== undefined)
    printError(`Warning: other users may read ${file} (${reason}); run chmod 600 on it as its owner.`);
  let retry: Timer | undefined;
  let isOut = false;
  let dropped = 0;
  stream.on('error', (error) => {
    if (!isOut)
      printError(`Warning: the log file ${file} cannot be written (${reasonOf(error)}); the process continues.`);
    isOut = true;
    retry?.cancel();
    retry = clock.timer(RETRY_MS, () => void stream.write('')); // writes the buffer
  });
  stream.on('drop', () => (dropped += 1));
  stream.on('drain', () => {
    isOut = false;
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    recovered(lines);
  });
  return stream;
}
