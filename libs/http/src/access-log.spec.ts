import { inProcessTransport } from '#bus/in-process';
import { eventually, temporaryFolder } from '#testing';
import { secretKey, startEdge, type Edge } from './edge.fixture.ts';

const folder = temporaryFolder();
let edge: Edge;
beforeAll(async () => {
  edge = await startEdge(inProcessTransport(), folder);
});
afterAll(() => edge.close());

describe('the access log', () => {
  it('has one line for each request, with the route instead of the path, and the ID of the caller', async () => {
    const { headers } = await edge.send('GET', '/v1/organizations/acme/things/a-name-that-people-chose');
    await eventually(() =>
      expect(edge.requestsLogged).toContainEqual({
        method: 'GET',
        route: '/v1/organizations/:org/things/:name',
        status: 200,
        ms: expect.any(Number),
        principal: 'ada',
        requestId: headers['x-request-id'],
      }),
    );
  });

  it('has no caller when the credential is rejected', async () => {
    await edge.send('GET', '/v1/organizations/acme/things/web', {
      headers: { authorization: `Bearer ${secretKey(9)}` },
    });
    await eventually(() =>
      expect(edge.requestsLogged).toContainEqual(expect.objectContaining({ status: 401, principal: 'anonymous' })),
    );
  });

  it('contains no path, query, or credential, and omits health checks', async () => {
    await edge.send('GET', '/v1/nothing/secret-path?token=secret-query');
    await edge.send('GET', '/livez');
    await edge.send('GET', '/openapi.json');
    await eventually(() =>
      expect(edge.requestsLogged).toContainEqual(expect.objectContaining({ route: '/openapi.json' })),
    );
    expect(edge.requestsLogged).toContainEqual(expect.objectContaining({ route: 'none', status: 404 }));
    const text = JSON.stringify(edge.requestsLogged);
    expect(text).not.toMatch(/secret|livez|a-name-that/);
    expect(text).not.toContain(secretKey(1));
  });
});
