import { deleteApplicationRequest, applicationStatusRequest, rollbackRequest } from '#deployments/contract';
import { image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { PendingAttemptsSweep } from './pending-attempts.sweep.ts';

const given = givenPlatform();
const dependent = (name: string, dependsOn: readonly string[], tag = '1') => image(name, tag, {}, { dependsOn });
const message = async (name: string) => {
  await given.platform.settled();
  const response = await given.platform.ask(applicationStatusRequest, { org: ORG, name }, given.by('ada'));
  return response.ok ? response.value.message : undefined;
};
const waiting = async () => {
  const item = await given.worker.next();
  expect(await given.worker.claim(item)).toMatchObject({ granted: false, retryInMs: null });
  return item;
};

describe('dependsOn', () => {
  it('deploys an application when the one that it depends on is healthy', async () => {
    await given.apply('database');
    await given.apply('web', dependent('web', ['database']));
    const database = await given.worker.next();
    const web = await waiting();
    expect(await message('web')).toBe('waiting for database (REQUESTED)');

    const { claim } = await given.worker.granted(database);
    await given.worker.succeed(database, claim);
    expect(await given.worker.deploy()).toEqual(web);
    expect(await message('web')).not.toContain('waiting');
  });

  it('enqueues a waiting deployment again from time to time, in case a change was missed', async () => {
    await given.apply('database');
    await given.apply('web', dependent('web', ['database']));
    await given.worker.next();
    const web = await waiting();
    await given.platform.settled();
    await given.platform.app.get(PendingAttemptsSweep, { strict: false }).run(new AbortController().signal);
    const items = [await given.worker.next(), await given.worker.next()];
    expect(items).toContainEqual(web);
  });

  it('deploys a rollback while a dependency has a problem', async () => {
    await given.apply('database');
    await given.worker.deploy();
    await given.apply('web', dependent('web', ['database']));
    await given.worker.deploy();
    await given.apply('web', dependent('web', ['database'], '2'));
    await given.worker.deploy();
    await given.apply('database', image('database', '2'));
    const database = await given.worker.next();
    await given.worker.fail(database, (await given.worker.granted(database)).claim);

    await given.apply('web', dependent('web', ['database'], '3'));
    await waiting();
    expect(await message('web')).toBe('waiting for database (DEGRADED)');
    const input = { org: ORG, name: 'web', to: 1 };
    expect(await given.platform.ask(rollbackRequest, input, given.by('ada'))).toMatchObject({ ok: true });
    expect((await given.worker.granted(await given.worker.next())).task).toMatchObject({ applicationName: 'web' });
  });

  it('says what to change if a dependency is deleted while an application waits for it', async () => {
    await given.apply('database');
    const database = await given.worker.next();
    await given.worker.fail(database, (await given.worker.granted(database)).claim);
    await given.apply('web', dependent('web', ['database']));
    await waiting();
    await given.platform.ask(deleteApplicationRequest, { org: ORG, name: 'database' }, given.by('ada'));
    const item = await given.worker.next();
    await given.worker.succeed(item, (await given.worker.granted(item)).claim);
    expect(await message('web')).toBe('waiting for database (not found: apply it, or remove it from dependsOn)');
  });

  it('rejects a dependency that was deleted', async () => {
    await given.apply('database');
    await given.worker.deploy();
    await given.apply('web', dependent('web', ['database']));
    await given.worker.deploy();
    await given.platform.ask(deleteApplicationRequest, { org: ORG, name: 'database' }, given.by('ada'));
    const item = await given.worker.next();
    await given.worker.succeed(item, (await given.worker.granted(item)).claim);
    await given.platform.settled();
    expect(await given.apply('web', dependent('web', ['database'], '2'))).toMatchObject({
      ok: false,
      error: {
        code: 'deployments/manifest-invalid',
        errors: [
          { pointer: '/spec/dependsOn/0', message: 'names application database, which does not exist; apply it first' },
        ],
      },
    });
  });

  it('rejects an application that depends on itself, directly or through others', async () => {
    await given.apply('database');
    await given.apply('api', dependent('api', ['database']));
    const detail = (text: string) => ({
      ok: false,
      error: { code: 'deployments/dependency-cycle', kind: 'invalid', detail: text },
    });
    expect(await given.apply('web', dependent('web', ['web']))).toMatchObject(
      detail('application/web depends on itself: web -> web.'),
    );
    expect(await given.apply('database', dependent('database', ['api']))).toMatchObject(
      detail('application/database depends on itself: database -> api -> database.'),
    );
  });

  it('is a new revision when it changes', async () => {
    await given.apply('database');
    await given.apply('web');
    expect(await given.apply('web', dependent('web', ['database']))).toMatchObject({
      ok: true,
      value: { outcome: 'configured', changes: ['dependsOn database added'] },
    });
    expect(await given.apply('web', dependent('web', ['database']))).toMatchObject({
      ok: true,
      value: { outcome: 'unchanged' },
    });
  });
});
