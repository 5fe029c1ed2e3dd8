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

describe('use-C6: a profile without a cluster', () => {
  const own = 'org-2';
  const you = () => platform.person('grace', own, {});
  const register = (name: string, more: object) =>
    platform.ask(
      registerClusterRequest,
      { org: own, name, manifest: registration(name, { server: `https://${name}.globex.dev:6443`, ...more }) },
      you(),
    );
  const target = (name: string, spec: object) =>
    platform
      .ask(applyProfileRequest, { org: own, name, manifest: { profileName: name, ...spec } }, you())
      .then((applied) => (applied.ok ? [applied.value.outcome, applied.value.profile.cluster] : applied.error.code));

  it('gets the only cluster that fits, and keeps it when others are registered', async () => {
    await platform.found(own, 'globex', { grace: 'owner' });
    expect(await target('main', {})).toBe('deployments/no-cluster-fits');
    await register('eu', { provider: 'aws', region: 'eu-west-1' });
    expect(await target('main', {})).toEqual(['created', 'eu']);
    await register('us', { provider: 'aws', region: 'us-east-1' });
    expect(await target('main', {})).toEqual(['unchanged', 'eu']);
    expect(await target('other', {})).toBe('deployments/several-clusters-fit');
    expect(await target('other', { cloudProvider: { providerName: 'aws', region: 'us-east-1' } })).toEqual([
      'created',
      'us',
    ]);
    const manifest = image('shop', '1', {}, { profileName: 'main' });
    const applied = await platform.ask(applyApplicationRequest, { org: own, name: 'shop', manifest }, you());
    expect(applied).toMatchObject({ ok: true, value: { application: { clusterName: 'eu' } } });
    expect(await target('main', { cloudProvider: { provider: 'aws', region: 'us-east-1' } })).toBe(
      'deployments/profile-target-fixed',
    );
  });
});

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
