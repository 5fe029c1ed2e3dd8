import { call, eventually, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';

const DEVELOPER = 600;
const ENTERPRISE = 6_000;

describe('the request limit of a key depends on the plan of its organization', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@acme.dev', 'correct horse battery staple');
  });
  afterAll(() => platform.stop());

  const me = (credential: string) => call(platform.url, 'GET /v1/me', { credential });
  const limitOf = async (credential: string) => (await me(credential)).headers.get('ratelimit-limit');
  const newKey = async ({ organization, accessToken }: Person, name: string) => {
    const { body } = await call(platform.url, `POST /v1/organizations/${organization.id}/access-keys`, {
      credential: accessToken,
      body: { name, expires: '1d' },
    });
    return (body as { secret: string }).secret;
  };
  const changePlan = ({ organization, accessToken }: Person, plan: string) =>
    call(platform.url, `PUT /v1/organizations/${organization.id}/subscription`, {
      credential: accessToken,
      body: { plan },
    });

  it('with the number that the catalog shows for each plan', async () => {
    const { body } = await call(platform.url, 'GET /v1/plans', { credential: ada.key });
    const { items } = body as { items: { name: string; limits: { requestsPerMinute: number } }[] };
    expect(items.map(({ name, limits }) => [name, limits.requestsPerMinute])).toEqual([
      ['developer', DEVELOPER],
      ['enterprise', ENTERPRISE],
    ]);
  });

  it('for all keys of the organization, as soon as the plan changes, and for no other organization', async () => {
    const second = await newKey(ada, 'second');
    for (const key of [ada.key, second, grace.key]) expect(await limitOf(key)).toBe(String(DEVELOPER));

    expect(await changePlan(ada, 'enterprise')).toMatchObject({
      status: 200,
      body: { plan: 'enterprise', limits: { requestsPerMinute: ENTERPRISE } },
    });
    await eventually(async () => expect(await limitOf(ada.key)).toBe(String(ENTERPRISE)));
    expect(await limitOf(second)).toBe(String(ENTERPRISE));
    expect(await limitOf(await newKey(ada, 'third'))).toBe(String(ENTERPRISE));
    expect(await limitOf(grace.key)).toBe(String(DEVELOPER));
  });

  it('so that a key of the large plan succeeds when one of the small plan must wait', async () => {
    const [large, small] = [await newKey(ada, 'large'), await newKey(grace, 'small')];
    const spend = async (key: string) => {
      const statuses = new Map<number, number>();
      for (let sent = 0; sent < DEVELOPER; sent += 50) {
        for (const { status } of await Promise.all(Array.from({ length: 50 }, () => me(key))))
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      return statuses;
    };
    expect(await spend(large)).toEqual(new Map([[200, DEVELOPER]]));
    const more = await me(large);
    expect([more.status, more.headers.get('ratelimit-limit'), more.headers.get('retry-after')]).toEqual([
      200,
      String(ENTERPRISE),
      null,
    ]);
    expect(Number(more.headers.get('ratelimit-remaining'))).toBe(ENTERPRISE - DEVELOPER - 1);

    expect(await spend(small)).toEqual(new Map([[200, DEVELOPER]]));
    const refused = await me(small);
    expect(refused).toMatchObject({
      status: 429,
      body: {
        code: 'edge/too-many-requests',
        detail: 'Rate limit exceeded: more than 600 requests per minute.',
        fix: expect.stringMatching(/^wait \d+ s$/) as unknown,
      },
    });
    expect([refused.headers.get('ratelimit-limit'), refused.headers.get('ratelimit-remaining')]).toEqual([
      String(DEVELOPER),
      '0',
    ]);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);

    expect((await me(grace.key)).status).toBe(200); // each key has its own limit
  });

  it('and is lowered with the plan', async () => {
    expect(await changePlan(ada, 'developer')).toMatchObject({ status: 200, body: { plan: 'developer' } });
    await eventually(async () => expect(await limitOf(ada.key)).toBe(String(DEVELOPER)));
  });
});
