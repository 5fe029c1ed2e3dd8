import {
  call,
  eventually,
  loginAdmin,
  newPerson,
  startAgain,
  startPlatform,
  type Person,
  type Platform,
} from '#testing';

describe('an organization that is changed with astroctl', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;
  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
  });
  afterAll(() => platform.stop());

  const get = (path: string, by: Person) => call(platform.url, `GET /v1/organizations/${path}`, { credential: by.key });
  const astroctl = (by: Person, ...words: string[]) => by.machine.astroctl(words);
  const application = {
    name: 'web',
    source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: '1' } },
  };

  it('has its new slug, but not the old one, and the same keys', async () => {
    expect(await astroctl(grace, 'org', 'rename', 'Grace Rockets', '--slug', 'rockets')).toMatchObject({
      code: 0,
      stdout: 'organization/rockets renamed: Grace Rockets\n',
    });
    expect(await get('rockets', grace)).toMatchObject({ status: 200, body: { name: 'Grace Rockets' } });
    expect(await get(grace.organization.slug, grace)).toMatchObject({ status: 404 });
    expect(await get(grace.organization.id, grace)).toMatchObject({ status: 200, body: { slug: 'rockets' } });
    expect(await astroctl(grace, 'org', 'get', 'rockets')).toMatchObject({ code: 0 });
  });

  it('A20: cannot have a name or slug of another organization', async () => {
    const { body } = await get(grace.organization.id, grace);
    expect(body).toMatchObject({ name: 'Grace Rockets' });
    expect(await astroctl(ada, 'org', 'rename', 'GRACE  rockets')).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('organization/name-taken'),
    });
    expect(await astroctl(ada, 'org', 'rename', 'Ada', '--slug', 'rockets')).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('organization/slug-taken'),
    });
  });

  it('keeps its slug once an application exists', async () => {
    const web = `/v1/organizations/${ada.organization.id}/applications/web`;
    expect(await call(platform.url, `PUT ${web}`, { credential: ada.key, body: application })).toMatchObject({
      status: 201,
    });
    expect(await astroctl(ada, 'org', 'rename', 'Ada', '--slug', 'ada')).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('organization/slug-fixed'),
    });
    expect(await astroctl(ada, 'org', 'rename', 'Ada')).toMatchObject({ code: 0 });
  });

  it('hides logs from viewers, notifies the contact, and gives new keys the default expiry', async () => {
    const org = ada.organization.id;
    const member = `/v1/organizations/${org}/members/${grace.userId}`;
    await call(platform.url, `PUT ${member}`, { credential: ada.key, body: { role: 'viewer' } });
    const logs = () =>
      call(platform.url, `GET /v1/organizations/${org}/applications/web/logs`, { credential: grace.accessToken });
    await eventually(async () => expect((await logs()).status).toBe(200));
    expect(
      await astroctl(ada, 'org', 'set', 'viewersReadLogs=no', 'contact=team@astro.localhost', 'keyExpiry=5d'),
    ).toMatchObject({ code: 0, stdout: expect.stringMatching(/^viewersReadLogs: +no$/m) });
    await eventually(async () =>
      expect(await logs()).toMatchObject({
        status: 403,
        body: { code: 'access/not-permitted', fix: 'ask team@astro.localhost' },
      }),
    );
    const key = await call(platform.url, `POST /v1/organizations/${org}/access-keys`, {
      credential: grace.accessToken,
      body: { name: 'ci' },
    });
    const { createdAt, expires } = key.body as { createdAt: string; expires: string };
    expect(Date.parse(expires) - Date.parse(createdAt)).toBe(5 * 86_400_000);
    expect(await astroctl(ada, 'org', 'set', 'viewersReadLogs=yes')).toMatchObject({ code: 0 });
    await eventually(async () => expect((await logs()).status).toBe(200));
  });

  it('A5: can only be changed by owners', async () => {
    const changed = await call(platform.url, `PATCH /v1/organizations/${ada.organization.id}`, {
      credential: grace.accessToken,
      body: { name: 'Mine now' },
    });
    expect(changed).toMatchObject({ status: 403, body: { code: 'access/not-permitted' } });
  });

  it('F21: is deleted with its applications although the platform is killed, and its names can be used again', async () => {
    const linus = await newPerson(platform, 'linus@astro.localhost', 'a password of linus');
    const { id, slug } = linus.organization;
    const apply = (name: string) =>
      call(platform.url, `PUT /v1/organizations/${id}/applications/${name}`, {
        credential: linus.accessToken,
        body: { ...application, name },
      });
    for (const name of ['api', 'web']) expect((await apply(name)).status).toBe(201);
    expect(await astroctl(linus, 'org', 'delete', '--confirm', slug)).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('astroctl org delete --cascade'),
    });
    expect(await astroctl(linus, 'org', 'delete', '--cascade', '--dry-run')).toMatchObject({
      code: 0,
      stdout: `organization/${slug} would be deleted (dry run)\n`,
      stderr: expect.stringContaining('Deletes 2 applications: api, web\n'),
    });
    expect(await astroctl(linus, 'org', 'delete', '--cascade', '--confirm', slug)).toMatchObject({
      code: 0,
      stdout: `organization/${slug} is being deleted\n`,
    });
    await platform.process.kill();
    platform = await startAgain(platform);
    const seen = await get(slug, { ...linus, key: linus.accessToken });
    if (seen.status === 200)
      expect(seen.body).toMatchObject({ status: 'DELETING', deletion: { cascade: true, reason: expect.any(String) } });
    expect((await get(slug, linus)).status).toBe(401); // its keys have ended
    expect([404, 409]).toContain((await apply('late')).status);
    await eventually(
      async () => expect((await get(slug, { ...linus, key: linus.accessToken })).status).toBe(404),
      90_000,
    );
    expect(await astroctl(ada, 'org', 'create', slug, '--slug', slug)).toMatchObject({ code: 0 });
  });
});
