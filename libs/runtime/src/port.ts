import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

/**
 * Makes sure that a port of loopback can be listened on before anything else is opened.
 * @param port 0 chooses a free one
 * @returns the port
 * @throws StartError when somebody listens there, or this user may not
 */
export function claimPort(port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is in use; set PORT to a free one, or stop what listens there.`
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
