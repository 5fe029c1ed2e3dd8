import {
  applyApplicationRequest,
  applyProfileRequest,
  getApplicationRequest,
  registerClusterRequest,
  rollbackRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';

const org = 'org-1';
const folder = temporaryFolder();
let platform: TestPlatform;
let queue: WorkQueue;

beforeAll(async () => {
  queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(folder, queue, {});
  await platform.found(org, 'acme', { ada: 'owner' });
  await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada());
  await addProfile('staging');
});
afterAll(async () => {
  await platform.close();
  await queue.close();
});

const ada = (more = {}) => platform.person('ada', org, more);
const addProfile = (name: string) => platform.ask(applyProfileRequest, { org, name, manifest: profile(name) }, ada());
const apply = (name: string, tag: string, profileName?: string) =>
  platform.ask(applyApplicationRequest, { org, name, manifest: image(name, tag, {}, { profileName }) }, ada());
const profileOf = async (name: string) => {
  await platform.settled();
  const found = await platform.ask(getApplicationRequest, { org, name }, ada());
  return found.ok ? found.value.profileName : found.error.code;
};

describe('use-C6: a manifest without a profile', () => {
  it('uses the only profile when it creates an application, and keeps it when there are several', async () => {
    expect(await apply('web', '1')).toMatchObject({ ok: true, value: { outcome: 'created' } });
    await addProfile('production');
    expect(await apply('web', '2')).toMatchObject({ ok: true, value: { outcome: 'configured' } });
    expect(await profileOf('web')).toBe('staging');
  });

  it('keeps the profile that was named last, or that a rollback restored', async () => {
    expect(await apply('web', '3', 'production')).toMatchObject({ ok: true });
    expect(await apply('web', '4')).toMatchObject({ ok: true, value: { outcome: 'configured' } });
    expect(await profileOf('web')).toBe('production');
    expect(await platform.ask(rollbackRequest, { org, name: 'web', to: 1 }, ada())).toMatchObject({ ok: true });
    expect(await apply('web', '5')).toMatchObject({ ok: true, value: { outcome: 'configured' } });
    expect(await profileOf('web')).toBe('staging');
  });

  it('is rejected for a new application when there are several profiles', async () => {
    expect(await apply('api', '1')).toMatchObject({
      ok: false,
      error: { code: 'deployments/profile-not-named', fix: expect.stringContaining('production') },
    });
  });
});
