import { createServer } from 'node:net';
import { connectTo } from './connection.ts';

describe('the NATS server behind the work queue', () => {
  it('is refused in one sentence when it is too old', async () => {
    const info = {
      server_id: 'X',
      version: '2.9.10',
      proto: 1,
      max_payload: 1_048_576,
      headers: true,
      jetstream: true,
    };
    const server = createServer((socket) => {
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on('data', (data) => data.includes('PING') && socket.write('PONG\r\n'));
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await expect(connectTo({ url: `nats://127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'work-queue/unavailable',
      message: 'The NATS server for the work queue has version 2.9.10; work queues need 2.10 or newer.',
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('is refused without its address, which may contain a password, when it does not respond', async () => {
    await expect(connectTo({ url: 'nats://user:secret@127.0.0.1:1' })).rejects.toMatchObject({
      code: 'work-queue/unavailable',
      message: expect.not.stringContaining('secret'),
    });
  });
});
