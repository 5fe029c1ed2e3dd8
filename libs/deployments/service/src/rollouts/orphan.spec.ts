import { deleteApplicationRequest } from '#deployments/contract';
import { entry } from '../testing/fixtures.ts';
import { FakeWorker } from '../testing/fake-worker.service.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const given = givenPlatform();
const remove = (dryRun: boolean) =>
  given.platform.ask(deleteApplicationRequest, { org: ORG, name: 'web', orphan: true }, given.by('ada', { dryRun }));

describe('use-D5: a deletion that keeps the objects, during a rollout', () => {
  it('ends the rollout first, and lists all objects that it applied', async () => {
    await given.apply('web');
    const rollout = await given.worker.next();
    const { claim } = await given.worker.granted(rollout);
    const objects = [entry('Deployment', 'web'), entry('Service', 'web')];
    await given.worker.plan(rollout, claim, objects);
    const named = ['Deployment/web', 'Service/web'];
    expect(await remove(true)).toMatchObject({ ok: true, value: { objects: named, dryRun: true } });
    expect(await remove(false)).toMatchObject({ ok: true, value: { objects: named } });

    const other = new FakeWorker(given.platform, given.queue, 'worker-2');
    const deletion = await other.next();
    expect(await other.claim(deletion)).toMatchObject({ granted: false });
    await given.worker.supersede(rollout, claim);
    expect(await other.granted(deletion)).toMatchObject({ task: { kind: 'delete', orphan: true, inventory: objects } });
  });
});
