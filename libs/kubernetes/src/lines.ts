import type { IncomingMessage } from 'node:http';
import type { Clock, Timer } from '#kernel';
import { KubernetesUnreachableError } from './client.ts';

export interface LineRules {
  /** Maximum bytes of one line. Longer ones are truncated (`cut`) or end the stream (`refuse`). */
  readonly maxLineBytes: number;
  readonly overlong: 'cut' | 'refuse';
  readonly clock: Clock;
  /** Milliseconds without data after which the connection is considered lost. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Yields the lines of a response as they arrive, without line terminators. Buffers at most one line and one chunk, and
 * reads only on demand.
 * @throws KubernetesUnreachableError if the connection is lost or idle for too long
 */
export async function* linesOf(response: IncomingMessage, rules: LineRules): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let length = 0;
  let timedOut = false;
  let idle: Timer | undefined;
  const restartIdleTimer = () => {
    idle?.cancel();
    if (rules.idleMs === undefined) return;
    idle = rules.clock.timer(rules.idleMs, () => {
      timedOut = true;
      response.destroy();
    });
  };
  const take = (part: Buffer) => {
    if (rules.overlong === 'refuse' && length + part.length > rules.maxLineBytes) {
      throw new KubernetesUnreachableError(
        'too-large',
        `A line of the response is longer than ${rules.maxLineBytes} bytes.`,
        false,
      );
    }
    const remaining = Math.max(0, rules.maxLineBytes - length);
    if (remaining > 0) pending.push(part.length > remaining ? part.subarray(0, remaining) : part);
    length += part.length;
  };
  const finish = () => {
    const line = Buffer.concat(pending).toString('utf8').replace(/\r$/, '');
    const truncatedBytes = length - rules.maxLineBytes;
    pending = [];
    length = 0;
    return truncatedBytes > 0 ? `${line} …(${truncatedBytes} bytes cut)` : line;
  };
  try {
    restartIdleTimer();
    for await (const chunk of response) {
      idle?.cancel();
      const bytes: Buffer = chunk;
      let start = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
        take(bytes.subarray(start, end));
        start = end + 1;
        yield finish();
      }
      if (start < bytes.length) take(Buffer.from(bytes.subarray(start))); // a copy, so that the chunk can be released
      restartIdleTimer();
    }
    if (length > 0) yield finish();
  } catch (cause) {
    if (cause instanceof KubernetesUnreachableError) throw cause;
    if (rules.signal?.aborted)
      throw new KubernetesUnreachableError('aborted', 'The call was canceled.', false, { cause });
    if (timedOut)
      throw new KubernetesUnreachableError('timeout', `No data was received for ${rules.idleMs} ms.`, false, { cause });
    throw new KubernetesUnreachableError('connection', 'The connection was lost.', false, { cause });
  } finally {
    idle?.cancel();
    response.destroy();
  }
}
