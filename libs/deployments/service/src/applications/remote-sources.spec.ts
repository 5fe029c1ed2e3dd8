import { reply, refuse, type Reply } from '#bus';
import {
  applicationEventsRequest,
  applyApplicationRequest,
  diffApplicationRequest,
  diffManifestRequest,
  listRevisionsRequest,
  rollbackRequest,
  setCredentialRequest,
  type pinSourceRequest,
} from '#deployments/contract';
import type { InputOf, OutputOf } from '#bus/contract';
import { domainError, type DomainError } from '#kernel';
import { encodeText } from '#vault';
import { entry } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

type Asked = InputOf<typeof pinSourceRequest>;
type Pin = OutputOf<typeof pinSourceRequest>['pin'];

const GIT = 'https://git.acme.dev/shop/deploy.git';
const FIRST = '9f2c41d0a1b2c3d4e5f60718293a4b5c6d7e8f90';
const SECOND = '03be770011223344556677889900aabbccddeeff';
const THIRD = '77aa110011223344556677889900aabbccddeeff';

/** Responses of the worker, and the requests that it received. */
let answer: Pin | DomainError;
let asked: Asked[];
beforeEach(() => {
  asked = [];
  answer = { type: 'git', commit: FIRST, ref: 'refs/heads/main' };
});

const pin = (input: Asked): Reply<{ pin: Pin }> => {
  asked.push(input);
  return 'code' in answer ? refuse(answer) : reply({ pin: answer });
};
const acme = givenPlatform({
  members: { ada: 'owner', eve: 'viewer' },
  answers: { 'deploy-worker.v1.sources.pin': pin },
});

const manifest = (more: object = {}, rest: object = {}) => ({
  name: 'web',
  profileName: 'staging',
  source: { type: 'repository', repository: { repo: { repoURL: GIT, path: 'web', targetRevision: 'main' }, ...more } },
  ...rest,
});
const chart = (object: object = {}) => ({
  name: 'web',
  profileName: 'staging',
  source: {
    type: 'helm',
    helm: {
      repo: { repoURL: 'https://charts.acme.dev', chartName: 'podinfo', chartVersion: '^6.0.0' },
      values: { type: 'object', object },
    },
  },
});
const rollback = (to?: number) =>
  acme.platform.ask(rollbackRequest, { org: ORG, name: 'web', ...(to !== undefined && { to }) }, acme.by('ada'));
const moveTo = (commit: string) => void (answer = { type: 'git', commit, ref: 'refs/heads/main' });

describe('an application from a git repository', () => {
  it('K8.6-28: is pinned when it is applied, and configured again only when the branch has moved', async () => {
    expect(await acme.apply('web', manifest())).toMatchObject({
      ok: true,
      value: {
        outcome: 'created',
        application: { sourceType: 'repository', sourceRef: `git ${GIT} main@9f2c41d0a1b2` },
      },
    });
    expect(asked).toMatchObject([
      {
        organizationId: ORG,
        source: {
          type: 'git',
          url: GIT,
          path: 'web',
          revision: 'main',
          accepts: 'any',
          releaseName: 'web',
        },
        credentials: [],
      },
    ]);
    await acme.worker.deploy([entry('ConfigMap', 'web')]);
    const same = await acme.apply('web', manifest());
    expect(same).toMatchObject({ ok: true, value: { outcome: 'unchanged', changes: [] } });
    expect(same).not.toHaveProperty('value.moved');

    moveTo(SECOND);
    expect(await acme.apply('web', manifest())).toMatchObject({
      ok: true,
      value: {
        outcome: 'configured',
        moved: 'main: 9f2c41… → 03be77…',
        changes: ['main: 9f2c41… → 03be77…'],
        application: { version: 'v2', sourceRef: `git ${GIT} main@03be77001122` },
      },
    });
    await acme.platform.settled();
    expect(await acme.platform.ask(listRevisionsRequest, { org: ORG, name: 'web' }, acme.by('ada'))).toMatchObject({
      value: {
        items: [
          { source: `repository git ${GIT} main@9f2c41d0a1b2` },
          { source: `repository git ${GIT} main@03be77001122` },
        ],
      },
    });
    const diff = await acme.platform.ask(diffApplicationRequest, { org: ORG, name: 'web' }, acme.by('ada'));
    expect(diff).toMatchObject({
      value: { changes: [{ path: 'pin.commit', before: FIRST, after: SECOND }] },
    });
  });

  it('use-D20: is compared by what it was rendered to, beside its pin', async () => {
    const render = async (number: number, replicas: number, more: readonly object[] = []) => {
      const item = await acme.worker.next();
      const { claim } = await acme.worker.granted(item);
      const record = `rendered/${ORG}/${item.applicationId}/d${number}`;
      const web = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas } };
      await acme.worker.store(record, JSON.stringify([web, ...more]));
      await acme.worker.plan(item, claim, [entry('Deployment', 'web'), entry('PersistentVolumeClaim', 'data')], record);
      await acme.worker.succeed(item, claim, [entry('Deployment', 'web'), entry('PersistentVolumeClaim', 'data')]);
    };
    const diff = async () => {
      await acme.platform.settled();
      const found = await acme.platform.ask(diffApplicationRequest, { org: ORG, name: 'web' }, acme.by('eve'));
      if (!found.ok) throw new Error(found.error.code);
      return found.value;
    };
    await acme.apply('web', manifest());
    await render(1, 1);
    moveTo(SECOND);
    await acme.apply('web', manifest());
    expect((await diff()).changes.map(({ path }) => path)).toEqual(['pin.commit']);
    const data = Object.fromEntries(Array.from({ length: 1_200 }, (_, index) => [`k${index}`, index]));
    await render(2, 3, [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data }]);
    const { changes, omitted } = await diff();
    expect(changes).toHaveLength(1_000);
    expect(omitted).toBe(205);
    expect(changes.slice(0, 3)).toMatchObject([
      { object: null, path: 'pin.commit', before: FIRST, after: SECOND },
      { object: 'Deployment/web', path: 'spec.replicas', before: '1', after: '3' },
      { object: 'ConfigMap/big', change: 'added' },
    ]);
    moveTo(FIRST);
    const back = await acme.platform.ask(
      rollbackRequest,
      { org: ORG, name: 'web' },
      acme.platform.person('ada', ORG, { dryRun: true }),
    );
    expect(back).toMatchObject({
      value: {
        warnings: [
          'the data of PersistentVolumeClaim/data stays as it is',
          'sync is Pinned until you apply a manifest or run: astroctl app resume web',
        ],
      },
    });
  });

  it('gives the worker the pin, the record of its rendering, and the credentials of the organization', async () => {
    await acme.platform.ask(
      setCredentialRequest,
      { org: ORG, host: 'git.acme.dev', kind: 'git', secret: 'token-canary' },
      acme.by('ada'),
    );
    await acme.apply('web', manifest());
    expect(asked[0]?.credentials).toEqual([
      { host: 'git.acme.dev', kind: 'git', record: expect.stringMatching(/^host-credential\/org-1\//) },
    ]);
    const { task } = await acme.worker.granted(await acme.worker.next());
    expect(task.rendering).toMatch(new RegExp(`^rendered/org-1/${task.applicationId}/source-[0-9a-f]{64}$`));
    expect(task.sourceAccess?.credentials).toEqual(asked[0]?.credentials);
    expect(JSON.stringify(task)).not.toContain('canary');
  });

  it('E18: is rolled back to what was rendered; refused before any change if that and the source are gone', async () => {
    await acme.apply('web', manifest());
    const item = await acme.worker.next();
    const { claim, task } = await acme.worker.granted(item);
    await acme.worker.succeed(item, claim);
    moveTo(SECOND);
    await acme.apply('web', manifest());
    await acme.worker.deploy();

    answer = domainError('sources/revision-not-found', 'not-found', 'Commit 9f2c41 not found.');
    expect(await rollback()).toMatchObject({ ok: false, error: { code: 'deployments/source-gone', kind: 'conflict' } });
    expect(asked.at(-1)?.source).toMatchObject({ revision: FIRST });
    const attempts = async () => {
      await acme.platform.settled();
      const found = await acme.platform.read(applicationEventsRequest, { org: ORG, name: 'web' }, acme.by('ada'));
      return found.filter((line) => 'step' in line && line.step === 'requested').length;
    };
    expect(await attempts()).toBe(2);

    await acme.platform.engines.vault.put(task.rendering ?? '', encodeText('{}'));
    expect(await rollback()).toMatchObject({
      ok: true,
      value: { rollbackOf: 'v1', changes: ['back to v1', 'main: 03be77… → 9f2c41…'] },
    });
    const again = await acme.worker.granted(await acme.worker.next());
    expect(again.task.rendering).toBe(task.rendering);
  });

  it('is rolled back to a source that still exists, although nothing was rendered', async () => {
    await acme.apply('web', manifest());
    await acme.worker.deploy();
    moveTo(SECOND);
    await acme.apply('web', manifest());
    await acme.worker.deploy();
    answer = { type: 'git', commit: FIRST };
    expect(await rollback()).toMatchObject({ ok: true, value: { rollbackOf: 'v1' } });
  });

  it('is refused with the place in the manifest, and records nothing', async () => {
    answer = domainError('sources/revision-not-found', 'not-found', 'main does not exist.', {
      fix: 'name another one',
    });
    expect(await acme.apply('web', manifest())).toMatchObject({
      ok: false,
      error: {
        code: 'sources/revision-not-found',
        fix: 'name another one',
        errors: [{ pointer: '/source/repository/repo', message: 'main does not exist' }],
      },
    });
    answer = domainError('sources/unreachable', 'unavailable', 'git.acme.dev does not respond.');
    expect(await acme.apply('web', manifest())).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    for await (const { type } of acme.platform.engines.eventStore.readAll()) expect(type).not.toMatch(/^application\./);
  });

  it('is compared by viewers only with what it was pinned to, so that they cause no connection', async () => {
    await acme.apply('web', manifest());
    const before = asked.length;
    const compare = (given: object) =>
      acme.platform.ask(diffManifestRequest, { org: ORG, name: 'web', manifest: given }, acme.by('eve'));
    expect(await compare(manifest({}, { labels: { team: 'shop' } }))).toMatchObject({
      ok: true,
      value: { changes: [{ path: 'labels.team', change: 'added' }] },
    });
    const other = manifest({ repo: { repoURL: 'https://intern.acme.dev/a.git' } });
    expect(await compare(other)).toMatchObject({ ok: false, error: { code: 'access/not-permitted' } });
    expect(asked).toHaveLength(before);
  });

  it('D11: is not deployed if the branch or tag has moved since the plan that the caller saw', async () => {
    const first = await acme.apply('web', manifest());
    await acme.worker.deploy();
    moveTo(SECOND);
    const preview = await acme.apply('web', manifest(), { ...acme.by('ada'), dryRun: true });
    if (!preview.ok || !first.ok) throw new Error('refused');
    expect(preview.value).toMatchObject({
      moved: 'main: 9f2c41… → 03be77…',
      plan: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(preview.value.plan).not.toBe(first.value.plan);
    const { plan } = preview.value;
    const apply = () =>
      acme.platform.ask(applyApplicationRequest, { org: ORG, name: 'web', manifest: manifest(), plan }, acme.by('ada'));
    moveTo(THIRD);
    expect(await apply()).toMatchObject({ ok: false, error: { code: 'deployments/plan-stale', kind: 'conflict' } });
    moveTo(SECOND);
    expect(await apply()).toMatchObject({ ok: true, value: { outcome: 'configured', plan } });
  });

  it('accepts older spellings with a warning in the reply', async () => {
    const yaml = { repoURL: GIT, targetBranch: 'main' };
    expect(await acme.apply('web', { name: 'web', source: { type: 'yaml', yaml } })).toMatchObject({
      ok: true,
      value: { warnings: [expect.stringContaining('source.yaml.repoURL is an older spelling')] },
    });
    expect(asked[0]?.source).toMatchObject({ url: GIT, revision: 'main', accepts: 'manifests', path: '' });
  });
});

describe('an application from a chart', () => {
  beforeEach(() => {
    answer = { type: 'helm', version: '6.7.0', digest: `sha256:${'ab'.repeat(32)}` };
  });

  it('shows version and digest, and the version that a range means now', async () => {
    expect(await acme.apply('web', chart())).toMatchObject({
      value: { application: { sourceType: 'helm', sourceRef: 'helm podinfo 6.7.0 sha256:abababababab' } },
    });
    await acme.worker.deploy();
    answer = { type: 'helm', version: '6.8.0', digest: `sha256:${'cd'.repeat(32)}` };
    expect(await acme.apply('web', chart())).toMatchObject({ value: { moved: 'podinfo: 6.7.0 → 6.8.0' } });
    await acme.worker.deploy();
    answer = { type: 'helm', version: '6.8.0', digest: `sha256:${'ef'.repeat(32)}` };
    expect(await acme.apply('web', chart())).toMatchObject({
      value: { moved: 'podinfo 6.8.0: sha256:cdcdcd… → sha256:efefef…' },
    });
  });

  it('shows changed values field by field, and those that look secret as fingerprints', async () => {
    await acme.apply('web', chart({ replicaCount: 1, auth: { adminPassword: 'hunter2-canary' } }));
    await acme.worker.deploy();
    expect(
      await acme.apply('web', chart({ replicaCount: 2, auth: { adminPassword: 'hunter3-canary' } })),
    ).toMatchObject({
      value: { outcome: 'configured', changes: ['values changed'] },
    });
    await acme.platform.settled();
    const diff = await acme.platform.ask(diffApplicationRequest, { org: ORG, name: 'web' }, acme.by('ada'));
    expect(diff).toMatchObject({
      value: {
        changes: expect.arrayContaining([
          expect.objectContaining({ path: 'values.replicaCount', before: '1', after: '2' }),
          expect.objectContaining({
            path: 'values.auth.adminPassword',
            before: expect.stringMatching(/^fingerprint:/),
          }),
        ]),
      },
    });
    for await (const event of acme.platform.engines.eventStore.readAll())
      expect(JSON.stringify(event)).not.toContain('canary');
    expect(JSON.stringify(diff)).not.toContain('canary');
  });
});
