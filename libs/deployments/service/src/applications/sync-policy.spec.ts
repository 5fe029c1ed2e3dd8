import { applicationStatusRequest, reportHealthRequest } from '#deployments/contract';
import { image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { RollbackReactor } from './rollback.reactor.ts';
import { SelfHealReactor } from './self-heal.reactor.ts';

const given = givenPlatform();
const web = (tag: string, syncPolicy?: object) => image('web', tag, {}, syncPolicy && { syncPolicy });
const status = async () => {
  await given.platform.settled();
  const response = await given.platform.ask(applicationStatusRequest, { org: ORG, name: 'web' }, given.by('ada'));
  return response.ok ? response.value : undefined;
};
const failNext = async () => {
  const item = await given.worker.next();
  await given.worker.fail(item, (await given.worker.granted(item)).claim);
};

describe('syncPolicy', () => {
  it('lists only what changes what happens', async () => {
    await given.apply('web', web('1'));
    expect(await given.apply('web', web('1', { prune: true, selfHeal: false }))).toMatchObject({
      value: { changes: [] },
    });
    expect(await given.apply('web', web('1', { prune: false, selfHeal: true }))).toMatchObject({
      value: { outcome: 'configured', changes: ['syncPolicy.prune false added', 'syncPolicy.selfHeal true added'] },
    });
  });

  it('prune: false tells the worker to keep objects', async () => {
    await given.apply('web', web('1', { prune: false }));
    expect((await given.worker.granted(await given.worker.next())).task).toMatchObject({ prune: false });
  });

  it('selfHeal: deploys again when an observer reports a drift', async () => {
    await given.apply('web', web('1', { selfHeal: true }));
    const item = await given.worker.next();
    const { claim, task } = await given.worker.granted(item);
    await given.worker.succeed(item, claim);
    const { applicationId } = item;
    const { clusterId } = task.cluster;
    const seen = { health: 'Healthy', message: '', code: null, replicas: '1/1', attemptNumber: 1 } as const;
    const drift = [{ what: 'Deployment/web was changed by kubectl', fields: ['spec.replicas'] }];
    await given.platform.ask(
      reportHealthRequest,
      {
        clusterId,
        applications: [{ organizationId: ORG, applicationId, ...seen, sync: 'OutOfSync', drift }],
      },
      given.platform.service('deploy-worker', ORG),
    );
    await given.worker.deploy();
    expect(await status()).toMatchObject({ version: 'v1', attempt: { number: 2, state: 'SUCCEEDED' } });
    await given.platform.resumed(SelfHealReactor);
    expect(await status()).toMatchObject({ attempt: { number: 2 } });
  });

  it('rollback: deploys the last revision that succeeded when a new one fails, once', async () => {
    await given.apply('web', web('1', { rollback: true }));
    await given.worker.deploy();
    await given.apply('web', web('2', { rollback: true }));
    await failNext();
    const item = await given.worker.next();
    const { claim, task } = await given.worker.granted(item);
    expect(task).toMatchObject({ revision: 3 });
    await given.worker.fail(item, claim);
    await given.platform.resumed(RollbackReactor);
    expect(await status()).toMatchObject({ version: 'v3', status: 'DEGRADED', attempt: { number: 3 } });
  });

  it('rollback: leaves a first revision that failed, and one that was never applied', async () => {
    await given.apply('web', web('1', { rollback: true }));
    await failNext();
    await given.platform.resumed(RollbackReactor);
    expect(await status()).toMatchObject({ version: 'v1', status: 'DEGRADED' });
  });
});
