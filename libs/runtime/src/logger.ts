import type { Logger } from '#kernel';
import { destination, pino } from 'pino';

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

/**
 * JSON lines for operators.
 * @param service which process or context speaks
 * @param file path of a file to append to; standard error when left out
 */
export function createLogger(
  service: string,
  options: { readonly level?: string; readonly file?: string } = {},
): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: { service },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    destination({ dest: options.file ?? 2, sync: true, mkdir: true }),
  );
}
