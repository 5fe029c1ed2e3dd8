import { makePrivate, reasonOf } from '#files';
import type { Clock, Logger, Timer } from '#kernel';
import { destination, pino } from 'pino';
import { printError } from './print-error.ts';

/** Names of fields whose values never reach a log line, wherever they stand. */
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

/** What is kept in memory while a log file cannot be written; lines beyond it are dropped, and counted. */
const KEPT_BYTES = 1024 * 1024;
const RETRY_MS = 1_000;

/**
 * JSON lines for operators. A file that cannot be written, such as on a full disk, stops nobody: lines are kept in memory and
 * written when that is possible again.
 * @param service which process or context speaks
 * @param file path of a file to append to, for its owner alone; standard error when left out
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
    retry = clock.timer(RETRY_MS, () => void stream.write('')); // writes what was kept
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
