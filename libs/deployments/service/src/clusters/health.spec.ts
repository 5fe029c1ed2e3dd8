import {
  applicationResourcesRequest,
  clusterHealthRulesRequest,
  getClusterHealthRequest,
  liveResourcesRequest,
  observedClustersRequest,
  setClusterHealthRequest,
  type HealthSettings,
} from '#deployments/contract';
import { reply } from '#bus';
import { entry, image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const kinds = [
  {
    group: 'acme.dev',
    kind: 'Database',
    rules: [
      { path: 'status.phase', values: ['Running', 1, true], health: 'Healthy' as const },
      { condition: 'Broken', status: 'True', reasons: ['Corrupt'], health: 'Degraded' as const },
    ],
    otherwise: 'Progressing' as const,
    messagePath: 'status.message',
  },
];

describe('health rules of a cluster', () => {
  const asked: unknown[] = [];
  const given = givenPlatform({
    members: { ada: 'owner', grace: 'editor' },
    answers: {
      [liveResourcesRequest.subject]: (input) => {
        asked.push((input as { cluster: { health?: unknown } }).cluster.health);
        return reply({ items: [] });
      },
    },
  });
  const set = (change: HealthSettings, context = given.by('ada')) =>
    given.platform.ask(setClusterHealthRequest, { org: ORG, name: 'dev', ...change }, context);
  const observed = async () => {
    const worker = given.platform.service('deploy-worker', ORG);
    const found = await given.platform.ask(observedClustersRequest, { observer: 'o' }, worker);
    if (!found.ok) throw new Error(found.error.code);
    const [{ connection } = { connection: undefined }] = found.value.clusters;
    if (!connection) throw new Error('no cluster is observed');
    const { clusterId, healthRevision, health } = connection;
    const rules = await given.platform.ask(clusterHealthRulesRequest, { organizationId: ORG, clusterId }, worker);
    return { health, healthRevision, rules: rules.ok && rules.value };
  };

  it('are replaced as a whole, and returned with the revision that If-Match compares', async () => {
    const read = () => given.platform.ask(getClusterHealthRequest, { org: ORG, name: 'dev' }, given.by('grace'));
    expect(await read()).toMatchObject({ ok: true, value: { kinds: [] }, meta: { revision: 1 } });
    expect(await set({ kinds }, { ...given.by('ada'), ifMatch: 1 })).toMatchObject({ ok: true, value: { kinds } });
    expect(await set({ kinds: [] }, { ...given.by('ada'), ifMatch: 1 })).toMatchObject({ ok: false });
    expect(await read()).toEqual(expect.objectContaining({ ok: true, value: { kinds } }));
  });

  it('go to the worker with the connection, and to an observer, which learns of changes by the revision', async () => {
    await given.apply('web', image('web', '1'));
    await given.worker.deploy([entry('Deployment', 'web')]);
    await given.platform.settled();
    const resources = () => given.platform.ask(applicationResourcesRequest, { org: ORG, name: 'web' }, given.by('ada'));
    await resources();
    expect(await observed()).toEqual({ rules: { kinds: [] } });
    await set({ kinds });
    await resources();
    expect(asked).toEqual([undefined, kinds]);
    expect(await observed()).toEqual({ healthRevision: 2, rules: { kinds } });
    await set({ kinds: [] });
    expect(await observed()).toEqual({ rules: { kinds: [] } });
  });

  const one = kinds[0]!;
  it.each([
    ['no rule', { ...one, rules: [] }],
    ['another state', { ...one, rules: [{ path: 'status.phase', values: ['Running'], health: 'Missing' }] }],
    ['a path outside of the object', { ...one, rules: [{ path: 'data.password', values: ['x'], health: 'Healthy' }] }],
    ['a message outside of the status', { ...one, messagePath: 'spec.password' }],
    ['a rule of both forms', { ...one, rules: [{ ...one.rules[0], condition: 'Ready' }] }],
    ['too many rules', { ...one, rules: Array.from({ length: 21 }, () => one.rules[0]) }],
    ['a kind in lower case', { ...one, kind: 'databases' }],
  ])('are validated: %s', (_, kind) => {
    const parse = (value: unknown) =>
      setClusterHealthRequest.input.safeParse({ org: ORG, name: 'dev', kinds: [value] });
    expect(parse(one)).toMatchObject({ success: true });
    expect(parse(kind)).toMatchObject({ success: false });
  });

  it('name each kind once, and are not larger than 16 KiB', () => {
    const parse = (more: readonly object[]) =>
      setClusterHealthRequest.input.safeParse({ org: ORG, name: 'dev', kinds: more }).success;
    expect(parse([one, { ...one, kind: '*' }])).toBe(true);
    expect(parse([one, one])).toBe(false);
    const values = Array.from({ length: 20 }, () => 'x'.repeat(200));
    const large = { ...one, rules: Array.from({ length: 5 }, () => ({ ...one.rules[0], values })) };
    expect(parse([large])).toBe(false);
  });
});
