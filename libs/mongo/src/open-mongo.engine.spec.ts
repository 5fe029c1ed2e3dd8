import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { eventually, manualClock, startTcpProxy } from '#testing';
import { generate } from 'selfsigned';
import { openMongo, type MongoOptions } from './index.ts';

const url = process.env['ASTRO_TEST_MONGO_URL'];
const open = (address: string, more: Partial<MongoOptions> = {}) =>
  openMongo({
    url: address,
    setting: 'ASTRO_TEST',
    clock: systemClock,
    log: silentLogger,
    errorOf: ({ sentence, cause }) => Object.assign(new Error(sentence, { cause }), { isOurs: true }),
    ...more,
  });

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // a TCP server has an address of this form
}

if (url) {
  describe('a connection to MongoDB', () => {
    const host = /\/\/([^/?]*)/.exec(url)?.[1];

    it('describes what is wrong with an address in one sentence without its password', async () => {
      const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
      const foreign = createTlsServer({ key, cert }, (socket) => socket.on('error', () => {}));
      const closing = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.destroy()));
      const [tlsPort, closingPort] = [await listening(foreign), await listening(closing)];
      const cases: readonly (readonly [string, RegExp])[] = [
        ['mongodb://user:secret@127.0.0.1:1/', /: no MongoDB server responds at mongodb:\/\/127\.0\.0\.1:1; start it/],
        ['mongodb://user:secret@nowhere.invalid/', /: no MongoDB server responds at mongodb:\/\/nowhere\.invalid; /],
        ['mongodb+srv://user:secret@nowhere.invalid/', /: no MongoDB server responds at mongodb\+srv:\/\/nowhere/],
        [`mongodb://user:secret@${host}/?directConnection=true`, /refuses the user name or the password/],
        [`mongodb://${host}/?directConnection=true&tls=true`, /does not respond with TLS; remove tls=true/],
        [`mongodb://127.0.0.1:${tlsPort}/?tls=true`, /is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\).*tlsCAFile/],
        [`mongodb://127.0.0.1:${closingPort}/`, /closes connections; if it requires TLS, add tls=true/],
        ['mongodb://user:sec/ret@127.0.0.1:1/', /the address of the MongoDB server cannot be used \(Password/],
        ['mongodb://127.0.0.1:1/?nonsense=1', /cannot be used \(option nonsense is not supported\)/],
        ['mongodb://127.0.0.1:1/?tls=true&tlsCAFile=/none', /cannot be used \(ENOENT/],
        [`mongodb://${host}/a.b?directConnection=true`, /cannot be used \(Database names cannot contain/],
      ];
      await Promise.all(
        cases.map(async ([address, sentence]) => {
          const error = await open(address).then(
            () => 'opened',
            (failure: Error) => failure,
          );
          expect(error).toMatchObject({ isOurs: true, message: expect.stringMatching(sentence) });
          expect(String(error)).toMatch(/^Error: ASTRO_TEST: [^\n]*\.$/);
          expect(String(error)).not.toContain('secret');
        }),
      );
      for (const server of [foreign, closing]) await new Promise((resolve) => server.close(resolve));
    });

    it('F6: fails promptly while the server is unreachable, and works again afterwards', async () => {
      const proxy = await startTcpProxy(url);
      const mongo = await open(`mongodb://127.0.0.1:${proxy.port}/?directConnection=true`);
      const look = () => mongo.run(() => mongo.connection.collection('projections').countDocuments());
      await look();
      await proxy.shut();
      await expect(look()).rejects.toMatchObject({ isOurs: true });
      await proxy.open();
      await eventually(look);
      await mongo.close();
      await proxy.shut();
    });

    it('F6: fails at its own deadline when the server does not respond', async () => {
      const proxy = await startTcpProxy(url);
      const clock = manualClock();
      const mongo = await open(`mongodb://127.0.0.1:${proxy.port}/?directConnection=true`, { clock });
      proxy.freeze();
      const look = mongo.run(() => mongo.connection.collection('projections').countDocuments());
      clock.advance(5_000);
      await expect(look).rejects.toMatchObject({
        isOurs: true,
        message: expect.stringMatching(/not respond within 5 s/),
      });
      proxy.thaw();
      await mongo.close();
      await proxy.shut();
    });

    it('completes pending operations before it closes, and refuses later ones', async () => {
      const mongo = await open(url);
      const look = mongo.run(() => mongo.connection.collection('projections').countDocuments());
      await mongo.close();
      await expect(look).resolves.toEqual(expect.any(Number));
      await expect(mongo.run(async () => 1)).rejects.toMatchObject({ isOurs: true });
      await mongo.close();
    });
  });
} else describe.skip('connections to mongo: ASTRO_TEST_MONGO_URL is not set', () => it('was not tested', () => {}));
