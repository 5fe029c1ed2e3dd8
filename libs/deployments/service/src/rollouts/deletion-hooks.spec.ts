import { deleteApplicationRequest } from '#deployments/contract';
import { entry } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const given = givenPlatform();
const remove = (more: object = {}) =>
  given.platform.ask(deleteApplicationRequest, { org: ORG, name: 'web', ...more }, given.by('ada'));
const objects = [entry('Deployment', 'web')];

describe('the task of a deletion', () => {
  it('has the objects that were deployed last, whose hooks run', async () => {
    await given.apply('web');
    await given.worker.deploy(objects);
    expect(await remove()).toMatchObject({ ok: true });
    const item = await given.worker.next();
    const { task, claim } = await given.worker.granted(item);
    expect(task).toMatchObject({
      kind: 'delete',
      deployed: { rendered: 'rendered/1', digest: 'd1' },
      recordedPlan: null,
    });

    await given.worker.plan(item, claim, objects, 'rendered/hooks');
    expect(await remove({ noHooks: true })).toMatchObject({ ok: true });
    await given.worker.supersede(item, claim);
    const { task: quick } = await given.worker.granted(await given.worker.next());
    expect(quick).toMatchObject({ kind: 'delete', attemptNumber: task.attemptNumber + 1 });
    expect(quick).not.toHaveProperty('deployed');
  });

  it('has none if the objects are kept, or if nothing was deployed', async () => {
    await given.apply('web');
    await given.worker.deploy(objects);
    await remove({ orphan: true });
    expect((await given.worker.granted(await given.worker.next())).task).not.toHaveProperty('deployed');
  });
});
