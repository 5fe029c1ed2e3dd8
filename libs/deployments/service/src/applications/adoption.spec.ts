import { adoptApplicationRequest, applicationEventsRequest, syncApplicationRequest } from '#deployments/contract';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const given = givenPlatform();
const OBJECT = {
  object: 'Deployment/web',
  uid: 'u1',
  takes: [{ manager: 'kubectl-edit', fields: ['.spec.replicas'] }],
  removes: ['.spec.paused'],
};
const adopt = (more: object = {}, options: { readonly dryRun?: boolean } = {}) =>
  given.platform.ask(adoptApplicationRequest, { org: ORG, name: 'web', ...more }, given.by('ada', options));
const failNext = async (more: object = {}) => {
  const item = await given.worker.next();
  const { claim } = await given.worker.granted(item);
  await given.worker.fail(item, claim, { code: 'deployments/owned-by-other', applied: false, ...more });
};

describe('app adopt', () => {
  it('shows the objects that made the attempt fail, and requests an attempt that may take them over', async () => {
    await given.apply('web');
    await failNext({ adoptable: [OBJECT] });
    expect(await adopt({}, { dryRun: true })).toMatchObject({ value: { objects: [OBJECT], dryRun: true } });
    expect(await adopt({ attempt: 1, message: 'moved from the old cluster' })).toMatchObject({
      value: { objects: [OBJECT], changed: true, application: { version: 'v1' } },
    });
    const { task } = await given.worker.granted(await given.worker.next());
    expect(task).toMatchObject({ revision: 1, attemptNumber: 2, adopt: ['u1'] });
    await given.platform.settled();
    const lines = await given.platform.read(applicationEventsRequest, { org: ORG, name: 'web' }, given.by('ada'));
    expect(lines).toContainEqual(
      expect.objectContaining({
        by: 'ada@acme.dev',
        message: 'adoption of Deployment/web requested, attempt 2: moved from the old cluster',
      }),
    );
  });

  it('accepts the attempt that the dry run answered', async () => {
    await given.apply('web');
    await failNext({ adoptable: [OBJECT] });
    const shown = await adopt({}, { dryRun: true });
    if (!shown.ok) throw new Error(shown.error.code);
    expect(shown.value.adopts).toBe(1);
    expect(await adopt({ attempt: shown.value.adopts })).toMatchObject({ value: { objects: [OBJECT], changed: true } });
  });

  it('requests nothing twice, and nothing that was not shown', async () => {
    await given.apply('web');
    await failNext({ adoptable: [OBJECT] });
    await given.platform.ask(syncApplicationRequest, { org: ORG, name: 'web' }, given.by('ada'));
    await failNext({ adoptable: [OBJECT, { ...OBJECT, uid: 'u2' }] });
    expect(await adopt({ attempt: 1 })).toMatchObject({ error: { code: 'deployments/nothing-to-adopt' } });
    expect(await adopt({ attempt: 2 })).toMatchObject({ value: { changed: true } });
    expect(await adopt({ attempt: 2 })).toMatchObject({ value: { changed: false } });
  });

  it('is refused if the last attempt failed for another reason, or did not fail', async () => {
    await given.apply('web');
    await failNext();
    expect(await adopt()).toMatchObject({ error: { code: 'deployments/nothing-to-adopt' } });
  });
});
