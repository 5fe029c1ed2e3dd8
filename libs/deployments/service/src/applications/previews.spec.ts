import { createHash } from 'node:crypto';
import { refuse, reply, type Reply } from '#bus';
import type { OutputOf } from '#bus/contract';
import { applyApplicationRequest, diffManifestRequest, type previewRevisionRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { entry, image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

type Preview = Reply<OutputOf<typeof previewRevisionRequest>>;
let preview: Preview;
/** Tasks of previews, in order. */
let asked: { readonly resolved: string; readonly revision: number }[];
const given = givenPlatform({
  answers: {
    'deploy-worker.v1.applications.preview': (task: (typeof asked)[number]) => {
      asked.push(task);
      return preview;
    },
  },
});

const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const deployment = (replicas: number, password: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', annotations: { 'platform.astropulse.io/attempt': `v${replicas}.1` } },
  spec: {
    replicas,
    template: { spec: { containers: [{ name: 'app', env: [{ name: 'PASSWORD', value: password }] }] } },
  },
});
/** Stores objects as a worker does, and returns its response. */
async function previewOf(...objects: readonly object[]): Promise<Preview> {
  const text = JSON.stringify(objects);
  await given.worker.store('rendered/preview', text);
  return reply({ rendered: 'rendered/preview', digest: createHash('sha256').update(text).digest('hex') });
}
const NAMES = ['a', 'b', 'c', 'd'];
const inline = {
  apiVersion: 'platform.astropulse.io/v1',
  kind: 'Application',
  metadata: { name: 'web' },
  spec: {
    profileName: 'staging',
    source: { type: 'yaml', yaml: { manifests: NAMES.map((name) => JSON.stringify(configMap(name))).join('\n---\n') } },
  },
};
const apply = (manifest: unknown, more: object = {}, options: { readonly dryRun?: boolean } = {}) =>
  given.platform.ask(applyApplicationRequest, { org: ORG, name: 'web', manifest, ...more }, given.by('ada', options));
const unavailable = refuse(domainError('bus/timeout', 'unavailable', 'The worker did not respond.'));

beforeEach(() => {
  asked = [];
  preview = unavailable;
});

describe('K8.6-27: a revision of an image that would delete most objects', () => {
  beforeEach(async () => {
    await apply(inline);
    await given.worker.deploy(NAMES.map((name) => entry('ConfigMap', name)));
  });

  it('is refused before it is recorded, unless that was confirmed', async () => {
    preview = await previewOf(deployment(1, 'canary'), configMap('a'));
    expect(await apply(image('web', '1'))).toMatchObject({
      ok: false,
      error: { code: 'deployments/removes-most', detail: expect.stringContaining('3 of 4 objects would be deleted') },
    });
    expect(asked).toMatchObject([{ revision: 2, resolved: expect.stringMatching(/^resolved\//) }]);
    expect(await apply(image('web', '1'), {}, { dryRun: true })).toMatchObject({
      value: { removals: expect.stringContaining('3 of 4'), dryRun: true },
    });
    asked = [];
    expect(await apply(image('web', '1'), { allowRemovals: true })).toMatchObject({
      value: { application: { version: 'v2' } },
    });
    expect(asked).toEqual([]);
  });

  it('is recorded if the worker cannot tell, which then refuses the attempt', async () => {
    expect(await apply(image('web', '1'))).toMatchObject({ value: { application: { version: 'v2' } } });
    const { task } = await given.worker.granted(await given.worker.next());
    expect(task).not.toHaveProperty('allowRemovals');
  });
});

describe('use-D20: the differences to a manifest', () => {
  const diff = (manifest: unknown) =>
    given.platform.ask(diffManifestRequest, { org: ORG, name: 'web', manifest }, given.by('ada'));
  beforeEach(async () => {
    await apply(image('web', '1'));
    await given.worker.store('rendered/1', JSON.stringify([deployment(1, 'canary'), configMap('gone')]));
    await given.worker.deploy([entry('Deployment', 'web')]);
    await given.platform.settled();
  });

  it('include those of the objects that it renders to, with fingerprints instead of secrets', async () => {
    preview = await previewOf(deployment(3, 'canary-two'));
    const found = await diff(image('web', '2'));
    expect(found).toMatchObject({
      ok: true,
      value: {
        from: 'v1',
        to: 'manifest',
        changes: expect.arrayContaining([
          expect.objectContaining({ object: null, path: 'image', change: 'changed' }),
          { object: 'Deployment/web', path: 'spec.replicas', change: 'changed', before: '1', after: '3' },
          expect.objectContaining({
            object: 'Deployment/web',
            path: expect.stringContaining('PASSWORD'),
            before: expect.stringMatching(/^fingerprint:/),
          }),
          expect.objectContaining({ object: 'ConfigMap/gone', change: 'removed' }),
        ]),
      },
    });
    expect(JSON.stringify(found)).not.toMatch(/canary|platform\.astropulse\.io\/attempt/);
    preview = await previewOf(deployment(1, 'canary'), configMap('gone'));
    expect(await diff(image('web', '1'))).toMatchObject({ value: { changes: [] } });
  });

  it('say if the objects are not compared, and why a manifest cannot be rendered', async () => {
    expect(await diff(image('web', '2'))).toMatchObject({
      ok: true,
      value: {
        changes: [expect.objectContaining({ path: 'image' })],
        warnings: ['The objects are not compared: the worker did not respond.'],
      },
    });
    preview = refuse(domainError('deployments/pod-security', 'conflict', 'It is privileged.'));
    expect(await diff(image('web', '2'))).toMatchObject({ ok: false, error: { code: 'deployments/pod-security' } });
  });
});
