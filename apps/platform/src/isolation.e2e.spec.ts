import { call, loginAdmin, newPerson, startPlatform, type PersonResponse, type Person, type Platform } from '#testing';
import { everyContract } from '#testing/contracts';
import { logOf } from '#testing/log';

/**
 * Bodies that match the schemas of their routes, so that requests are rejected for missing rights and not for their
 * format.
 */
const BODIES: Readonly<Record<string, unknown>> = {
  'POST /v1/organizations/{org}/access-keys': { name: 'stolen' },
  'PUT /v1/organizations/{org}/members/{user}': { role: 'editor' },
  'PUT /v1/organizations/{org}/subscription': { plan: 'enterprise' },
  'PUT /v1/organizations/{org}/applications/{name}': {
    name: 'web',
    source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: '1' } },
  },
  'PUT /v1/organizations/{org}/profiles/{name}': { profileName: 'default', clusterName: 'sandbox' },
  'PUT /v1/organizations/{org}/clusters/{name}': {
    clusterName: 'sandbox',
    server: 'https://127.0.0.1:1',
    caData: 'AAAA',
    token: 'x',
  },
  'PUT /v1/organizations/{org}/clusters/{name}/policy': { podSecurity: 'privileged' },
  'POST /v1/organizations/{org}/applications/{name}/rollback': {},
};

/** Queries of reads that require one. */
const QUERIES: Readonly<Record<string, string>> = {
  'GET /v1/organizations/{org}/access/can': '?permission=audit.read',
  'GET /v1/organizations/{org}/access/who-can': '?permission=audit.read',
  'GET /v1/organizations/{org}/access/explain': '?permission=audit.read',
  'GET /v1/organizations/{org}/audit/proof': '?from=1',
};

const ofOrganization = (await everyContract()).flatMap(({ contract }) =>
  contract.route?.includes('/organizations/{org}')
    ? [{ contract, route: `${contract.route}${QUERIES[contract.route] ?? ''}` }]
    : [],
);

/** Returns the response without the request's own id and address. */
function bodyOf({ body }: PersonResponse): unknown {
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'instance' && name !== 'requestId'));
}

describe('two users with two default organizations', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
    // Creates data in each: the sandbox and its profile are created on the first request.
    for (const person of [ada, grace])
      expect(
        await call(platform.url, `GET /v1/organizations/${person.organization.id}/profiles`, {
          credential: person.key,
        }),
      ).toMatchObject({ status: 200 });
  });
  afterAll(() => platform.stop());

  /** Number of events that Grace caused; the platform itself also records what it observes. */
  const recorded = async () => (await logOf(platform.dataDir)).filter(({ actor }) => actor === grace.userId).length;
  const addressOf = (route: string, org: string, more: Readonly<Record<string, string>> = {}) =>
    route.replaceAll(
      /\{(\w+)\}/g,
      (_, name: string) =>
        ({ org, key: ada.keyId, user: ada.userId, name: 'default', tier: 'basic', revision: '1', ...more })[name] ??
        'x',
    );
  const ask = (route: string, org: string, credential: string, headers: Readonly<Record<string, string>> = {}) =>
    call(platform.url, addressOf(route, org), {
      credential,
      headers,
      ...(/^(POST|PUT|PATCH)/.test(route) && { body: BODIES[route.split('?')[0] ?? ''] ?? {} }),
    });

  it('covers all routes of organizations', () => {
    expect(ofOrganization.length).toBeGreaterThan(25);
  });

  describe.each(ofOrganization.map(({ route }) => route))('A1, A16: %s', (route) => {
    it.each(['id', 'slug'] as const)(
      'responds to a non-member by %s as for a missing organization, and records nothing in it',
      async (by) => {
        const before = await recorded();
        const unknown = await ask(
          route,
          by === 'id' ? '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02' : 'nobody-has-this',
          grace.key,
        );
        const foreign = await ask(route, ada.organization[by], grace.key);
        expect(foreign).toMatchObject({ status: 404, body: { code: 'organization/not-found' } });
        expect(bodyOf(foreign)).toEqual(bodyOf(unknown));
        expect(foreign.headers.get('content-type')).toBe(unknown.headers.get('content-type'));
        for (const secret of [ada.organization.id, ada.organization.slug, ada.keyId, ada.userId])
          expect(JSON.stringify(bodyOf(foreign)).replaceAll(ada.organization[by], '')).not.toContain(secret);
        expect(await recorded()).toBe(before);
      },
    );

    it('A3: is not affected by a header or a query that names the own organization', async () => {
      const separator = route.includes('?') ? '&' : '?';
      const foreign = await ask(
        `${route}${separator}orgId=${grace.organization.id}&org=${grace.organization.id}`,
        ada.organization.id,
        grace.key,
        {
          'x-org-id': grace.organization.id,
        },
      );
      expect(foreign).toMatchObject({ status: 404, body: { code: 'organization/not-found' } });
    });

    it('responds to the login of a non-member as for a missing organization', async () => {
      expect(await ask(route, ada.organization.id, grace.accessToken)).toMatchObject({
        status: 404,
        body: { code: 'organization/not-found' },
      });
    });

    it('A23: grants nothing to the key of a global admin in an organization they are not a member of', async () => {
      expect(await ask(route, grace.organization.id, ada.key)).toMatchObject({
        status: 404,
        body: { code: 'organization/not-found' },
      });
    });
  });

  it.each([
    'applications/web/logs',
    'applications/web/events',
    'clusters/sandbox/events',
    'cluster-events',
    'watch',
    'changes',
  ])('A16: rejects a non-member before the stream of %s opens', async (path) => {
    const response = await call(platform.url, `GET /v1/organizations/${ada.organization.id}/${path}?follow=true`, {
      credential: grace.key,
      headers: { accept: 'text/event-stream' },
    });
    expect(response).toMatchObject({ status: 404, body: { code: 'organization/not-found' } });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  it('A2: does not find a key of another organization under the own one', async () => {
    for (const method of ['GET', 'DELETE']) {
      const foreign = await call(
        platform.url,
        `${method} /v1/organizations/${grace.organization.id}/access-keys/${ada.keyId}`,
        { credential: grace.key },
      );
      const unknown = await call(
        platform.url,
        `${method} /v1/organizations/${grace.organization.id}/access-keys/key_00000000`,
        { credential: grace.key },
      );
      expect(foreign.status).toBe(404);
      expect(JSON.stringify(bodyOf(foreign)).replaceAll(ada.keyId, 'key_00000000')).toBe(
        JSON.stringify(bodyOf(unknown)),
      );
    }
    expect(await call(platform.url, 'GET /v1/me', { credential: ada.key })).toMatchObject({ status: 200 });
  });

  it('lists only organizations, keys, members, profiles and clusters of the user', async () => {
    for (const [person, other] of [
      [ada, grace],
      [grace, ada],
    ] as const) {
      for (const path of [
        '/v1/organizations',
        `/v1/organizations/${person.organization.id}`,
        ...['access-keys', 'members', 'profiles', 'clusters', 'applications', 'subscription'].map(
          (name) => `/v1/organizations/${person.organization.id}/${name}`,
        ),
        '/v1/me',
      ]) {
        const response = await call(platform.url, `GET ${path}`, { credential: person.key });
        expect(response.status).toBe(200);
        for (const foreign of [other.organization.id, other.organization.slug, other.keyId, other.userId, other.email])
          expect(response.text).not.toContain(foreign);
      }
    }
  });

  it('A14, A15: rejects cursors that were invented, edited or issued to another user', async () => {
    const list = (person: Person, cursor: string) =>
      call(
        platform.url,
        `GET /v1/organizations/${person.organization.id}/applications?cursor=${encodeURIComponent(cursor)}`,
        { credential: person.key },
      );
    const forged = [
      Buffer.from(JSON.stringify({ after: 'a' })).toString('base64url'),
      Buffer.from(`${'\0'.repeat(16)}"a"`).toString('base64url'),
      'A',
      '../../etc',
      '{"$gt":""}',
    ];
    for (const name of ['one', 'two']) {
      const body = {
        name,
        source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: '1' } },
      };
      expect(
        (
          await call(platform.url, `PUT /v1/organizations/${ada.organization.id}/applications/${name}`, {
            credential: ada.key,
            body,
          })
        ).status,
      ).toBe(201);
    }
    const page = (cursor = '') =>
      call(platform.url, `GET /v1/organizations/${ada.organization.id}/applications?limit=1${cursor}`, {
        credential: ada.key,
      });
    const { next } = (await page()).body as { next: string };
    expect((await page(`&cursor=${next}`)).body).toMatchObject({ items: [{ name: 'two' }] });
    const swapped = [0, Math.floor(next.length / 2), next.length - 2].map(
      (at) => `${next.slice(0, at)}${next[at] === 'A' ? 'B' : 'A'}${next.slice(at + 1)}`,
    );
    for (const cursor of [...forged, next, ...swapped])
      expect(await list(grace, cursor)).toMatchObject({ status: 400, body: { code: 'edge/cursor-invalid' } });
    for (const cursor of swapped)
      expect(await list(ada, cursor)).toMatchObject({ status: 400, body: { code: 'edge/cursor-invalid' } });
    expect(await call(platform.url, `GET /v1/users?cursor=${next}`, { credential: ada.accessToken })).toMatchObject({
      status: 400,
      body: { code: 'edge/cursor-invalid' },
    });
  });

  it('shows through astroctl what it shows over HTTP: nothing', async () => {
    const { environment } = grace.machine;
    expect(environment['ASTROPULSE_API_KEY']).toBe('');
    const list = await grace.machine.astroctl(['org', 'list']);
    expect(list.stdout).not.toContain(ada.organization.slug);
    const login = await grace.machine.astroctl(
      ['auth', 'login', '--org-id', ada.organization.id, '--username', grace.email, '--password-stdin'],
      {
        input: 'a password of grace\n',
      },
    );
    expect(login).toMatchObject({ code: 6, stdout: '' });
    expect(login.stderr).toContain(`Organization ${ada.organization.id} not found, or you are not a member.`);
  });

  describe.each(['watch', 'changes'])('A17: an open stream of %s whose right ends', (stream) => {
    const follow = async (credential: string): Promise<Response> => {
      const response = await fetch(`${platform.url}/v1/organizations/${ada.organization.id}/${stream}`, {
        headers: { authorization: `Bearer ${credential}`, accept: 'text/event-stream' },
      });
      expect(response.status).toBe(200);
      return response;
    };
    const lastOf = async (response: Response): Promise<unknown> => {
      const events = (await response.text()).trimEnd().split('\n\n');
      return JSON.parse(/^event: problem\ndata: (.*)$/.exec(events.at(-1) ?? '')?.[1] ?? 'null');
    };

    it('is closed with a problem when the membership of its reader ends', async () => {
      const member = `/v1/organizations/${ada.organization.id}/members/${grace.userId}`;
      expect(
        (await call(platform.url, `PUT ${member}`, { credential: ada.accessToken, body: { role: 'viewer' } })).status,
      ).toBeLessThan(300);
      const opened = await follow(grace.accessToken);
      expect((await call(platform.url, `DELETE ${member}`, { credential: ada.accessToken })).status).toBeLessThan(300);
      expect(await lastOf(opened)).toMatchObject({ code: 'organization/not-found', status: 404 });
    });

    it('is closed with a problem when its key is revoked', async () => {
      const keys = `/v1/organizations/${ada.organization.id}/access-keys`;
      const made = (
        await call(platform.url, `POST ${keys}`, { credential: ada.accessToken, body: { name: 'short-lived' } })
      ).body as { id: string; secret: string };
      const opened = await follow(made.secret);
      expect(
        (await call(platform.url, `DELETE ${keys}/${made.id}`, { credential: ada.accessToken })).status,
      ).toBeLessThan(300);
      expect(await lastOf(opened)).toMatchObject({ code: 'key/revoked', status: 401 });
    });
  });

  // Must be the last test, since it makes Grace a member.
  it('A1: reports to a member of both that the key belongs to the other organization, on each route', async () => {
    const joined = await call(platform.url, `PUT /v1/organizations/${ada.organization.id}/members/${grace.userId}`, {
      credential: ada.key,
      body: { role: 'viewer' },
    });
    expect(joined.status).toBe(200);
    for (const { route } of ofOrganization) {
      expect({ route, ...(await ask(route, ada.organization.id, grace.key)) }).toMatchObject({
        route,
        status: 403,
        body: { code: 'key/other-organization' },
      });
    }
  });
});
