import {
  applyApplicationRequest,
  applyProfileRequest,
  deleteApplicationRequest,
  deleteProfileRequest,
  registerClusterRequest,
  rollbackRequest,
} from '#deployments/contract';
import { EventStoreUnavailableError } from '#event-store';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { FakeWorker } from '../testing/fake-worker.service.ts';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';
import { ApplicationChangesReactor } from './application-changes.reactor.ts';

let platform: TestPlatform;
let queue: WorkQueue;
const org = 'org-1';
const folder = temporaryFolder();
let opened = 0;

beforeEach(async () => {
  const own = `${folder}/${opened++}`;
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(own, queue, {});
  await platform.found(org, 'acme', { ada: 'owner', linus: 'admin', grace: 'editor' });
  await done(platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, by('ada')));
  await done(setProfile('staging', false));
  await done(setProfile('production', true));
});
afterEach(async () => {
  await platform.close();
  await queue.close();
});

const by = (name: string, more = {}) => platform.person(name, org, more);
const apply = (who: string, name: string, tag: string, rest: object = {}, more = {}) =>
  platform.ask(applyApplicationRequest, { org, name, manifest: image(name, tag, {}, rest) }, by(who, more));
const rollback = (who: string, name: string, to?: number) =>
  platform.ask(rollbackRequest, { org, name, ...(to !== undefined && { to }) }, by(who));
const setProfile = (name: string, isProtected: boolean, who = 'ada') =>
  platform.ask(applyProfileRequest, { org, name, manifest: profile(name, { protected: isProtected }) }, by(who));
const onProduction = { profileName: 'production' };

async function done(response: Promise<{ readonly ok: boolean }>): Promise<void> {
  expect(await response).toMatchObject({ ok: true });
}

const REFUSED = { ok: false, error: { code: 'access/protected-profile', kind: 'forbidden' } };

/** Expects a rejection that records nothing. */
async function refused(attempt: () => Promise<unknown>, expected: object = REFUSED): Promise<void> {
  const before = (await platform.engines.events()).length;
  expect(await attempt()).toMatchObject(expected);
  expect(await platform.engines.events()).toHaveLength(before);
}

/** Runs `deed` once, right before a request writes the record or stream with this prefix. */
async function whileWriting<T>(prefix: string, deed: () => Promise<void>, request: () => Promise<T>): Promise<T> {
  const { vault, eventStore } = platform.engines;
  const put = vault.put.bind(vault);
  const append = eventStore.append.bind(eventStore);
  let isDone = false;
  const once = async (name: string) => {
    if (isDone || !name.startsWith(prefix)) return;
    isDone = true;
    await deed();
  };
  vault.put = async (...args) => (await once(args[0]), put(...args));
  eventStore.append = async (...args) => (await once(args[0]), append(...args));
  const response = await request();
  Object.assign(vault, { put });
  Object.assign(eventStore, { append });
  expect(isDone).toBe(true);
  return response;
}

/** Returns the names of the configured applications, in the order of their revisions. */
async function configured(): Promise<unknown[]> {
  const events = await platform.engines.events();
  return events.flatMap(({ type, data }) =>
    type === 'application.configured.v1' && data !== null && typeof data === 'object' && 'name' in data
      ? [data.name]
      : [],
  );
}

describe('use-S1: an editor and protected profiles', () => {
  it('does not move an application off a protected profile', async () => {
    await done(apply('ada', 'web', '1', onProduction));
    await refused(() => apply('grace', 'web', '1'));
    await refused(() => apply('grace', 'web', '1', {}, { dryRun: true }));
    await done(apply('linus', 'web', '1'));
    await done(apply('grace', 'web', '2'));
  });

  it('does not roll back from a protected to an unprotected profile, or the reverse', async () => {
    await done(apply('ada', 'web', '1'));
    await done(apply('ada', 'web', '2', onProduction));
    await refused(() => rollback('grace', 'web', 1));
    await done(rollback('linus', 'web', 1));
    await refused(() => rollback('grace', 'web', 2));
  });

  it('does not roll back to or from a revision with namespaceMode preserve', async () => {
    const preserve = { namespaceMode: 'preserve' };
    const needsAdmin = { ok: false, error: { code: 'access/not-permitted', kind: 'forbidden' } };
    await done(apply('ada', 'web', '1', preserve));
    await refused(() => apply('grace', 'web', '2'), needsAdmin);
    await done(apply('ada', 'web', '2'));
    await refused(() => rollback('grace', 'web', 1), needsAdmin);
    await refused(() => apply('grace', 'web', '1', preserve), needsAdmin);
    await done(rollback('linus', 'web', 1));
    await refused(() => rollback('grace', 'web', 2), needsAdmin);
  });

  it('names the people to ask: the contact of the organization, then admins and owners', async () => {
    const contact = { type: 'organization.settings-set.v1', data: { contact: 'platform-team@acme.dev' } };
    await platform.organizationFacts(org, 'ada', contact);
    await refused(() => apply('grace', 'pay', '1', onProduction), {
      error: { fix: 'ask platform-team@acme.dev or ada@acme.dev or linus@acme.dev: astroctl org members' },
    });
  });

  it('does not deploy into a namespace that an application of a protected profile uses', async () => {
    await done(apply('ada', 'pay', '1', onProduction));
    await refused(() => apply('grace', 'spy', '1', { namespace: 'acme-pay' }), {
      ok: false,
      error: {
        code: 'access/protected-profile',
        detail:
          'grace@acme.dev (editor of acme) may not deploy spy: namespace acme-pay is used by pay, whose profile production is protected and requires the role admin or owner.',
        fix: 'ask ada@acme.dev or linus@acme.dev: astroctl org members',
      },
    });
    await done(apply('linus', 'helper', '1', { namespace: 'acme-pay' }));
    await refused(() => apply('grace', 'helper', '2', { namespace: 'acme-pay' }));
    await refused(() => platform.ask(deleteApplicationRequest, { org, name: 'helper' }, by('grace')));
    await done(apply('grace', 'web', '1', { namespace: 'acme-web' }));
    await done(apply('grace', 'web-2', '1', { namespace: 'acme-web' }));
  });

  it('protects a running application once its profile becomes protected, until it is unprotected again', async () => {
    await done(apply('grace', 'web', '1'));
    await done(apply('grace', 'web', '2'));
    await done(setProfile('staging', true));
    await refused(() => apply('grace', 'web', '3'));
    await refused(() => apply('grace', 'web', '2'));
    await refused(() => rollback('grace', 'web', 1));
    await refused(() => platform.ask(deleteApplicationRequest, { org, name: 'web' }, by('grace')));
    const defaultsOnly = { ok: false, error: { code: 'access/profile-defaults-only' } };
    await refused(() => setProfile('staging', false, 'grace'), defaultsOnly);
    await done(setProfile('staging', false));
    await refused(() => setProfile('staging', true, 'grace'), defaultsOnly);
    await done(apply('grace', 'web', '3'));
  });

  it('applies when a profile becomes protected while the request is in progress', async () => {
    await done(apply('grace', 'web', '1'));
    const deed = () => done(setProfile('staging', true));
    expect(await whileWriting('manifest/', deed, () => apply('grace', 'web', '2'))).toMatchObject(REFUSED);
    expect(await configured()).toEqual(['web']);
  });

  it('applies when an application moves to a protected profile while the request is in progress', async () => {
    await done(apply('grace', 'web', '1'));
    const deed = () => done(apply('ada', 'web', '2', onProduction));
    expect(await whileWriting('manifest/', deed, () => apply('grace', 'web', '3'))).toMatchObject(REFUSED);
    expect(await configured()).toEqual(['web', 'web']);
  });

  it('applies when a protected application claims the namespace while the request is in progress', async () => {
    const deed = () => done(apply('ada', 'pay', '1', { ...onProduction, namespace: 'acme-pay' }));
    const spy = () => apply('grace', 'spy', '1', { namespace: 'acme-pay' });
    expect(await whileWriting('manifest/', deed, spy)).toMatchObject(REFUSED);
    expect(await configured()).toEqual(['pay']);
    await done(apply('grace', 'spy', '1')); // the name is available again
  });

  it('does not take over a name whose creation on a protected profile is in progress', async () => {
    let response: unknown;
    const deed = async () => void (response = await apply('grace', 'pay', '1'));
    await done(whileWriting('namespaces-', deed, () => apply('ada', 'pay', '1', onProduction)));
    expect(response).toMatchObject(REFUSED);
  });

  it('applies to creations that the platform completes for an editor', async () => {
    const { eventStore } = platform.engines;
    const append = eventStore.append.bind(eventStore);
    const down = (stream: string) => stream.startsWith('namespaces-');
    eventStore.append = (...args) =>
      down(args[0]) ? Promise.reject(new EventStoreUnavailableError('down')) : append(...args);
    expect(await apply('grace', 'spy', '1', { namespace: 'acme-pay' })).toMatchObject({ ok: false });
    expect(await apply('linus', 'helper', '1', { namespace: 'acme-pay' })).toMatchObject({ ok: false });
    eventStore.append = append;
    await done(apply('ada', 'pay', '1', { ...onProduction, namespace: 'acme-pay' }));
    await platform.settled();
    await platform.resumed(ApplicationChangesReactor);
    expect(await configured()).toEqual(['pay', 'helper']);
  });

  it('makes the profile of the restored revision the current one after a rollback', async () => {
    await done(apply('ada', 'web', '1', onProduction));
    await new FakeWorker(platform, queue).deploy();
    await done(apply('ada', 'web', '2'));
    await done(rollback('ada', 'web', 1));
    await platform.settled();
    expect(await platform.ask(deleteProfileRequest, { org, name: 'production' }, by('ada'))).toMatchObject({
      ok: false,
      error: { code: 'deployments/profile-in-use' },
    });
    await done(platform.ask(deleteProfileRequest, { org, name: 'staging' }, by('ada')));
    await refused(() => rollback('grace', 'web', 2));
    await done(rollback('ada', 'web', 2));
  });
});
