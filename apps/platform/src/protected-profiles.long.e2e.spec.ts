import { call, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';

describe('use-S1: an editor cannot bypass a protected profile', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
    for (const [name, more] of [
      ['staging', {}],
      ['production', { protected: true }],
    ] as const)
      expect((await put(ada, `profiles/${name}`, { profileName: name, clusterName: 'sandbox', ...more })).status).toBe(
        201,
      );
    expect((await put(ada, `members/${grace.userId}`, { role: 'editor' })).status).toBe(200);
  });
  afterAll(() => platform.stop());

  const ask = (who: Person, what: string, body?: unknown) => {
    const [method = '', path = ''] = what.split(' ');
    return call(platform.url, `${method} /v1/organizations/${ada.organization.id}/${path}`, {
      credential: who.accessToken,
      ...(body !== undefined && { body }),
    });
  };
  const put = (who: Person, path: string, body: unknown) => ask(who, `PUT ${path}`, body);
  const apply = (who: Person, name: string, tag: string, profileName: string, more: object = {}) =>
    put(who, `applications/${name}`, {
      name,
      profileName,
      source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag } },
      ...more,
    });
  const forbidden = (code: string) => expect.objectContaining({ status: 403, body: expect.objectContaining({ code }) });
  const isProtected = forbidden('access/protected-profile');

  it('with another profile in the manifest, a rollback, or a deletion', async () => {
    expect((await apply(ada, 'web', '1', 'staging')).status).toBe(201);
    expect((await apply(ada, 'web', '2', 'production')).status).toBe(200);
    expect(await apply(grace, 'web', '3', 'staging')).toEqual(isProtected);
    expect(await ask(grace, 'POST applications/web/rollback', { to: 1 })).toEqual(isProtected);
    expect((await ask(grace, 'DELETE applications/web')).status).toBe(403);
    expect(await ask(grace, 'GET applications/web')).toMatchObject({
      body: { version: 'v2', profileName: 'production', protected: true },
    });
  });

  it('with a rollback to namespaceMode preserve', async () => {
    expect((await apply(ada, 'free', '1', 'staging', { namespaceMode: 'preserve' })).status).toBe(201);
    expect((await apply(ada, 'free', '2', 'staging')).status).toBe(200);
    const rollback = await ask(grace, 'POST applications/free/rollback', { to: 1 });
    expect(rollback).toEqual(forbidden('access/not-permitted'));
    expect((await apply(grace, 'free', '3', 'staging')).status).toBe(200);
  });

  it('with a deployment into its namespace', async () => {
    const { body } = await ask(ada, 'GET applications/web');
    const { targetNamespace: namespace } = body as { targetNamespace: string };
    expect(await apply(grace, 'spy', '1', 'staging', { namespace })).toEqual(isProtected);
    expect((await ask(ada, 'GET applications/spy')).status).toBe(404);
  });

  it('by unprotecting the profile', async () => {
    const unprotect = { profileName: 'production', clusterName: 'sandbox' };
    expect(await put(grace, 'profiles/production', unprotect)).toEqual(forbidden('access/profile-defaults-only'));
    expect((await ask(grace, 'DELETE profiles/production')).status).toBe(403);
  });
});
