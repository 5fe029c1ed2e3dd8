import type { Socket } from 'node:net';
import type { Clock } from '#kernel';

/** How long a peer may take to read the last answer and to close. */
const LINGER_MS = 2_000;

/**
 * Sends a last answer and ends a connection, whatever its peer does: what still comes is thrown away, and after 2 s the
 * connection is gone.
 */
export function endConnection(socket: Socket, answer: string, clock: Clock): void {
  socket.end(answer);
  socket.removeAllListeners('data').resume();
  const timer = clock.timer(LINGER_MS, () => socket.destroy());
  socket.once('close', () => timer.cancel());
}
