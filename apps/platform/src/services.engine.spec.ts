import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROUTED_CONTRACTS } from '#gateway';
import {
  call,
  eventually,
  natsServerProgram,
  newBrowser,
  SERVICES,
  startServices,
  temporaryFolder,
  type PlatformBrowser,
  type RunningServices,
  type ServiceName,
} from '#testing';
import { everyContract } from '#testing/contracts';
import { z } from 'zod';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';
import { askWithoutCredential } from './routes.fixture.ts';
import { takenOver } from './taken-over-worker.fixture.ts';

/** Each service in its own process, with its own keys and NATS user, and shared stores. */
const nats = process.env['ASTRO_TEST_NATS_URL'];

if (nats) describe('services in their own processes, on NATS', () => apart());
else
  describe.skip('services in their own processes: ASTRO_TEST_NATS_URL is not set', () =>
    it('was not tested', () => {}));

const readiness = z.looseObject({ ready: z.boolean(), contracts: z.array(z.string()) });
const sessionList = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), current: z.boolean() })) });
const loggedIn = z.looseObject({
  organization: z.looseObject({ id: z.string() }),
  key: z.looseObject({ id: z.string(), secret: z.string() }),
});

function apart(): void {
  const folder = temporaryFolder();
  let issuer: TestIssuer;
  let services: RunningServices;

  const contractsOf = async (service: ServiceName) =>
    readiness.parse((await call(services.urlOf(service), 'GET /readyz')).body).contracts;
  const login = async (person: string) =>
    loggedIn.parse(
      (
        await call(services.url, 'POST /v1/login', {
          credential: issuer.token(issuer.claims(person)),
          body: { machine: 'test' },
        })
      ).body,
    );

  beforeAll(async () => {
    issuer = await startIssuer();
    services = await startServices({
      dataDir: folder,
      port: 0,
      environment: issuer.environment,
      replicas: { gateway: 2 },
    });
  });
  afterAll(async () => {
    await services.stop();
    await issuer.close();
  });

  it('serve each contract once, and list their own in /readyz', async () => {
    const served = await Promise.all(SERVICES.map(contractsOf));
    const all = (await everyContract()).map(({ contract }) => contract.subject);
    expect(served.flat().toSorted()).toEqual(all.toSorted());
    expect(await contractsOf('gateway')).toEqual(all.filter((subject) => subject.startsWith('gateway.')).toSorted());
  });

  it('serve all routes at the gateway', async () => {
    for (const contract of ROUTED_CONTRACTS) {
      const { status, expected } = await askWithoutCredential(services.url, contract);
      expect([contract.route, status]).toEqual([contract.route, expected]);
    }
  });

  it('serve a login, a key, and requests with the key', async () => {
    const { organization, key } = await login('ada');
    expect(await call(services.url, 'GET /v1/me', { credential: key.secret })).toMatchObject({
      status: 200,
      body: { orgId: organization.id },
    });
    await eventually(async () =>
      expect(
        await call(services.url, `GET /v1/organizations/${organization.id}/profiles`, { credential: key.secret }),
      ).toMatchObject({ status: 200, body: { items: [{ name: 'default', cluster: 'sandbox' }] } }),
    );
  });

  it('reject a revoked key once its revocation has returned', async () => {
    const { organization, key } = await login('grace');
    const revoke = `DELETE /v1/organizations/${organization.id}/access-keys/${key.id}`;
    expect(await call(services.url, revoke, { credential: key.secret })).toMatchObject({ status: 200 });
    expect(await call(services.url, 'GET /v1/me', { credential: key.secret })).toMatchObject({
      status: 401,
      body: { code: 'key/revoked' },
    });
  });

  it('count the requests of a key at all gateways together', async () => {
    const { key } = await login('hopper');
    const remainingAt = async (gateway: 'gateway' | 'gateway-2') => {
      const { status, headers } = await call(services.urlOf(gateway), 'GET /v1/me', { credential: key.secret });
      return [status, Number(headers.get('ratelimit-limit')), Number(headers.get('ratelimit-remaining'))] as const;
    };
    const [, limit] = await remainingAt('gateway');
    const sent = 250; // less than half of the limit, which a gateway accepts before it knows what others have accepted
    for (let before = 0; before < sent; before += 50)
      for (const [status] of await Promise.all(Array.from({ length: 50 }, () => remainingAt('gateway'))))
        expect(status).toBe(200);
    await eventually(async () => {
      const [status, , remaining] = await remainingAt('gateway-2');
      expect([status, remaining <= limit - sent]).toEqual([200, true]);
    });
  });

  it('refuse a session of the console at one gateway once it was ended at another', async () => {
    const [laptop, phone] = [newBrowser(services.url), newBrowser(services.url)];
    const send = (browser: PlatformBrowser, gateway: 'gateway' | 'gateway-2', method: string, path: string) =>
      browser.send(method, services.urlOf(gateway) + path, {
        headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin', origin: services.url },
      });
    for (const browser of [laptop, phone]) {
      expect(await browser.send('GET', '/console/login?return_to=/openapi.json')).toMatchObject({ status: 200 });
      for (const gateway of ['gateway', 'gateway-2'] as const)
        expect(await send(browser, gateway, 'GET', '/v1/me')).toMatchObject({ status: 200 });
    }
    const { items } = sessionList.parse((await send(phone, 'gateway', 'GET', '/v1/me/sessions')).body);
    const session = items.find(({ current }) => current)?.id;
    expect(await send(laptop, 'gateway', 'DELETE', `/v1/me/sessions/${session}`)).toMatchObject({ status: 200 });
    expect(await send(phone, 'gateway-2', 'GET', '/v1/me')).toMatchObject({
      status: 401,
      body: { code: 'login/session-ended' },
    });
    expect(await send(laptop, 'gateway-2', 'GET', '/v1/me')).toMatchObject({ status: 200 });
  });

  it('work without one of them: only its own requests return 503 until it is available again', async () => {
    const { organization, key } = await login('linus');
    const ask = async (path: string) => {
      const { status, body } = await call(services.url, `GET /v1/organizations/${organization.id}${path}`, {
        credential: key.secret,
      });
      return status === 200 ? 200 : { status, ...z.looseObject({ code: z.string() }).parse(body) };
    };
    const paths = { 'access-keys': '/access-keys', billing: '/subscription', deployments: '/profiles' };
    for (const [stopped, own] of Object.entries(paths) as [keyof typeof paths, string][]) {
      expect(await services.processes.get(stopped)?.stop()).toBe(0);
      expect(await ask(own)).toMatchObject({ status: 503, code: 'bus/nobody-serves' });
      for (const path of Object.values(paths)) if (path !== own) expect([path, await ask(path)]).toEqual([path, 200]);
      expect(await call(services.url, 'GET /readyz')).toMatchObject({ status: 200 });
      await services.start(stopped);
      await eventually(async () => expect(await ask(own)).toBe(200));
    }
  });

  it('open only the stores of their configuration, and have a lock and a log file each', () => {
    const names = readdirSync(folder);
    expect(names).toEqual(
      expect.arrayContaining(
        SERVICES.filter((service) => service !== 'deploy-worker').flatMap((service) => [
          `${service}-1.lock`,
          `${service}-1.log`,
        ]),
      ),
    );
    expect(existsSync(join(folder, 'work-queue.sqlite'))).toBe(false);
  });

  if (natsServerProgram() === undefined)
    it.skip('limit a deploy worker that was taken over: nats-server was not built (npm run engines -- nats)', () => {});
  else describe('A27: a deploy worker that was taken over', () => takenOver(() => ({ services, folder })));
}
