import { inProcessTransport } from '#bus/in-process';
import { addressList } from '#http/connections';
import { domainError, err, ok, position, type DomainError, type Result } from '#kernel';
import { manualClock, temporaryFolder } from '#testing';
import { Authenticator, sessionDigest } from './authentication.ts';
import { directory, startEdge, type Edge } from './edge.fixture.ts';

const folder = temporaryFolder();
const thing = '/v1/organizations/acme/things/web';
const ORIGIN = 'https://astro.acme.dev';
const SECRET = 'S'.repeat(43);
const START = Date.UTC(2026, 10, 24, 12);
const LIFETIME_MS = 24 * 3_600_000;
const CONSOLE = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' };

describe('requests with a session cookie', () => {
  const edges: Edge[] = [];
  afterEach(() => Promise.all(edges.splice(0).map((edge) => edge.close())));

  /** Starts a server at which Ada has a session. */
  async function start(origin = ORIGIN, proxies: readonly string[] = []) {
    const clock = manualClock(START);
    let live: Result<boolean, DomainError> = ok(true);
    const sessions = { origin, isLive: () => Promise.resolve(live) };
    const access = { current: () => Promise.resolve(ok(known)) };
    const known = directory();
    const edge = await startEdge(inProcessTransport(), folder, {
      clock,
      access,
      isTrustedProxy: addressList(proxies),
      authenticator: new Authenticator({ access, clock, sessions }),
    });
    edges.push(edge);
    let recorded = 1_000;
    const record = (event: Parameters<typeof known.apply>[0]['event']) => {
      for (const one of [known, edge.directory])
        one.apply({
          event,
          metadata: {
            id: `event-${recorded}`,
            stream: 'sessions-ada',
            revision: recorded,
            position: position('teststore', recorded++),
            recordedAt: new Date(START).toISOString(),
            actor: 'ada',
            commandId: 'c',
            correlationId: 'r',
            causationId: 'c',
          },
        });
    };
    record({
      type: 'session.started.v1',
      data: {
        sessionId: 's1',
        digest: sessionDigest(SECRET),
        startedAt: new Date(START).toISOString(),
        authenticatedAt: new Date(START).toISOString(),
        expiresAt: new Date(START + LIFETIME_MS).toISOString(),
      },
    });
    const send = (method: string, headers: Record<string, string>, json?: unknown) =>
      edge.send(method, thing, { key: false, headers, ...(json !== undefined && { json }) });
    return {
      clock,
      send,
      get: (cookie: string, headers: Record<string, string> = {}) => send('GET', { cookie, ...headers }),
      end: () => record({ type: 'session.ended.v1', data: { sessionId: 's1', reason: 'logout' } }),
      answer: (next: Result<boolean, DomainError>) => void (live = next),
    };
  }
  const cookie = `__Host-astro_session=${SECRET}`;
  const ended = { status: 401, body: { code: 'login/session-ended' } };

  it('are those of a login', async () => {
    const { get, send } = await start();
    expect(await get(cookie)).toMatchObject({ status: 200, body: { principal: 'login' } });
    expect(await send('PUT', { cookie, ...CONSOLE }, { text: 'x' })).toMatchObject({ status: 200 });
  });

  it('B21: change nothing without the headers of the console, and read nothing for another site', async () => {
    const { get, send } = await start();
    const crossSite = { status: 403, body: { code: 'login/cross-site' } };
    expect(await send('PUT', { cookie }, { text: 'x' })).toMatchObject(crossSite);
    expect(await send('PUT', { cookie, ...CONSOLE, origin: 'https://evil.test' }, {})).toMatchObject(crossSite);
    expect(await send('DELETE', { cookie, origin: ORIGIN })).toMatchObject(crossSite);
    expect(await get(cookie, { 'sec-fetch-site': 'cross-site' })).toMatchObject(crossSite);
  });

  it('B29: are rejected from the last millisecond of the session', async () => {
    const { get, clock } = await start();
    clock.advance(LIFETIME_MS - 1);
    expect((await get(cookie)).status).toBe(200);
    clock.advance(1);
    expect(await get(cookie)).toMatchObject(ended);
  });

  it('B28: are rejected from the event that ends the session, and for an unknown or malformed secret', async () => {
    const { get, end } = await start();
    for (const other of ['T'.repeat(43), 'x', '', `${SECRET}x`])
      expect(await get(`__Host-astro_session=${other}`)).toMatchObject(ended);
    end();
    expect(await get(cookie)).toMatchObject(ended);
  });

  it('B29: are rejected if the session was idle, and if nobody knows whether it was', async () => {
    const { get, answer } = await start();
    answer(ok(false));
    expect(await get(cookie)).toMatchObject(ended);
    answer(err(domainError('bus/timeout', 'unavailable', 'Away.')));
    expect((await get(cookie)).status).toBe(503);
  });

  it('B33: need the cookie of the protocol that the person uses, as trusted proxies say', async () => {
    const plain = `astro_session=${SECRET}`;
    const overHttps = { 'x-forwarded-proto': 'https' };
    const direct = await start('http://127.0.0.1:8080');
    expect([(await direct.get(plain)).status, (await direct.get(cookie)).status]).toEqual([200, 401]);
    expect((await direct.get(plain, overHttps)).status).toBe(200); // anybody can send this header
    const proxied = await start('http://127.0.0.1:8080', ['127.0.0.0/8']);
    expect((await proxied.get(plain, overHttps)).status).toBe(401);
    expect((await proxied.get(cookie, overHttps)).status).toBe(200);
    expect((await (await start()).get(plain)).status).toBe(401);
  });

  it('are those of the other credential, if there is one', async () => {
    const { get } = await start();
    expect((await get(cookie, { authorization: 'Bearer garbage' })).status).toBe(401);
  });
});
