import { reply } from '#bus';
import type { OutputOf } from '#bus/contract';
import { applicationTopRequest, type liveTopRequest } from '#deployments/contract';
import { entry } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const nothing = { used: null, request: null, limit: null };
let use: OutputOf<typeof liveTopRequest>['use'];
const given = givenPlatform({
  members: { ada: 'owner', eve: 'viewer' },
  answers: { 'deploy-worker.v1.applications.top': () => reply({ use }) },
});
const top = () => given.platform.ask(applicationTopRequest, { org: ORG, name: 'web' }, given.by('eve'));

describe('the CPU and memory that an application uses', () => {
  it('are what its cluster measures', async () => {
    use = {
      items: [{ name: 'web-1', namespace: 'acme-web', cpu: { ...nothing, used: 12 }, memory: nothing, containers: [] }],
      total: { cpu: { ...nothing, used: 12 }, memory: nothing },
    };
    await given.apply('web');
    expect(await top()).toMatchObject({ ok: true, value: { items: [], total: { cpu: nothing } } });
    await given.worker.deploy([entry('Deployment', 'web')]);
    expect(await top()).toMatchObject({ ok: true, value: use });
  });

  it('are unavailable if the cluster does not measure them', async () => {
    use = null;
    await given.apply('web');
    await given.worker.deploy([entry('Deployment', 'web')]);
    expect(await top()).toMatchObject({
      ok: false,
      error: {
        code: 'deployments/metrics-unavailable',
        kind: 'unavailable',
        detail: expect.stringContaining('Cluster dev'),
        fix: expect.stringContaining('metrics-server'),
      },
    });
    expect(await given.platform.ask(applicationTopRequest, { org: ORG, name: 'api' }, given.by('eve'))).toMatchObject({
      ok: false,
      error: { code: 'deployments/application-not-found' },
    });
  });
});
