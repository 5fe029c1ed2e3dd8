import type { Socket } from 'node:net';
import type { Clock } from '#kernel';

/** Time for a peer to read the last response and close the connection. */
const LINGER_MS = 2_000;

/**
 * Sends a last response and ends a connection, whatever its peer does: further input is discarded, and after 2 s the
 * connection is closed.
 */
export function endConnection(socket: Socket, response: string, clock: Clock): void {
  socket.end(response);
  socket.removeAllListeners('data').resume();
  const timer = clock.timer(LINGER_MS, () => socket.destroy());
  socket.once('close', () => timer.cancel());
}
