import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

/**
 * Checks that a port can be listened on, before anything else is opened.
 *
 * @param port 0 selects a free one
 * @returns the port
 * @throws StartError if the port is in use, the user lacks the permission, or the machine does not have the address
 */
export function claimPort(port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is in use; set PORT to a free one, or stop the process that uses it.`
          : error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'
            ? `${host} is not an address of this machine; set ASTRO_HOST to one, or to 0.0.0.0 for all.`
            : `Port ${port} cannot be used (${error.code ?? error.message}); set PORT to another.`;
      reject(new StartError(sentence, { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(taken));
    });
  });
}
