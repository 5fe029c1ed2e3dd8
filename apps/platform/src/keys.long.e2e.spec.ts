import { call, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';
import {
  acceptedAfterRevocation,
  expectLinearizableKey,
  expectLinearizableMembership,
  readsAfterRemoval,
} from './concurrent-clients.fixture.ts';

describe('access keys', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;
  const me = async (credential: string) => (await call(platform.url, 'GET /v1/me', { credential })).status;
  /** Creates a key. @returns its ID and its text */
  const keyOf = async ({ organization, accessToken }: Person, name: string) => {
    const { body } = await call(platform.url, `POST /v1/organizations/${organization.id}/access-keys`, {
      credential: accessToken,
      body: { name },
    });
    return body as { id: string; secret: string };
  };
  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@acme.dev', 'correct horse battery staple');
  });
  afterAll(() => platform.stop());

  it('are rotated with themselves: both work during the grace period', async () => {
    const { id, secret } = await keyOf(ada, 'nightly');
    const rotated = await ada.machine.astroctl(['key', 'rotate', id, '--grace', '30m'], {
      environment: { ASTROPULSE_API_KEY: secret },
    });
    const successor = rotated.stdout.trim();
    expect(rotated).toMatchObject({ code: 0, stderr: expect.stringContaining(`The replaced key (${id}) ends at`) });
    expect(successor).toMatch(/^astro_\S+$/);
    expect([await me(secret), await me(successor)]).toEqual([200, 200]);
  });

  it('B10: accept no request after the revocation was acknowledged', async () => {
    const { id, secret } = await keyOf(ada, 'busy');
    const target = { urls: [platform.url], organizationId: ada.organization.id, credential: secret };
    expect(await acceptedAfterRevocation(target, id)).toEqual([]);
  });

  it('B19: are rotated and revoked by concurrent clients as one after the other', async () => {
    const target = { urls: [platform.url], organizationId: ada.organization.id, credential: ada.accessToken };
    await expectLinearizableKey(target);
    await expectLinearizableKey(target);
  });

  it('B11: stop with the membership, which concurrent clients change as one after the other', async () => {
    const target = { urls: [platform.url], organizationId: ada.organization.id, credential: ada.key };
    await expectLinearizableMembership(target, grace.userId);
    expect(await readsAfterRemoval(target, { userId: grace.userId, credential: grace.accessToken })).toEqual([]);
  });
});
