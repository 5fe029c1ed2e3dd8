import { diffManifestRequest, rollbackRequest, syncApplicationRequest, type ResolvedSpec } from '#deployments/contract';
import { decodeText, encodeText } from '#vault';
import { image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const given = givenPlatform();

/** Applies a manifest, lets the worker deploy it, and returns the resolved content and its vault record. */
async function deployed(manifest: unknown, name = 'web') {
  expect(await given.apply(name, manifest)).toMatchObject({ ok: true });
  return nextDeployed();
}

async function nextDeployed() {
  const item = await given.worker.next();
  const { claim, task } = await given.worker.granted(item);
  await given.worker.plan(item, claim, []);
  await given.worker.succeed(item, claim);
  const record = task.resolved ?? '';
  const stored = await given.platform.engines.vault.get(record);
  if (!stored) throw new Error('nothing was resolved');
  const resolved = JSON.parse(decodeText(stored.value)) as ResolvedSpec;
  if (resolved.source.type !== 'image') throw new Error('not an image');
  return { record, resolved, workload: resolved.source.workload, applicationId: item.applicationId };
}

/** Rewrites a stored revision as an earlier release recorded it: without an identity or a format version. */
async function madeOlder({ record, resolved, workload }: Awaited<ReturnType<typeof deployed>>): Promise<void> {
  const { applicationId: _, serviceName: _service, rendering: _as, priority: _priority, ...rest } = workload;
  const older: ResolvedSpec = { ...resolved, source: { type: 'image', workload: rest } };
  await given.platform.engines.vault.put(record, encodeText(JSON.stringify(older)));
}

describe('use-D17: the identity of an application and its Service', () => {
  it('is chosen when the application is first deployed, and does not change', async () => {
    const first = await deployed(image('web', '1'));
    expect(first.workload).toMatchObject({ applicationId: first.applicationId });
    expect(first.workload).not.toHaveProperty('serviceName');
    const second = await deployed(image('web', '2', {}, { namespace: 'acme-web' }));
    expect(second.workload).toMatchObject({ applicationId: first.applicationId });
    expect(second.workload).not.toHaveProperty('serviceName');
  });

  it('is the name of the application in a namespace that others may share', async () => {
    const web = await deployed(image('web', '1', {}, { namespace: 'shop' }));
    const api = await deployed(image('api', '1', {}, { namespace: 'shop' }), 'api');
    expect([web.workload.serviceName, api.workload.serviceName]).toEqual(['web-app', 'api-app']);
    expect(web.workload.applicationId).not.toBe(api.workload.applicationId);
  });

  it('stays as an earlier release deployed it, in later revisions and after a rollback', async () => {
    await madeOlder(await deployed(image('web', '1')));
    const later = await deployed(image('web', '2'));
    expect(later.workload).not.toHaveProperty('applicationId');
    expect(later.workload).not.toHaveProperty('serviceName');
    expect(await given.platform.ask(rollbackRequest, { org: ORG, name: 'web', to: 1 }, given.by('ada'))).toMatchObject({
      ok: true,
    });
    expect((await nextDeployed()).workload).not.toHaveProperty('applicationId');
    const manifests = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n';
    const other = image('web', '3');
    await given.apply('web', { ...other, spec: { ...other.spec, source: { type: 'yaml', yaml: { manifests } } } });
    await given.worker.deploy();
    expect((await deployed(image('web', '4'))).workload).not.toHaveProperty('applicationId');
  });
});

describe('use-D21: the format in which a release writes the objects of an image application', () => {
  /** Applies a manifest as an earlier release resolved it. The identity is unchanged, so only the format differs. */
  async function writtenOlder() {
    const { record, resolved, workload } = await deployed(image('web', '1'));
    const { rendering: _, priority: _priority, ...rest } = workload;
    const older: ResolvedSpec = { ...resolved, source: { type: 'image', workload: rest } };
    await given.platform.engines.vault.put(record, encodeText(JSON.stringify(older)));
  }

  it('is recorded, and stays while the same content is deployed', async () => {
    await writtenOlder();
    const manifest = image('web', '1');
    expect(await given.apply('web', manifest)).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
    expect(
      await given.platform.ask(diffManifestRequest, { org: ORG, name: 'web', manifest }, given.by('ada')),
    ).toMatchObject({ ok: true, value: { changes: [] } });
    await given.platform.ask(syncApplicationRequest, { org: ORG, name: 'web' }, given.by('ada'));
    expect((await nextDeployed()).workload).not.toHaveProperty('rendering');
  });

  it('is that of the present release in the next revision, but not after a rollback', async () => {
    await writtenOlder();
    expect((await deployed(image('web', '2'))).workload).toMatchObject({ rendering: 2, priority: 'low' });
    await given.platform.ask(rollbackRequest, { org: ORG, name: 'web', to: 1 }, given.by('ada'));
    expect((await nextDeployed()).workload).not.toHaveProperty('rendering');
  });
});
