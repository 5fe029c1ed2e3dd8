import { request } from 'node:http';
import { call, loginAdmin, newPerson, startAgain, startPlatform, type Person, type Platform } from '#testing';
import { logOf } from '#testing/log';

describe('a repeated Idempotency-Key', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;
  const keysOf = (person: Person) => `/v1/organizations/${person.organization.id}/access-keys`;
  const create = (person: Person, idempotencyKey: string, name: string, credential = person.accessToken) =>
    call(platform.url, `POST ${keysOf(person)}`, {
      credential,
      body: { name },
      headers: { 'idempotency-key': idempotencyKey },
    });
  const created = async (person: Person, name: string) => {
    const { body } = await call(platform.url, `GET ${keysOf(person)}`, { credential: person.key });
    return (body as { items: { id: string; name: string }[] }).items.filter((key) => key.name === name);
  };
  /** The events of the person's keys. The platform may record others at the same time. */
  const keyEvents = async (person: Person) =>
    (await logOf(platform.dataDir))
      .filter(({ stream }) => stream === `keys-${person.organization.id}`)
      .map(({ type, data }) => ({ type, data }));
  const createdInLog = async (name: string, person: Person) =>
    (await logOf(platform.dataDir)).filter(
      ({ stream, type, data }) =>
        stream === `keys-${person.organization.id}` &&
        type.startsWith('access-key.created') &&
        (data as { name?: string }).name === name,
    );

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
  });
  afterAll(() => platform.stop());

  it('F4, B19: returns the same response after a lost one, without the secret, and creates nothing', async () => {
    await new Promise<void>((resolve, reject) => {
      const lost = request(`${platform.url}${keysOf(ada)}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${ada.accessToken}`,
          'content-type': 'application/json',
          'idempotency-key': 'lost-1',
        },
      });
      lost.on('response', () => reject(new Error('the answer was not lost')));
      lost.on('error', () => resolve());
      lost.end(JSON.stringify({ name: 'lost' }), () => setImmediate(() => lost.destroy()));
    });
    const again = await create(ada, 'lost-1', 'lost');
    expect(again).toMatchObject({ status: 201, body: { name: 'lost' } });
    const third = await create(ada, 'lost-1', 'lost');
    expect(third).toMatchObject({ status: 201, body: { id: (again.body as { id: string }).id, secret: null } });
    expect(await createdInLog('lost', ada)).toHaveLength(1);
    expect(await created(ada, 'lost')).toHaveLength(1);
  });

  it('F5: runs the command once when sent 20 times concurrently, and all get its response', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => create(ada, 'parallel-1', 'parallel')));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(responses.map(({ body }) => (body as { id: string }).id)).size).toBe(1);
    expect(responses.filter(({ body }) => typeof (body as { secret: unknown }).secret === 'string')).toHaveLength(1);
    expect(await createdInLog('parallel', ada)).toHaveLength(1);
  });

  it('F5: with another body is rejected, and nothing is recorded', async () => {
    expect(await create(ada, 'body-1', 'first')).toMatchObject({ status: 201 });
    const before = await keyEvents(ada);
    const other = await create(ada, 'body-1', 'second');
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency/other-request' } });
    expect(other.body).toHaveProperty('fix');
    expect(await keyEvents(ada)).toEqual(before);
  });

  it('F5: from another caller is a separate command', async () => {
    const first = await create(ada, 'caller-1', 'mine');
    const second = await create(grace, 'caller-1', 'mine');
    expect([first.status, second.status]).toEqual([201, 201]);
    expect((first.body as { id: string }).id).not.toBe((second.body as { id: string }).id);
    expect(typeof (second.body as { secret: unknown }).secret).toBe('string');
  });

  it('F4: works across a restart', async () => {
    const first = await create(ada, 'restart-1', 'restarted');
    await platform.process.kill();
    platform = await startAgain(platform);
    const again = await create(ada, 'restart-1', 'restarted');
    expect(again).toMatchObject({ status: 201, body: { id: (first.body as { id: string }).id, secret: null } });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });
});
