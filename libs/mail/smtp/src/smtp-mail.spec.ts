import type { AddressInfo } from 'node:net';
import { mailContract, SENDER } from '#mail/contract-suite';
import { manualClock } from '#testing';
import { SMTPServer } from 'smtp-server';
import { openSmtpMail } from './smtp-mail.ts';

const clock = manualClock();

interface TestServer {
  readonly port: number;
  readonly received: string[];
  close(): Promise<void>;
}

/** Starts an SMTP server on loopback. It refuses addresses at `nowhere.dev` for ever, and those at `busy.dev` for now. */
async function startServer(port = 0, received: string[] = [], login?: { user: string; pass: string }) {
  const server = new SMTPServer({
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS', ...(login ? [] : ['AUTH'])],
    onAuth: ({ username, password }, _session, done) =>
      username === login?.user && password === login?.pass
        ? done(null, { user: username })
        : done(new Error('wrong password')),
    onRcptTo({ address }, _session, done) {
      const responseCode = address.endsWith('@nowhere.dev') ? 550 : address.endsWith('@busy.dev') ? 451 : undefined;
      done(responseCode === undefined ? null : Object.assign(new Error(`<${address}> refused`), { responseCode }));
    },
    onData(stream, _session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        received.push(Buffer.concat(parts).toString('utf8'));
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  } satisfies TestServer;
}

mailContract('SMTP', async () => {
  let server = await startServer();
  return {
    mail: openSmtpMail({ url: `smtp://127.0.0.1:${server.port}`, from: SENDER, clock }),
    received: async () => server.received,
    async whileAway(work) {
      await server.close();
      const result = await work();
      server = await startServer(server.port, server.received);
      return result;
    },
    close: () => server.close(),
  };
});

describe('SMTP', () => {
  const message = { id: 'one', to: 'grace@acme.dev', subject: 'Hello', text: 'Hello\n' };
  const withServer = async (login: { user: string; pass: string } | undefined, url: (port: number) => string) => {
    const server = await startServer(0, [], login);
    const mail = openSmtpMail({ url: url(server.port), from: SENDER, clock });
    return { server, mail, close: () => mail.close().then(() => server.close()) };
  };

  it.each([
    ['nowhere.dev', 'rejected', 'EENVELOPE 550'],
    ['busy.dev', 'unavailable', 'EENVELOPE 451'],
  ])('reports an address at %s as %s, with codes only', async (host, kind, reason) => {
    const { mail, close } = await withServer(undefined, (port) => `smtp://127.0.0.1:${port}`);
    expect(await mail.send({ ...message, to: `grace@${host}` })).toEqual({ ok: false, error: { kind, reason } });
    await close();
  });

  it('logs in with the user and the password of the URL', async () => {
    const { mail, server, close } = await withServer(
      { user: 'astro', pass: 'a/b' },
      (port) => `smtp://astro:a%2Fb@127.0.0.1:${port}`,
    );
    expect(await mail.send(message)).toMatchObject({ ok: true });
    expect(server.received).toHaveLength(1);
    await close();
  });

  it('takes a wrong password for something that an operator corrects', async () => {
    const { mail, close } = await withServer(
      { user: 'astro', pass: 'right' },
      (port) => `smtp://astro:wrong@127.0.0.1:${port}`,
    );
    expect(await mail.send(message)).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    expect(await mail.check()).toMatchObject({ ok: false });
    await close();
  });
});
