import { refuse, reply, type Reply } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  applicationEventsRequest,
  applicationStatusRequest,
  getRevisionRequest,
  listApplicationsRequest,
  listRevisionsRequest,
  pauseApplicationRequest,
  resumeApplicationRequest,
  rollbackRequest,
  setCatalogLimitsRequest,
  type pinSourceRequest,
} from '#deployments/contract';
import { domainError, type DomainError } from '#kernel';
import { image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { SourceTracking } from './source-tracking.service.ts';
import { SourceTrackingSweep } from './source-tracking.sweep.ts';

type Asked = InputOf<typeof pinSourceRequest>;
type Pin = OutputOf<typeof pinSourceRequest>['pin'];

const GIT = 'https://git.acme.dev/shop/deploy.git';
const FIRST = '9f2c41d0a1b2c3d4e5f60718293a4b5c6d7e8f90';
const SECOND = '03be770011223344556677889900aabbccddeeff';
const THIRD = '77aa110011223344556677889900aabbccddeeff';
const INTERVAL_MS = 150_000;

let answer: Pin | DomainError;
let asked: Asked[];
beforeEach(() => {
  asked = [];
  answer = { type: 'git', commit: FIRST, ref: 'refs/heads/main' };
});
const acme = givenPlatform({
  answers: {
    'deploy-worker.v1.sources.pin': (input: Asked): Reply<{ pin: Pin }> => {
      asked.push(input);
      return 'code' in answer ? refuse(answer) : reply({ pin: answer });
    },
  },
});

const manifest = (name = 'web', { path = 'web', revision = 'main' } = {}) => ({
  name,
  profileName: 'staging',
  syncPolicy: { auto: true },
  source: { type: 'repository', repository: { repo: { repoURL: GIT, path, targetRevision: revision } } },
});
const chart = (chartVersion: string) => ({
  name: 'web',
  profileName: 'staging',
  syncPolicy: { auto: true },
  source: { type: 'helm', helm: { repo: { repoURL: 'https://charts.acme.dev', chartName: 'podinfo', chartVersion } } },
});
const moveTo = (commit: string, ref = 'refs/heads/main') => void (answer = { type: 'git', commit, ref });
const sweep = async () => {
  await acme.platform.settled();
  await acme.platform.app.get(SourceTrackingSweep, { strict: false }).run(new AbortController().signal);
  await acme.platform.settled();
};
/** Lets an interval pass. */
const poll = async (intervals = 1) => {
  await sweep();
  acme.platform.clock.shift(intervals * INTERVAL_MS);
  await sweep();
};
const status = async () => {
  const shown = await acme.platform.ask(applicationStatusRequest, { org: ORG, name: 'web' }, acme.by('ada'));
  if (!shown.ok) throw new Error(shown.error.code);
  return shown.value;
};
const requests = async () => {
  const lines = await acme.platform.read(applicationEventsRequest, { org: ORG, name: 'web' }, acme.by('ada'));
  return lines.flatMap((line) =>
    'step' in line && ['requested', 'source-checked'].includes(line.step) ? [`${line.by}: ${line.message}`] : [],
  );
};
const deployed = async (given: { readonly name: string } = manifest()) => {
  const applied = await acme.apply(given.name, given);
  if (!applied.ok) throw new Error(applied.error.detail);
  await acme.worker.deploy();
};

describe('an application with syncPolicy.auto', () => {
  it('is deployed when its branch has moved, with the reason in events and history', async () => {
    await deployed();
    await poll();
    expect(await status()).toMatchObject({ version: 'v1' });
    moveTo(SECOND);
    await poll();
    expect(await status()).toMatchObject({ version: 'v2', sourceRef: `git ${GIT} main@03be77001122` });
    expect(await requests()).toEqual([
      'ada@acme.dev: deployment requested, attempt 1',
      'platform: deployment of the changed source requested, attempt 2: main: 9f2c41… → 03be77…',
    ]);
    const { task } = await acme.worker.granted(await acme.worker.next());
    expect(task).toMatchObject({ revision: 2 });
    const history = await acme.platform.ask(listRevisionsRequest, { org: ORG, name: 'web' }, acme.by('ada'));
    expect(history).toMatchObject({
      value: { items: [{ by: 'ada@acme.dev' }, { by: 'platform', message: 'main: 9f2c41… → 03be77…' }] },
    });
    expect(await acme.apply('web', manifest())).toMatchObject({ value: { outcome: 'unchanged' } });
  });

  it('is looked up once per interval, together with others of the same repository and revision', async () => {
    await deployed();
    await deployed(manifest('api', { path: 'api' }));
    await deployed(manifest('other', { revision: 'next' }));
    asked = [];
    await poll();
    await sweep();
    expect(asked.map(({ source }) => source.type === 'git' && source.revision).toSorted()).toEqual(['main', 'next']);
    moveTo(SECOND);
    await poll();
    for (let count = 0; count < 3; count++) await acme.worker.deploy();
    expect(await status()).toMatchObject({ version: 'v2' });
  });

  it('is not deployed with what was looked up for another branch', async () => {
    const ids: string[] = [];
    for (const given of [manifest('api'), manifest('web', { revision: 'next' })]) {
      const applied = await acme.apply(given.name, given);
      if (!applied.ok) throw new Error(applied.error.code);
      ids.push(applied.value.application.id);
      await acme.worker.deploy();
    }
    moveTo(SECOND);
    const tracking = acme.platform.app.get(SourceTracking, { strict: false });
    await tracking.check(ids.map((applicationId) => ({ organizationId: ORG, applicationId })));
    await acme.platform.settled();
    const listed = await acme.platform.ask(listApplicationsRequest, { org: ORG }, acme.by('ada'));
    expect(listed).toMatchObject({
      value: {
        items: [
          { name: 'api', version: 'v2' },
          { name: 'web', version: 'v1' },
        ],
      },
    });
  });

  it('is deployed without the authority of the admin who applied it, whom nobody asked about the new content', async () => {
    const rights = async (revision: number) => {
      const shown = await acme.platform.ask(getRevisionRequest, { org: ORG, name: 'web', revision }, acme.by('ada'));
      if (!shown.ok) throw new Error(shown.error.code);
      return [shown.value.receipt?.byAdmin, shown.value.receipt?.permission];
    };
    await deployed();
    moveTo(SECOND);
    await poll();
    expect(await rights(1)).toEqual([true, 'application.deploy']);
    expect(await rights(2)).toEqual([false, null]);
  });

  it('is deployed once per commit, also if that fails, and again with the next one', async () => {
    await deployed();
    moveTo(SECOND);
    await poll();
    const item = await acme.worker.next();
    await acme.worker.fail(item, (await acme.worker.granted(item)).claim);
    await poll();
    await poll();
    expect(await status()).toMatchObject({ version: 'v2', status: 'DEGRADED' });
    moveTo(THIRD);
    await poll();
    expect(await status()).toMatchObject({ version: 'v3' });
  });

  it('is left alone while it is paused, pinned, or being deployed', async () => {
    await deployed();
    const target = { org: ORG, name: 'web' };
    await acme.platform.ask(pauseApplicationRequest, target, acme.by('ada'));
    moveTo(SECOND);
    await poll();
    expect(await status()).toMatchObject({ version: 'v1' });
    await acme.platform.ask(resumeApplicationRequest, target, acme.by('ada'));
    await poll();
    expect(await status()).toMatchObject({ version: 'v2' });
    moveTo(THIRD);
    await poll();
    expect(await status()).toMatchObject({ version: 'v2' });
    await acme.worker.deploy();
    await sweep();
    expect(await status()).toMatchObject({ version: 'v3' });
    await acme.worker.deploy();
    answer = { type: 'git', commit: FIRST };
    await acme.platform.ask(rollbackRequest, { ...target, to: 1 }, acme.by('ada'));
    await acme.worker.deploy();
    moveTo(THIRD);
    await poll();
    expect(await status()).toMatchObject({ version: 'v4', sync: 'Pinned' });
    await acme.platform.ask(resumeApplicationRequest, target, acme.by('ada'));
    await poll();
    expect(await status()).toMatchObject({ version: 'v5' });
  });

  it('is not contacted for an organization that is being deleted', async () => {
    await deployed();
    const gone = { type: 'organization.deleted.v1', data: {} };
    await acme.platform.organizationFacts(ORG, 'ada', gone);
    asked = [];
    await poll();
    expect(asked).toEqual([]);
  });

  it('shows once that its source cannot be checked, without a change of its health, and when it can be again', async () => {
    await deployed();
    answer = domainError('sources/unauthorized', 'invalid', 'git.acme.dev refused the credential.');
    await poll();
    await poll(10);
    expect(await status()).toMatchObject({
      status: 'RUNNING',
      health: 'Healthy',
      message: 'changes of its source are not deployed: git.acme.dev refused the credential',
    });
    moveTo(FIRST);
    await poll(10);
    expect((await status()).message).not.toContain('source');
    expect((await requests()).slice(1)).toEqual([
      'platform: changes of the source are not deployed: git.acme.dev refused the credential',
      'platform: the source can be checked for changes again',
    ]);
  });

  it('counts as a deployment of the day; beyond the limit, it is deployed on the next day', async () => {
    await deployed();
    const limits = { organizationId: ORG, applications: 10, profiles: 5, clusters: 2, deploymentsPerDay: 2 };
    const set = await acme.platform.ask(setCatalogLimitsRequest, limits, acme.platform.service('billing', ORG));
    expect(set.ok).toBe(true);
    moveTo(SECOND);
    await poll();
    await acme.worker.deploy();
    expect(await status()).toMatchObject({ version: 'v2' });
    moveTo(THIRD);
    await poll();
    await poll();
    expect(await status()).toMatchObject({
      version: 'v2',
      status: 'RUNNING',
      message:
        'changes of its source are not deployed: all deployments of today that the plan allows are used; it is tried again tomorrow (UTC)',
    });
    const applied = await acme.apply('web', { ...manifest(), description: 'by hand' });
    expect(applied).toMatchObject({ ok: false, error: { code: 'billing/deployments-per-day-limit' } });
    acme.platform.clock.shift(24 * 3_600_000);
    await poll();
    await acme.worker.deploy();
    expect(await status()).toMatchObject({ version: 'v3' });
    expect((await requests()).filter((line) => line.includes('not deployed'))).toHaveLength(1);
  });

  it('shows no problem of the platform as one of the source, and is checked again at the next interval', async () => {
    await deployed();
    answer = domainError('bus/timeout', 'unavailable', 'No worker responded.');
    await poll();
    expect((await status()).message).not.toContain('source');
    moveTo(SECOND);
    await poll();
    expect(await status()).toMatchObject({ version: 'v2' });
  });

  it('says that a tag was moved, and that the archive of a version was replaced', async () => {
    moveTo(FIRST, 'refs/tags/v1.2.0');
    await deployed(manifest('web', { revision: 'v1.2.0' }));
    moveTo(SECOND, 'refs/tags/v1.2.0');
    await poll();
    expect((await requests()).at(-1)).toContain('attempt 2: tag v1.2.0 was moved: 9f2c41… → 03be77…');
    await acme.worker.deploy();
    answer = { type: 'helm', version: '6.7.0', digest: `sha256:${'ab'.repeat(32)}` };
    await deployed(chart('^6.0.0'));
    answer = { type: 'helm', version: '6.7.0', digest: `sha256:${'cd'.repeat(32)}` };
    await poll(4);
    expect((await requests()).at(-1)).toContain('chart podinfo 6.7.0 was replaced: sha256:ababab… → sha256:cdcdcd…');
    await acme.worker.deploy();
    answer = { type: 'helm', version: '6.8.0', digest: `sha256:${'ef'.repeat(32)}` };
    await poll(4);
    expect((await requests()).at(-1)).toContain('podinfo: 6.7.0 → 6.8.0');
  });

  it.each([
    ['a commit', () => manifest('web', { revision: FIRST }), { type: 'git', commit: FIRST }],
    ['one version', () => chart('6.7.0'), { type: 'helm', version: '6.7.0', digest: `sha256:${'ab'.repeat(32)}` }],
  ] as [string, () => { name: string }, Pin][])('is never looked up if it names %s', async (_, given, pin) => {
    answer = pin;
    await deployed(given());
    asked = [];
    await poll(20);
    expect(asked).toEqual([]);
  });

  it('is refused for an image, which changes with the manifest only', async () => {
    expect(await acme.apply('web', image('web', '1', {}, { syncPolicy: { auto: true } }))).toMatchObject({
      ok: false,
      error: { errors: [{ pointer: '/spec/syncPolicy/auto' }] },
    });
  });
});
