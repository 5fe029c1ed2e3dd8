import {
  applyProfileRequest,
  deleteApplicationRequest,
  organizationContentsRequest,
  registerClusterRequest,
} from '#deployments/contract';
import { BUS, type Bus } from '#bus';
import type { CommandRunner, Reactor } from '#event-sourcing';
import { silentLogger } from '#kernel';
import { killAtEachAppend } from '#testing/embedded';
import { ApplicationDeletion } from '../applications/application-deletion.service.ts';
import { ApplicationLookup } from '../applications/application-lookup.service.ts';
import { NameRelease } from '../applications/name-release.service.ts';
import { ProtectionReader } from '../applications/protection.service.ts';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { AccessEnds } from '../clusters/access-ends.service.ts';
import { ClusterChanges } from '../clusters/cluster-changes.service.ts';
import { ClusterRemoval } from '../clusters/cluster-removal.service.ts';
import { Heartbeats } from '../clusters/heartbeats.service.ts';
import { ProfileChanges } from '../profiles/profile-changes.service.ts';
import { entry, image, profile, registration } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { OrganizationClearing } from './organization-clearing.service.ts';
import { OrganizationClearingSweep } from './organization-clearing.sweep.ts';

const given = givenPlatform();
const signal = new AbortController().signal;
const requested = (more: object) => ({
  type: 'organization.deletion-requested.v1',
  data: { name: 'Acme', slug: 'acme', ...more },
});
/** Requests the deletion of the organization. */
async function request(more: object): Promise<void> {
  const position = await given.platform.organizationFacts(ORG, 'ada', requested(more));
  await given.platform.engines.access.current(position);
}
const sweep = () => given.platform.app.get(OrganizationClearingSweep, { strict: false }).run(signal);
const contents = async () => {
  await given.platform.settled();
  const service = given.platform.service('organizations', ORG);
  const answer = await given.platform.ask(organizationContentsRequest, { organizationId: ORG }, service);
  if (!answer.ok) throw new Error(answer.error.code);
  return answer.value;
};
const recorded = async (...types: readonly string[]) => {
  const all = [];
  for await (const stored of given.platform.engines.eventStore.readAll())
    if (types.includes(stored.type)) all.push(stored);
  return all;
};
const deletions = async () =>
  (await recorded('deployment.requested.v1')).filter(({ data }) => (data as { kind: string }).kind === 'delete');

const nothing = { count: 0, names: [] };

describe('the contents of an organization whose deletion was requested', () => {
  it('stay without cascade', async () => {
    await given.apply('web');
    await request({});
    await sweep();
    expect(await contents()).toEqual({
      applications: { count: 1, names: ['web'] },
      profiles: { count: 1, names: ['staging'] },
      clusters: { count: 1, names: ['dev'] },
      waits: [],
    });
  });

  it('are deleted with cascade: applications on the normal path, then profiles and clusters', async () => {
    await given.apply('web');
    await given.worker.deploy([entry('Deployment', 'web')]);
    await given.apply('api');
    await request({ cascade: true });
    await sweep();
    await sweep(); // records nothing, since both deletions are in progress
    const requests = await deletions();
    expect(requests).toMatchObject([
      { actor: 'ada', organizationId: ORG },
      { actor: 'ada', organizationId: ORG },
    ]);
    expect(await contents()).toMatchObject({
      applications: { count: 2 },
      profiles: { count: 1 },
      clusters: { count: 1 },
    });
    await given.worker.next(); // the deployment of api, which its deletion supersedes
    for (const _ of ['web', 'api']) await given.worker.deploy();
    await sweep();
    expect(await contents()).toEqual({ applications: nothing, profiles: nothing, clusters: nothing, waits: [] });
    const [begun] = await recorded('organization.deletion-requested.v1');
    const ended = await recorded('application.deleted.v1', 'profile.deleted.v1', 'cluster.deleted.v1');
    expect(ended.slice(2)).toMatchObject([
      { type: 'profile.deleted.v1', actor: 'ada', causationId: begun?.id },
      { type: 'cluster.deleted.v1', actor: 'ada', causationId: begun?.id },
    ]);
  });

  it('wait for a deletion that failed, which is not retried earlier, until its objects are kept', async () => {
    await given.apply('web');
    await given.worker.deploy([entry('Deployment', 'web')]);
    await request({ cascade: true });
    await sweep();
    const item = await given.worker.next();
    const { claim } = await given.worker.granted(item);
    const [message, fix] = ['cluster dev does not respond', 'check the cluster'];
    await given.worker.fail(item, claim, { code: 'deployments/cluster-unreachable', message, fix });
    expect(await contents()).toMatchObject({ waits: [{ application: 'web', reason: message, fix }] });
    const before = (await deletions()).length;
    await sweep();
    expect(await deletions()).toHaveLength(before);
    await request({ cascade: true, orphan: true });
    await sweep();
    await sweep();
    const after = await deletions();
    expect(after.slice(before)).toMatchObject([{ actor: 'ada', data: { orphan: true } }]);
  });

  it('F21: are deleted after a crash at every append', async () => {
    const { platform, worker } = given;
    const none: Reactor = { name: 'none.v1', events: { categories: [], types: {} }, types: [], react: async () => {} };
    const clearingOver = (commands: CommandRunner) => {
      const get = <T>(token: new (...args: never[]) => T): T => platform.app.get<T>(token, { strict: false });
      return new OrganizationClearing(
        commands,
        platform.app.get<Bus>(BUS, { strict: false }),
        silentLogger,
        new ApplicationDeletion(
          commands,
          new ApplicationLookup(commands),
          new ProtectionReader(commands),
          get(AttemptHistory),
          new NameRelease(commands),
        ),
        new ProfileChanges(commands),
        new ClusterRemoval(new ClusterChanges(commands), get(AccessEnds), get(Heartbeats)),
      );
    };
    const deletion = {
      requestedBy: 'ada',
      eventId: 'event-1',
      correlationId: 'correlation-1',
      cascade: true,
      orphan: false,
    };
    await request({ cascade: true });
    const appends = await killAtEachAppend(platform.engines, {
      async attempt(commands, n) {
        if (n > 0) {
          const ada = given.by('ada');
          await platform.ask(registerClusterRequest, { org: ORG, name: 'dev', manifest: registration('dev') }, ada);
          const manifest = profile('staging');
          await platform.ask(applyProfileRequest, { org: ORG, name: 'staging', manifest }, given.by('ada'));
        }
        await given.apply(`web-${n}`, image(`web-${n}`, '1'));
        await worker.deploy([entry('Deployment', 'web')]);
        await clearingOver(commands).clear(ORG, deletion, signal);
        await worker.deploy();
        await clearingOver(commands).clear(ORG, deletion, signal);
      },
      resumption: () => none,
      async check(_n, died) {
        await sweep();
        if (died === 0) await worker.deploy();
        await sweep();
        expect(await contents()).toEqual({ applications: nothing, profiles: nothing, clusters: nothing, waits: [] });
      },
    });
    // The application; the profile and its name, retired, ended, and released; the cluster, and its claim too.
    expect(appends).toBe(8);
  });
});

it('use-D5: a deletion that keeps the objects replaces one that a worker carries out', async () => {
  await given.apply('web');
  await given.worker.deploy([entry('Deployment', 'web')]);
  const remove = (orphan: boolean) =>
    given.platform.ask(deleteApplicationRequest, { org: ORG, name: 'web', orphan }, given.by('ada'));
  await remove(false);
  await given.worker.granted(await given.worker.next());
  for (let times = 0; times < 2; times++) await remove(true);
  expect((await deletions()).map(({ data }) => (data as { orphan: boolean }).orphan)).toEqual([false, true]);
});
