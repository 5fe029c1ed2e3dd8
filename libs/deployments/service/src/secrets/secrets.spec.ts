import {
  applyProfileRequest,
  deleteApplicationRequest,
  diffApplicationRequest,
  getRevisionRequest,
  listRevisionsRequest,
  listSecretsRequest,
  rollbackRequest,
  setSecretRequest,
  setSecretsRequest,
  unsetSecretRequest,
  type ResolvedSpec,
} from '#deployments/contract';
import { EventStoreUnavailableError } from '#event-store';
import { decodeText, encodeText } from '#vault';
import { ApplicationChangesReactor } from '../applications/application-changes.reactor.ts';
import { entry, image, profile } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { SecretRecordsSweep } from './secret-records.sweep.ts';

const given = givenPlatform({
  members: { ada: 'owner', grace: 'editor', vic: 'viewer' },
  profiles: { staging: {}, production: { protected: true } },
});
const org = ORG;
const name = 'web';
type More = Parameters<typeof given.by>[1];
const set = (key: string, value: string, who = 'ada', more: More = {}) =>
  given.platform.ask(setSecretRequest, { org, name, key, value }, given.by(who, more));
const setAll = (secrets: Record<string, string>) =>
  given.platform.ask(setSecretsRequest, { org, name, secrets }, given.by('ada'));
const unset = (key: string, more: More = {}) =>
  given.platform.ask(unsetSecretRequest, { org, name, key }, given.by('ada', more));
async function list(who = 'ada') {
  await given.platform.settled(); // the list is a read model
  return given.platform.ask(listSecretsRequest, { org, name }, given.by(who));
}
const using = (more: object = {}, rest: object = {}) =>
  image(name, '1', { env: [{ name: 'DB', secret: 'DATABASE_URL' }], ...more }, rest);
/** Returns the values that a worker gets for the next attempt, by key. */
async function deployed() {
  const item = await given.worker.next();
  const { task, claim } = await given.worker.granted(item);
  const { vault } = given.platform.engines;
  const read = async (record: string) => decodeText((await vault.get(record))?.value ?? encodeText('none'));
  const { source } = JSON.parse(await read(task.resolved ?? '')) as ResolvedSpec;
  await given.worker.plan(item, claim, [entry('Deployment', name)]);
  await given.worker.succeed(item, claim, [entry('Deployment', name)]);
  if (source.type !== 'image') throw new Error('not an image');
  const secrets = Object.entries(source.secrets ?? {});
  return Object.fromEntries(await Promise.all(secrets.map(async ([key, ref]) => [key, await read(ref.record)])));
}
async function recordsOf(prefix: string): Promise<number> {
  let count = 0;
  for await (const record of given.platform.engines.vault.list(prefix)) count += record.name.length > 0 ? 1 : 0;
  return count;
}

describe('use-D25: secrets of an application', () => {
  it('are refused at apply with the command that sets them, and can then be set before the first revision', async () => {
    expect(await given.apply(name, using())).toMatchObject({
      ok: false,
      error: {
        code: 'deployments/secret-missing',
        fix: expect.stringContaining('astroctl app secrets set web DATABASE_URL'),
        errors: [{ pointer: '/spec/source/image', message: expect.stringContaining('env DB') }],
      },
    });
    expect(await set('DATABASE_URL', 'postgres://one')).toMatchObject({
      ok: true,
      value: { changed: [{ key: 'DATABASE_URL', version: 1 }], application: null, attemptId: null },
    });
    expect(await given.apply(name, using())).toMatchObject({ ok: true, value: { outcome: 'created' } });
    expect(await deployed()).toEqual({ DATABASE_URL: 'postgres://one' });
    expect(await list('vic')).toMatchObject({
      value: {
        items: [
          {
            key: 'DATABASE_URL',
            version: 1,
            by: 'ada@acme.dev',
            fingerprint: expect.stringMatching(/^fingerprint:[0-9a-f]{12}$/),
          },
        ],
      },
    });
  });

  it('K8.6-31: that are rotated make a new revision, and a rollback brings back the value of its revision', async () => {
    await set('DATABASE_URL', 'postgres://one');
    await given.apply(name, using());
    await deployed();
    expect(await set('DATABASE_URL', 'postgres://two')).toMatchObject({
      ok: true,
      value: {
        changed: [{ key: 'DATABASE_URL', version: 2 }],
        application: { version: 'v2' },
        changes: [expect.stringMatching(/^secret DATABASE_URL v1 fingerprint:\w{12} -> v2 fingerprint:\w{12}$/)],
        attemptId: expect.any(String),
      },
    });
    expect(await deployed()).toEqual({ DATABASE_URL: 'postgres://two' });
    expect(await given.apply(name, using())).toMatchObject({ value: { outcome: 'unchanged' } });
    expect(await given.platform.ask(rollbackRequest, { org, name, to: 1 }, given.by('ada'))).toMatchObject({
      ok: true,
    });
    expect(await deployed()).toEqual({ DATABASE_URL: 'postgres://one' });
    // The same value again is deployed, since the rollback does not use it.
    expect(await set('DATABASE_URL', 'postgres://two')).toMatchObject({
      value: { changed: [], application: { version: 'v4' }, attemptId: expect.any(String) },
    });
    expect(await deployed()).toEqual({ DATABASE_URL: 'postgres://two' });
    await given.platform.settled();
    const permissions: unknown[] = [];
    for (const revision of [1, 2, 3, 4]) {
      const shown = await given.platform.ask(getRevisionRequest, { org, name, revision }, given.by('ada'));
      permissions.push(shown.ok ? shown.value.receipt?.permission : shown.error.code);
    }
    expect(permissions).toEqual(['application.deploy', null, 'application.deploy', null]);
  });

  it('that no revision uses are set without a new revision, and the same value changes nothing', async () => {
    await given.apply(name);
    await given.worker.deploy([entry('Deployment', name)]);
    expect(await set('SPARE', 'one')).toMatchObject({
      value: { changed: [{ key: 'SPARE', version: 1 }], application: { version: 'v1' }, attemptId: null, changes: [] },
    });
    expect(await set('SPARE', 'one')).toMatchObject({ value: { changed: [] } });
    expect(await unset('SPARE')).toMatchObject({ value: { changed: [{ key: 'SPARE', version: null }] } });
    expect(await unset('SPARE')).toMatchObject({ value: { changed: [] } });
  });

  it('are set together in one revision', async () => {
    await setAll({ DATABASE_URL: 'one', 'tls.key': 'pem' });
    await given.apply(name, using({ configFiles: [{ path: '/etc/tls.key', secret: 'tls.key' }] }));
    await deployed();
    expect(await setAll({ DATABASE_URL: 'two', 'tls.key': 'mep' })).toMatchObject({
      value: { application: { version: 'v2' }, changed: [{ version: 2 }, { version: 2 }] },
    });
    expect(await deployed()).toEqual({ DATABASE_URL: 'two', 'tls.key': 'mep' });
  });

  it('that are removed are left out of the next revision, whose manifest needs them again', async () => {
    await set('DATABASE_URL', 'one');
    await given.apply(name, using());
    await deployed();
    expect(await unset('DATABASE_URL')).toMatchObject({
      value: { application: { version: 'v2' }, changes: [expect.stringMatching(/^secret DATABASE_URL removed$/)] },
    });
    expect(await deployed()).toEqual({});
    expect(await given.apply(name, using())).toMatchObject({ error: { code: 'deployments/secret-missing' } });
    expect(await set('DATABASE_URL', 'two')).toMatchObject({ value: { application: { version: 'v3' } } });
    expect(await deployed()).toEqual({ DATABASE_URL: 'two' });
  });

  it('are not changed by a dry run, nor at another revision than the expected one', async () => {
    expect(await set('DATABASE_URL', 'one', 'ada', { dryRun: true })).toMatchObject({
      value: { dryRun: true, changed: [{ version: 1 }] },
    });
    expect(await list()).toMatchObject({ error: { code: 'deployments/application-not-found' } });
    expect(await recordsOf('secret/')).toBe(0);
    await set('DATABASE_URL', 'one');
    await given.apply(name, using());
    expect(await set('DATABASE_URL', 'two', 'ada', { ifMatch: 7 })).toMatchObject({
      error: { code: 'edge/precondition-failed' },
    });
    expect(await set('DATABASE_URL', 'two', 'ada', { ifMatch: 1 })).toMatchObject({ ok: true });
  });

  it('use-D26: repeat the reply for a repeated Idempotency-Key, and refuse another value with it', async () => {
    const send = (value: string) => set('A', value, 'ada', { key: 'one-request', body: 'same-digest' });
    expect(await send('one')).toMatchObject({ ok: true, value: { changed: [{ version: 1 }] } });
    expect(await send('one')).toMatchObject({
      ok: true,
      value: { changed: [{ version: 1 }] },
      meta: { repeated: true },
    });
    expect(await send('two')).toMatchObject({ ok: false, error: { code: 'idempotency/other-request' } });
    expect(await list()).toMatchObject({ value: { items: [{ version: 1 }] } });
  });

  it('F4: are set by the retry of a request that was interrupted after it reserved the name', async () => {
    const { eventStore } = given.platform.engines;
    const append = eventStore.append.bind(eventStore);
    eventStore.append = (...args) =>
      args[0].startsWith('application-') ? Promise.reject(new EventStoreUnavailableError('stopped')) : append(...args);
    const send = () => set('DATABASE_URL', 'one', 'ada', { key: 'one-request', body: 'digest' });
    expect(await send()).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    Object.assign(eventStore, { append });
    expect(await send()).toMatchObject({ ok: true, value: { changed: [{ version: 1 }] } });
    expect(await given.apply(name, using())).toMatchObject({ ok: true, value: { outcome: 'created' } });
  });

  it('belong to one application if they are set while it is created', async () => {
    const [applied, changed] = await Promise.all([given.apply(name, using({ env: [] })), set('DATABASE_URL', 'one')]);
    expect([applied.ok, changed.ok]).toEqual([true, true]);
    expect(await given.apply(name, using())).toMatchObject({ ok: true, value: { outcome: 'configured' } });
  });

  it('use-D26: are refused if the profile becomes protected in the meantime', async () => {
    await set('DATABASE_URL', 'one');
    await given.apply(name, using());
    const { vault } = given.platform.engines;
    const put = vault.put.bind(vault);
    vault.put = async (...args) => {
      Object.assign(vault, { put });
      const manifest = profile('staging', { protected: true });
      await given.platform.ask(applyProfileRequest, { org, name: 'staging', manifest }, given.by('ada'));
      return put(...args);
    };
    expect(await set('DATABASE_URL', 'two', 'grace')).toMatchObject({ error: { code: 'access/protected-profile' } });
    expect(await list()).toMatchObject({ value: { items: [{ version: 1 }] } });
  });

  it('use-D26: need an admin on a protected profile', async () => {
    await given.apply(name, using({ env: [] }, { profileName: 'production' }));
    expect(await set('A', 'one', 'grace')).toMatchObject({ error: { code: 'access/protected-profile' } });
    expect(await set('A', 'one')).toMatchObject({ ok: true });
  });

  it('that are set at the same time all count, each with its own version', async () => {
    await set('DATABASE_URL', 'zero');
    await given.apply(name, using());
    await deployed();
    const replies = await Promise.all(['one', 'two', 'three'].map((value) => set('DATABASE_URL', value)));
    expect(replies.map((reply) => reply.ok && reply.value.changed[0]?.version).sort()).toEqual([2, 3, 4]);
    expect(replies.map((reply) => reply.ok && reply.value.application?.version).sort()).toEqual(['v2', 'v3', 'v4']);
  });

  it('are shown by fingerprints in history and differences, and by name in the manifest', async () => {
    await set('DATABASE_URL', 'value-7f3a9');
    await given.apply(name, using());
    await deployed();
    await set('DATABASE_URL', 'other-7f3a9');
    const diff = await given.platform.ask(diffApplicationRequest, { org, name }, given.by('vic'));
    expect(diff).toMatchObject({
      value: {
        changes: [
          {
            path: 'secrets.DATABASE_URL',
            before: expect.stringMatching(/^v1 fingerprint:\w{12}$/),
            after: expect.stringMatching(/^v2 fingerprint:\w{12}$/),
          },
        ],
      },
    });
    const revision = await given.platform.ask(getRevisionRequest, { org, name, revision: 'latest' }, given.by('vic'));
    expect(revision).toMatchObject({
      value: {
        manifest: { spec: { source: { image: { env: [{ name: 'DB', secret: 'DATABASE_URL' }] } } } },
        hidden: 0,
      },
    });
    await given.platform.settled();
    const history = await given.platform.ask(listRevisionsRequest, { org, name }, given.by('vic'));
    expect(JSON.stringify([diff, revision, history, await given.platform.engines.events()])).not.toContain('7f3a9');
  });

  it('are removed from the vault when the application is deleted, and old values when no revision uses them', async () => {
    await set('DATABASE_URL', 'one');
    await set('DATABASE_URL', 'two');
    await set('SPARE', 'three');
    await unset('SPARE');
    await given.apply(name, using());
    await deployed();
    expect(await recordsOf('secret/')).toBe(3);
    given.platform.clock.shift(25 * 3_600_000);
    await given.platform.app.get(SecretRecordsSweep, { strict: false }).run(new AbortController().signal);
    expect(await recordsOf('secret/')).toBe(1);
    await given.platform.ask(deleteApplicationRequest, { org, name, orphan: false }, given.by('ada'));
    const item = await given.worker.next();
    const { claim } = await given.worker.granted(item);
    await given.worker.succeed(item, claim);
    await given.platform.resumed(ApplicationChangesReactor);
    expect(await recordsOf('secret/')).toBe(0);
    expect(await given.apply(name, using())).toMatchObject({ error: { code: 'deployments/secret-missing' } });
  });
});
