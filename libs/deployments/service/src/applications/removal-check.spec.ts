import {
  applyApplicationRequest,
  pauseApplicationRequest,
  resumeApplicationRequest,
  rollbackRequest,
  syncApplicationRequest,
} from '#deployments/contract';
import { entry } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const given = givenPlatform();
const NAMES = ['a', 'b', 'c', 'd'];
const configMaps = (names: readonly string[], syncPolicy?: object) => ({
  apiVersion: 'platform.astropulse.io/v1',
  kind: 'Application',
  metadata: { name: 'web' },
  spec: {
    profileName: 'staging',
    source: {
      type: 'yaml',
      yaml: {
        manifests: names.map((name) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }`).join('\n---\n'),
      },
    },
    ...(syncPolicy && { syncPolicy }),
  },
});
const inventory = NAMES.map((name) => entry('ConfigMap', name));
const apply = (names: readonly string[], more: object = {}, options: { readonly dryRun?: boolean } = {}) =>
  given.platform.ask(
    applyApplicationRequest,
    { org: ORG, name: 'web', manifest: configMaps(names), ...more },
    given.by('ada', options),
  );
const sync = (more: object = {}) =>
  given.platform.ask(syncApplicationRequest, { org: ORG, name: 'web', ...more }, given.by('ada'));
const REFUSED = {
  ok: false,
  error: {
    code: 'deployments/removes-most',
    detail:
      'application/web would lose most objects: 3 of 4 objects would be deleted: ConfigMap/b, ConfigMap/c, ConfigMap/d.',
    fix: 'to delete them: astroctl app apply -f FILE -y',
  },
};

describe('K8.6-27: a revision that would delete most objects', () => {
  beforeEach(async () => {
    await apply(NAMES);
    await given.worker.deploy(inventory);
  });

  it('is refused, and nothing is recorded; with allowRemovals, the worker may delete them', async () => {
    expect(await apply(['a'])).toMatchObject(REFUSED);
    expect(await apply(['a', 'b'])).toMatchObject({ ok: true, value: { application: { version: 'v2' } } });
    await given.worker.deploy(inventory);
    expect(await apply(['a'], { allowRemovals: true })).toMatchObject({ value: { application: { version: 'v3' } } });
    const { task } = await given.worker.granted(await given.worker.next());
    expect(task).toMatchObject({ allowRemovals: true, deployedObjects: 4 });
  });

  it('is shown by a dry run', async () =>
    expect(await apply(['a'], {}, { dryRun: true })).toMatchObject({
      value: { removals: '3 of 4 objects would be deleted: ConfigMap/b, ConfigMap/c, ConfigMap/d', dryRun: true },
    }));

  it('is not refused if syncPolicy.prune is false, which keeps them', async () =>
    expect(await apply([], { manifest: configMaps(['a'], { prune: false }) })).toMatchObject({
      value: { application: { version: 'v2' } },
    }));

  it('is refused by the worker if only the worker knows its objects; a sync then has to confirm it', async () => {
    await apply([...NAMES, 'e']);
    const item = await given.worker.next();
    const { claim, task } = await given.worker.granted(item);
    expect(task).not.toHaveProperty('allowRemovals');
    const message = '3 of 4 objects would be deleted: ConfigMap/b';
    await given.worker.fail(item, claim, { code: 'deployments/removes-most', message, applied: false });
    expect(await sync()).toMatchObject({
      error: { code: 'deployments/removes-most', fix: 'to delete them: astroctl app sync web -y' },
    });
    const same = [...NAMES, 'e'];
    expect(await apply(same)).toMatchObject({ error: { code: 'deployments/removes-most' } });
    expect(await apply(same, {}, { dryRun: true })).toMatchObject({ value: { outcome: 'synced', removals: message } });
    await given.platform.ask(pauseApplicationRequest, { org: ORG, name: 'web' }, given.by('ada'));
    const paused = await apply(same);
    expect(paused).toMatchObject({ value: { outcome: 'unchanged' } });
    expect(paused.ok && paused.value).not.toHaveProperty('removals');
    await given.platform.ask(resumeApplicationRequest, { org: ORG, name: 'web' }, given.by('ada'));
    expect(await sync({ allowRemovals: true })).toMatchObject({ value: { changed: true } });
    expect((await given.worker.granted(await given.worker.next())).task).toMatchObject({ allowRemovals: true });
  });

  it('that was confirmed during a pause is deployed when the application is resumed', async () => {
    await given.platform.ask(pauseApplicationRequest, { org: ORG, name: 'web' }, given.by('ada'));
    expect(await apply(['a'])).toMatchObject(REFUSED);
    expect(await apply(['a'], { allowRemovals: true })).toMatchObject({ value: { application: { version: 'v2' } } });
    await given.platform.ask(resumeApplicationRequest, { org: ORG, name: 'web' }, given.by('ada'));
    expect((await given.worker.granted(await given.worker.next())).task).toMatchObject({
      revision: 2,
      allowRemovals: true,
    });
  });

  it('by a rollback is shown by its dry run, and must be confirmed', async () => {
    await apply(['a', 'b', 'e', 'f', 'g', 'h', 'i']);
    await given.worker.deploy(['a', 'b', 'e', 'f', 'g', 'h', 'i'].map((name) => entry('ConfigMap', name)));
    const back = (more: object, options: { readonly dryRun?: boolean } = {}) =>
      given.platform.ask(rollbackRequest, { org: ORG, name: 'web', to: 1, ...more }, given.by('ada', options));
    expect(await back({}, { dryRun: true })).toMatchObject({
      value: { removals: expect.stringMatching(/^5 of 7 objects would be deleted: ConfigMap\/e/) },
    });
    expect(await back({})).toMatchObject({ error: { code: 'deployments/removes-most' } });
    expect(await back({ allowRemovals: true })).toMatchObject({ value: { application: { version: 'v3' } } });
  });
});
