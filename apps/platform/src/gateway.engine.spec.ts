import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROUTED_CONTRACTS } from '#gateway';
import { call, eventually, startApp, temporaryFolder, type AppProcess } from '#testing';
import { z } from 'zod';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';

/** A gateway without contexts beside a process that has them, on NATS and one log. */
const nats = process.env['ASTRO_TEST_NATS_URL'];

if (nats) describe('a gateway that is a process of its own, on NATS', () => apart(nats));
else
  describe.skip('a gateway that is a process of its own: ASTRO_TEST_NATS_URL is not set', () =>
    it('was not tested', () => {}));

const readiness = z.looseObject({ contracts: z.array(z.string()) });
const loggedIn = z.looseObject({
  organization: z.looseObject({ id: z.string() }),
  key: z.looseObject({ id: z.string(), secret: z.string() }),
});

function apart(nats: string): void {
  const folder = temporaryFolder();
  const apps: AppProcess[] = [];
  let issuer: TestIssuer;
  let contexts: AppProcess;
  let contextsUrl: string;
  let url: string;

  const start = async (entry: 'contexts' | 'gateway'): Promise<{ app: AppProcess; url: string }> => {
    const environment = {
      ...issuer.environment,
      ASTRO_BUS: nats,
      ASTRO_QUEUE: nats,
      ASTRO_DATA_DIR: folder,
      PORT: '0',
    };
    const app = startApp('platform', environment, `testing/${entry}.ts`);
    apps.push(app);
    const url = await eventually(() => {
      const found = new RegExp(`${entry} is ready at (http://\\S+)`).exec(app.output())?.[1];
      if (!found) throw new Error(`${entry} is not ready; it said:\n${app.output()}`);
      return found;
    });
    return { app, url };
  };
  const startContexts = async () => ({ app: contexts, url: contextsUrl } = await start('contexts'));
  const login = async (person: string) => {
    const answer = await call(url, 'POST /v1/login', {
      credential: issuer.token(issuer.claims(person)),
      body: { machine: 'test' },
    });
    return loggedIn.parse(answer.body);
  };

  beforeAll(async () => {
    issuer = await startIssuer();
    ({ url } = await start('gateway')); // before anybody serves a contract
    await startContexts();
  });
  afterAll(async () => {
    for (const app of apps) await app.stop();
    await issuer.close();
  });

  it('serves no contract, and has all routes', async () => {
    const own = readiness.parse((await call(url, 'GET /readyz')).body);
    expect(own.contracts).toEqual([]);
    const others = readiness.parse((await call(contextsUrl, 'GET /readyz')).body);
    for (const { route, subject, permission } of ROUTED_CONTRACTS) {
      expect(others.contracts).toContain(subject);
      const { status } = await call(url, String(route).replaceAll(/\{\w+\}/g, 'x'));
      expect([route, status]).toEqual([route, permission === 'PUBLIC' ? 200 : 401]);
    }
  });

  it('answers for contexts in another process: a login, a key, and what it may see', async () => {
    const { organization, key } = await login('ada');
    expect(await call(url, 'GET /v1/me', { credential: key.secret })).toMatchObject({
      status: 200,
      body: { orgId: organization.id },
    });
    expect(
      await call(url, `GET /v1/organizations/${organization.id}/profiles`, { credential: key.secret }),
    ).toMatchObject({ status: 200, body: { items: [{ name: 'default', cluster: 'sandbox' }] } });
  });

  it('refuses a revoked key once the revocation was answered', async () => {
    const { organization, key } = await login('grace');
    expect(
      await call(url, `DELETE /v1/organizations/${organization.id}/access-keys/${key.id}`, { credential: key.secret }),
    ).toMatchObject({ status: 200 });
    expect(await call(url, 'GET /v1/me', { credential: key.secret })).toMatchObject({
      status: 401,
      body: { code: 'key/revoked' },
    });
  });

  it('says that nobody answers while the contexts are away, and continues when they are back', async () => {
    const { key } = await login('linus');
    const me = () => call(url, 'GET /v1/me', { credential: key.secret });
    expect(await contexts.stop()).toBe(0);
    expect(await me()).toMatchObject({ status: 503, body: { code: 'bus/nobody-serves' } });
    expect(await call(url, 'GET /readyz')).toMatchObject({ status: 200 });
    await startContexts();
    expect(await me()).toMatchObject({ status: 200 });
  });

  it('opens no store that it was not asked to, and each process keeps a lock and a log of its own', () => {
    const names = readdirSync(folder);
    expect(names).toEqual(expect.arrayContaining(['gateway-1.lock', 'gateway-1.log', 'contexts-1.lock']));
    expect(existsSync(join(folder, 'work-queue.sqlite'))).toBe(false);
  });
}
