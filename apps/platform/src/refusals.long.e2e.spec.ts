import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';
import { logOf } from '#testing/log';

describe('use-L11: records of a day of work', () => {
  let platform: Platform;
  let ada: Person;
  let vic: Person;
  let ended: { readonly id: string; readonly text: string };
  let lines: readonly Readonly<Record<string, unknown>>[];
  let refusals: readonly { readonly stream: string; readonly data: Readonly<Record<string, unknown>> }[];

  beforeAll(async () => {
    platform = await startPlatform();
    const { url } = platform;
    ada = await loginAdmin(platform);
    vic = await newPerson(platform, 'vic@acme.dev', 'vic-password-1');
    const acme = `/v1/organizations/${ada.organization.id}`;
    const put = (path: string, body: unknown) => call(url, `PUT ${path}`, { credential: vic.accessToken, body });
    await call(url, `PUT ${acme}/members/${vic.userId}`, { credential: ada.accessToken, body: { role: 'viewer' } });
    for (let count = 0; count < 3; count += 1)
      await put(`${acme}/profiles/web`, { profileName: 'web', clusterName: 'sandbox' });
    await call(url, 'GET /v1/users', { credential: vic.accessToken });

    const made = await call(url, `POST ${acme}/access-keys`, { credential: ada.accessToken, body: { name: 'ci' } });
    const { id, secret } = made.body as { id: string; secret: string };
    ended = { id, text: secret };
    await call(url, `DELETE ${acme}/access-keys/${id}`, { credential: ada.accessToken });
    await call(url, `GET ${acme}`, { credential: secret });
    await call(url, `GET ${acme}`);

    await platform.process.stop(); // writes the refusals of the current minute
    refusals = (await logOf(platform.dataDir)).flatMap(({ stream, type, data }) =>
      type === 'refusal.recorded.v1' ? [{ stream, data: data as Readonly<Record<string, unknown>> }] : [],
    );
    lines = readFileSync(join(platform.dataDir, 'platform.log'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  });
  afterAll(() => platform.stop());

  const of = (code: string) => refusals.filter(({ data }) => data['code'] === code);

  it('contain refusals in the stream of their organization, counted', () => {
    const refused = of('access/not-permitted').filter(({ data }) => data['permission'] === 'profile.change');
    expect(refused[0]).toMatchObject({
      stream: expect.stringMatching(`^refusals-${ada.organization.id}-\\d{4}-\\d{2}-\\d{2}$`),
      data: { principal: vic.userId, by: 'login', operation: 'deployments.v1.profiles.apply' },
    });
    expect(refused.reduce((sum, { data }) => sum + Number(data['count']), 0)).toBe(3);
  });

  it('contain refusals without an organization in a stream of the platform', () =>
    expect(refusals).toContainEqual({
      stream: expect.stringMatching(/^refusals-platform-/),
      data: expect.objectContaining({ permission: 'platform.users', principal: vic.userId }),
    }));

  it('contain the use of a revoked key, and its revocation in the log', () => {
    expect(of('key/revoked')).toMatchObject([{ data: { by: 'key', keyId: ended.id, principal: ada.userId } }]);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'an access key was revoked', keyId: ended.id, actor: ada.userId }),
    );
  });

  it('contain a line for each request and each command that recorded something', () => {
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'request',
        method: 'PUT',
        route: '/v1/organizations/:org/profiles/:name',
        status: 403,
        code: 'access/not-permitted',
        principal: vic.userId,
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'request', status: 401, code: 'access/not-signed-in', principal: 'anonymous' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'recorded', events: ['organization.member-added.v1'], actor: ada.userId }),
    );
  });

  it('contain no secrets or personal data', () => {
    const text = JSON.stringify([lines, refusals]);
    for (const word of [ended.text, ada.key, vic.accessToken, ada.email, 'vic@acme.dev', 'vic-password-1'])
      expect(text).not.toContain(word);
  });
});
